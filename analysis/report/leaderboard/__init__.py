"""The page of a leaderboard: which validation score to trust, and everything that bears on it, figures first."""

from analysis.report.leaderboard.examine import examine
from analysis.report.leaderboard.page import leaderboard_page
from analysis.report.leaderboard.subject import Subject

__all__ = ["Subject", "examine", "leaderboard_page"]
