"""Text on its way to models and people: lookalikes, escaping, tokens, line breaks."""
