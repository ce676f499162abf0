"""Documents in, ranked anchors out."""
