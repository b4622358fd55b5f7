"""Prepares text for models and people: lookalikes, escaping, tokens."""
