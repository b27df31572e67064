"""A table from anywhere as a subject of the page."""

import dataclasses

import pandas as pd

from analysis.correlation import Columns, Options
from analysis.correlation.contrasts import setting_columns
from analysis.report.leaderboard.subject import Subject


def subject_of_table(title: str, table: pd.DataFrame, columns: Columns, options: Options, command: str) -> Subject:
    """Rows with a leaderboard score are the submissions, the others could be submitted next.

    Args:
        title: what the table is called.
        table: as `read_submissions_file` returns it.
        columns: which column plays which role.
        options: directions, noise, seed.
        command: that makes the page again.
    """
    settings = tuple(setting_columns(table, [name for name in columns.all if name not in columns.by]))
    scored = table[list(columns.boards.values())].notna().any(axis=1)
    candidates = table[~scored & table[list(columns.cv)].notna().any(axis=1)]
    notes = (f"{len(candidates)} rows have no leaderboard score: they could be submitted next.",)
    return Subject(
        title=title,
        table=table[scored],
        columns=columns,
        options=dataclasses.replace(options, settings=settings),
        settings=tuple(name for name in settings if table.loc[scored, name].nunique() > 1),
        candidates=candidates,
        notes=notes if len(candidates) else (),
        command=command,
    )
