"""`gardener doctor`: this machine, the home and the registry looked at, and what a kind of work needs."""
