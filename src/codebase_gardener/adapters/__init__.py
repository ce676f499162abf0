"""Adapters in use: files, slots on a live base, cache, handle, proof, receipt."""
