"""From runs and submissions to what they say together: which score to trust, what to choose, what to try next."""
