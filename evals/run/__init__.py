"""Asks the questions of a suite, and records the answers."""
