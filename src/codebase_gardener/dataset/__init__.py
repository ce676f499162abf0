"""Examples with their provenance: made from a snapshot, or brought by the user."""
