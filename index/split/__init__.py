"""Articles into sentences and chunks, with exact offsets."""
