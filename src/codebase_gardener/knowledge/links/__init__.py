"""What names mean across files, and who shows them to the user."""
