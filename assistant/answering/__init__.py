"""Answers a question: the chain, the ways to write claims, and the verification of claims."""
