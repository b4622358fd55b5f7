"""Converters from the formats of published question sets; ``evals.convert`` runs them."""
