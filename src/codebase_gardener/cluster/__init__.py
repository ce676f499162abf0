"""Beyond one machine: what runs on Ray. An extra (`pip install 'codebase-gardener[cluster]'`)."""
