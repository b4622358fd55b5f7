"""Texts into vectors: in this process, in several, or by a server."""
