"""Documents in every markup (Markdown, reStructuredText, notebooks, docstrings, text) as the same blocks."""
