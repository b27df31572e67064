"""The tables of the page for a notebook."""

import pandas as pd

from analysis.report.tables import Table


def as_frame(table: Table | None) -> pd.DataFrame:
    """A table of the page, its cells as text; empty where there is none."""
    return pd.DataFrame(table.rows, columns=table.header) if table else pd.DataFrame()
