"""The catalog, the vectors and the words of an index, as they are kept."""
