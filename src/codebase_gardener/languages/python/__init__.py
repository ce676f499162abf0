"""Python, read by its own `ast`: symbols, imports, bindings, uses."""
