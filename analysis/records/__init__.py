"""The schemas of what sweeps, runs and leaderboards leave behind, and the files that hold them."""
