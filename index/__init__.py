"""Articles in, the chunks that bear on a question out."""
