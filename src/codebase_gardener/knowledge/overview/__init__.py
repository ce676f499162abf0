"""The way in: what the repository is, who uses it how, its parts, what to read first, how to change it."""

__all__: list[str] = []
