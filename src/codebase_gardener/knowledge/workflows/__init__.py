"""Golden paths, mined from what the authors show, and their Workflow pages."""
