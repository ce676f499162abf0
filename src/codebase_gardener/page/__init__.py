"""The page in the browser: projects, adapters and what is done with them, at the address of `gardener serve`."""
