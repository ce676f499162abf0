"""From examples and a base model to an adapter: spec, plan, jobs, the torch engine."""
