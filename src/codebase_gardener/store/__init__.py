"""Artifacts that several machines share: published folders by key, their files by content hash."""
