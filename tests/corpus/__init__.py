"""Files that others wrote, and files that nobody should."""
