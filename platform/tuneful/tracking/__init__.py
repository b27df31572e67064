"""Weights & Biases: a mirror of what the ledger already holds, never in the way of the sweep."""
