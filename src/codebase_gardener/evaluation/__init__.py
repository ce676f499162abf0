"""Arms, metrics and the verdict."""
