"""What is needed to run the code, and the Environment pages."""
