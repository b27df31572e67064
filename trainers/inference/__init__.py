"""Trained networks on new recordings. Needs neither catalogues nor pandas: an exported bundle carries it."""
