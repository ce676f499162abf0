"""The fast path of training: what replaces the model's own forward and backward, and the check of it."""
