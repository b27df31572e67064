"""Which training clips an epoch shows, and how often."""
