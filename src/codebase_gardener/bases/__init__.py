"""Base models: found, pinned by hash, converted, quantized, loaded."""
