"""A repository at a commit: its files, its symbols, and the anchors that point into it."""
