"""The façade that wires the packages: Gardener and Project."""
