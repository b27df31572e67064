"""The parts of a table that are asked the same question: all of it, its protocols, the groups of its settings."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analysis.correlation.columns import Columns
from analysis.correlation.groups import stated


@dataclass(frozen=True)
class Part:
    """Some of the submissions: `tests` is how many such parts are asked the same question."""

    table: pd.DataFrame
    kind: str = "all"
    column: str = ""
    value: str = ""
    protocols: int = 1
    unknown: int = 0
    """rows whose protocol is not stated"""
    tests: int = 1


def parts_of(table: pd.DataFrame, columns: Columns, fewest: int) -> Iterator[Part]:
    """All submissions; where they have several protocols each of them; and the groups of whatever can be compared."""
    protocols = _split(table, columns.protocol) if columns.protocol else {}
    unknown = int((~stated(table[columns.protocol].astype(str))).sum()) if columns.protocol else 0
    several = len(protocols) > 1 or unknown > 0
    yield Part(table, protocols=len(protocols), unknown=unknown) if several else Part(table)
    whole = [Part(table)]
    if several:
        tests = max(1, sum(len(part) >= fewest for part in protocols.values()))
        whole = [
            Part(part, "protocol", columns.protocol or "", value, tests=tests) for value, part in protocols.items()
        ]
        yield from whole
    for column in columns.by:
        groups = [(part, value, group) for part in whole for value, group in _split(part.table, column).items()]
        tests = max(1, sum(len(group) >= fewest for _, _, group in groups))
        for part, value, group in groups:
            if len(group) < len(part.table):
                label = f"{value} ({part.column} = {part.value})" if part.kind == "protocol" else value
                yield Part(group, "group", column, label, tests=tests)


def _split(table: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of every stated value of a column."""
    text = table[column].astype(str).str.strip()
    known = text[stated(text).to_numpy()]
    return {str(value): table[(text == value).to_numpy()] for value in known.unique()}
