"""Dates in articles and questions: calendar days, and which day "on Thursday" means in a sentence."""
