"""Adds to, repairs, rebuilds and opens an index, and keeps it consistent if interrupted."""
