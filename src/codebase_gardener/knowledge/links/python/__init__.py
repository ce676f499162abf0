"""What names in Python code mean, across files: its namespaces, scopes and classes."""
