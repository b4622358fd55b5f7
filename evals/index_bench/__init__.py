"""Measures the index: adding, finding and growing. ``python -m evals.index_bench`` runs it."""
