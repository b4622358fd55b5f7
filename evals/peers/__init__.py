"""Other systems over the same questions, articles and models, recorded as ours is."""
