"""The import paths that users know, and clients of other servers."""
