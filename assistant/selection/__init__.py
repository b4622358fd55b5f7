"""Selects the sentences that answer, decides whether to refuse, and finds disagreements."""
