"""What each file says, read from it alone; and of the repository, put together."""
