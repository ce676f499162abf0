"""Which APIs get a page, and their Implementation and Principle pages."""
