"""Dates in articles and questions: calendar days, and what "on Thursday" means where it stands."""
