"""Modules: the packages and folders that a person would name, what they offer, and what they use of each other."""

__all__: list[str] = []
