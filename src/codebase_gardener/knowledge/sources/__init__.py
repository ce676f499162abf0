"""What one file says, read from it alone."""
