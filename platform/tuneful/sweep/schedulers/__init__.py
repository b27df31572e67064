"""Which trials end early, and when the search does."""
