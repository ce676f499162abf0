"""Pages as data and on disk: written, read, indexed, reported, audited."""
