"""Asks a person which runs the rows of an export are of."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import UserError
from tuneful.cli.chosen import chosen
from tuneful.cli.plain import plain
from tuneful.cli.shared import console

if TYPE_CHECKING:
    from tuneful.leaderboard.importing import Plan
    from tuneful.leaderboard.kaggle import Row
    from tuneful.leaderboard.matching import Candidate

NO_RUN, SKIP, STOP = "n", "s", "q"
QUESTION = f"Number, or SWEEP:TRIAL[@EPOCH] ...; {NO_RUN}: of no run; {SKIP}: skip; {STOP}: skip all that are left > "


@dataclass(frozen=True)
class Talk:
    """How a person is asked and told; Ctrl-C and the end of the input leave the command, with nothing written."""

    answer: Callable[[str], str]
    say: Callable[[str], None]
    planned: Callable[[Sequence["Row"]], "Plan"]
    """what would become of rows"""
    repeated: bool = False
    """several rows may be of the same runs"""


def somebody_is_there() -> bool:
    """Whether input and output are a terminal."""
    return sys.stdin.isatty() and console.is_terminal


def typed_answer(question: str) -> str:
    """What is typed at the terminal.

    Raises:
        KeyboardInterrupt: Ctrl-C, or Ctrl-D.
    """
    try:
        return console.input(question, markup=False).strip()
    except EOFError:
        raise KeyboardInterrupt from None


def ask_for_runs(results: Path, rows: Sequence["Row"], talk: Talk) -> list["Row"]:
    """The rows, those of no run on record with the runs that a person names, or left out; writes nothing."""
    from tuneful.leaderboard.matching import candidates, nearest

    known, taken = candidates(results), {row.line: row for row in rows}
    unknown = talk.planned(rows).unknown
    for number, row in enumerate(unknown, 1):
        near = nearest(row, known)
        _show(row, near, f"{number} of {len(unknown)}", talk)
        reply = _reply(results, near, talk, list(taken.values()), row)
        if reply == STOP:
            for left in unknown[number - 1 :]:
                del taken[left.line]
            break
        if reply == SKIP:
            del taken[row.line]
        elif not isinstance(reply, str):
            taken[row.line] = reply
    return list(taken.values())


def _show(row: "Row", near: Sequence["Candidate"], count: str, talk: Talk) -> None:
    one = row.submission
    scores = ", ".join(f"{name} {value:g}" for name, value in _scores(row).items())
    talk.say("")
    talk.say(f"Row {count} that names no run on record: {plain(one.name)}, {plain(one.submitted_at or '')}, {scores}")
    if one.description:
        talk.say(f"  {plain(one.description)}")
    for number, candidate in enumerate(near, 1):
        talk.say(f"  {number}  {candidate.name}, done {candidate.ended}: {plain(candidate.settings)}")


def _scores(row: "Row") -> dict[str, float]:
    scores = {"public": row.submission.public, "private": row.submission.private}
    return {name: value for name, value in scores.items() if value is not None}


def _reply(results: Path, near: Sequence["Candidate"], talk: Talk, rows: Sequence["Row"], row: "Row") -> "str | Row":
    """The row with its runs, or one of the letters; asks until it is one of them."""
    while True:
        typed = talk.answer(QUESTION)
        if typed in (NO_RUN, SKIP, STOP):
            return typed
        texts = [near[int(typed) - 1].name] if typed in map(str, range(1, len(near) + 1)) else typed.split()
        try:
            members = tuple(one.member for one in chosen(results, texts))
        except UserError as error:
            talk.say(f"  {error}")
            continue
        named = replace(row, submission=replace(row.submission, members=members), unknown=())
        other = _same(rows, named, talk)
        if members and other is None:
            return named
        if members:
            talk.say(
                f"  These are the runs of {other} too. Try: other runs, {SKIP}, or --allow-repeated from the start"
            )


def _same(rows: Sequence["Row"], named: "Row", talk: Talk) -> str | None:
    """Another row or submission of the same runs."""
    if talk.repeated:
        return None
    found = talk.planned([named if one.line == named.line else one for one in rows]).repeated
    return found[0][1] if found else None
