"""Adapters in use: the cache, PeftManager, proof."""
