"""Cleaning by hand: the clips that runs most disagree with, on a local page, and what people decide about them."""
