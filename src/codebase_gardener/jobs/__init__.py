"""Trainings that were asked for: what to train, where it runs, what happens, how it ends."""
