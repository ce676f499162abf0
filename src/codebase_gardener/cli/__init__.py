"""The command line: parse, one Gardener call, print."""
