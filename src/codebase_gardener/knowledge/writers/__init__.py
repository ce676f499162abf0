"""Prose by a model: asked for, checked, kept."""
