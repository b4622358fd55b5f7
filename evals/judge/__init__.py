"""Judges of claims, and how far people agree with them."""
