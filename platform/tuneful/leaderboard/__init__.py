"""The leaderboard: judging and recording submissions."""
