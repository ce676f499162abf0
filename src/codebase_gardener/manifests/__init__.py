"""Packaging files, read: each kind in one file, all into one `Manifest`."""
