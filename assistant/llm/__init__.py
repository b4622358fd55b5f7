"""Chat models: asking one, and reading whatever comes back."""
