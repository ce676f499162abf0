"""Settings: defaults, a TOML file, the environment, flags."""
