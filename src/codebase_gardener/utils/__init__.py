"""Errors, files, names: what every other package stands on."""
