"""Understands a question: rewrites follow-ups so that they stand alone, and resolves dates and times."""
