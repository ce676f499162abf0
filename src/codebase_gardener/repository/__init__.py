"""A repository at a commit: its files, what is left out of them and why, and the parts that they belong to."""
