"""From a question to chunks, and what the encoder reads in them."""
