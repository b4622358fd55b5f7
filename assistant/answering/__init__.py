"""From a question to its answer: the chain, the claims that it tells, and their verification."""
