"""Answers and conversations as text for people."""
