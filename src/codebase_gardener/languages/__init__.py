"""Source code of each language: symbols, imports, exports, names and calls, from its syntax tree."""
