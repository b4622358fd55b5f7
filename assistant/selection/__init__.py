"""Which of the evidence answers, how sure that is, and where it disagrees."""
