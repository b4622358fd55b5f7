"""Shards and embedding on the machines of a Ray cluster."""
