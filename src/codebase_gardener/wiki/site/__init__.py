"""The wiki as a static site: what its pages hold and how they look."""

__all__: list[str] = []
