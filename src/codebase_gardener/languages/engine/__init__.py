"""Languages read by tree-sitter: what all of them have in common."""
