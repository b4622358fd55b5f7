"""Converters from the formats of published question sets; ``evals.converters.convert`` runs them."""
