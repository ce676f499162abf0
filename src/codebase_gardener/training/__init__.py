"""From examples and a base model to an adapter: spec, plan, memory, the torch engine."""
