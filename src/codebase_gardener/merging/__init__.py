"""Merging adapters, into one or into their base: methods as a table, on the weight change and on factors."""
