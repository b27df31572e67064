"""The loop over epochs: sessions, checkpoints, evaluation."""
