"""Several machines, or several nodes on this one, as one: Ray places what the registry's queue holds."""
