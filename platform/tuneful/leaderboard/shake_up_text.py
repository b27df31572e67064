"""The outlook for private scores, as lines and as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.leaderboard.plain_json import plain_json
from analysis.leaderboard.shake_up import FEWEST, LEVEL, ShakeUp
from tuneful.leaderboard.shaking import Asked, Scored
from tuneful.leaderboard.text import table, titled, wrapped

SHOWN = 20
"""Submissions in the table; the JSON has all."""


def shake_up_lines(found: ShakeUp, scored: Scored, asked: Asked, width: int) -> Iterator[str]:
    """A table, best public score first, then how to read it."""
    split, to = asked.split, f" to {scored.competition}" if scored.competition else ""
    yield from wrapped(
        f"Private scores expected of {len(found.outlooks)} submissions{to}: {split.public_size:g} public rows, "
        f"{split.private_size:g} private ones; one public score moves by chance with sd {split.public_sd:.4f} "
        f"({asked.noise}), a private one with {split.private_sd:.4f}.",
        width,
    )
    header = ("submission", "public", "expected", "95 % interval", "beats next", "best", "private")
    rows = [_row(found, place, scored.known) for place in range(min(SHOWN, len(found.outlooks)))]
    shown = len(header) if scored.known else len(header) - 1
    yield from table(header[:shown], [row[:shown] for row in rows])
    if len(found.outlooks) > SHOWN:
        yield f"  ... and {len(found.outlooks) - SHOWN} more: --json"
    yield from titled("How to read it", list(_sentences(found, scored, asked)), width)


def shake_up_json(found: ShakeUp, scored: Scored, asked: Asked) -> dict[str, Any]:
    """Every number; `private` is known of those that have been scored."""
    rows = [
        {
            "name": one.name,
            "public": one.public,
            "expected": one.private,
            "low": one.low,
            "high": one.high,
            "best": one.best,
            "private": scored.known.get(one.name),
        }
        for one in found.outlooks
    ]
    plain: dict[str, Any] = plain_json(
        {
            "schema": 1,
            "competition": scored.competition,
            "split": asked.split,
            "private_sd": asked.split.private_sd,
            "noise": asked.noise,
            "level": LEVEL,
            "shrinkage": found.shrinkage,
            "submissions": rows,
            "holds": found.holds,
            "without_public_score": scored.left_out,
        }
    )
    return plain


def _row(found: ShakeUp, place: int, known: Mapping[str, float]) -> tuple[str, ...]:
    one, last = found.outlooks[place], place + 1 == len(found.outlooks)
    return (
        one.name,
        f"{one.public:.4f}",
        f"{one.private:.4f}",
        f"{one.low:.4f} to {one.high:.4f}",
        "" if last else f"{found.holds[place][place + 1]:.0%}",
        f"{one.best:.0%}",
        f"{known[one.name]:.4f}" if one.name in known else "",
    )


def _sentences(found: ShakeUp, scored: Scored, asked: Asked) -> Iterator[str]:
    yield (
        "beats next: how likely the submission stays ahead of the one below in private. best: how likely it is the "
        "best of all."
    )
    yield _lead(found)
    yield "Public and private rows are taken as drawn from the same place: a private test from elsewhere shakes more."
    if asked.guessed:
        yield (
            "Rows that hang together (windows of one recording) and macro averages with rare classes shake more than "
            "a share does: give --public-noise where it is known."
        )
    if scored.left_out:
        yield f"{scored.left_out} without a public score were left out."
    inside = [one.low <= scored.known[one.name] <= one.high for one in found.outlooks if one.name in scored.known]
    if inside:
        yield f"Of {len(inside)} private scores that are known already, {sum(inside)} lie in their interval."


def _lead(found: ShakeUp) -> str:
    n = len(found.outlooks)
    if n < FEWEST:
        return (
            f"With fewer than {FEWEST} submissions nothing says how much of a lead is luck: scores are taken as they "
            "are."
        )
    return (
        f"{found.shrinkage:.0%} of a public lead is expected to last: the spread of {n} scores against their noise "
        "(Morris 1983)."
    )
