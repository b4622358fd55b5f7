"""What a question means: without the conversation before it, and in time."""
