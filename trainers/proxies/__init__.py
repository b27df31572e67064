"""Scores that a run computes of an unlabelled target, because they might predict a leaderboard."""
