"""What changes an index, or opens it, and leaves it whole whatever happens."""
