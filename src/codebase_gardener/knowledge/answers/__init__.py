"""Questions that the graph of a repository answers by itself, and what a model's answer says beyond it."""
