"""Scores that need no labels of the target: what a run's predictions and embeddings there say of it."""
