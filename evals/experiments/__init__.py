"""Experiments behind choices in the code, and tools to look into it."""
