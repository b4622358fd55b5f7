"""The embedded models: where they come from, and the process that keeps the language model loaded."""
