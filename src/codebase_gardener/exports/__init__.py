"""Adapters that leave: what other programs load, each with a receipt that the adapter is in effect there."""
