"""Rules of choosing among runs: what each would pick, and what that costs on the leaderboard."""
