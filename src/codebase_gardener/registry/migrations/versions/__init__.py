"""One file a migration, in the order of their numbers; a migration that was released never changes."""
