"""A look at the data: figures and tables of a catalogue, for a page and for notebooks.

Every figure is a function of a `DataView`: ``class_figure(view).show()``.
"""

from analysis.eda.page import catalogue_page
from analysis.eda.view import DataView, Example

__all__ = ["DataView", "Example", "catalogue_page"]
