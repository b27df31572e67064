"""Mixing of samples and of their targets."""
