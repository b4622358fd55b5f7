"""Picks and scores the sentences that may answer, labels them, and drops those that address machines."""
