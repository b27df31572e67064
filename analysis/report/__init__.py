"""Reports: one self-contained HTML page per question, figures first; the same figures for notebooks."""

from analysis.report.page import sweep_page

__all__ = ["sweep_page"]
