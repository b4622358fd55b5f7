"""A suite asked, and recorded so that it can be repeated."""
