"""Practical advice that the authors left, and the Heuristic pages."""
