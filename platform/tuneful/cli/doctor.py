"""`platform doctor`: what works here and what doesn't."""

import json
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, say

if TYPE_CHECKING:
    from tuneful.doctor.finding import Finding, Status

WIDEST = 120
STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(
    ray: Annotated[bool, typer.Option("--ray", help="Really start a Ray cluster and stop it, too.")] = False,
    results: Results = DEFAULT_RESULTS,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
) -> None:
    """Say what works on this machine, what doesn't, and how to mend it. Exit code 1 where something needed doesn't."""
    from trainers.home import home
    from tuneful.doctor.finding import Place
    from tuneful.doctor.registry import examine

    found = examine(Place(home(), results.absolute(), Path(tempfile.gettempdir())), ray)
    counts = Counter(one.status for findings in found.values() for one in findings)
    if as_json:
        rows = [{"probe": name, **asdict(one)} for name, findings in found.items() for one in findings]
        print(json.dumps({"ok": not counts["problem"], "counts": dict(counts), "findings": rows}, indent=1))
    else:
        for style, line in _lines(found):
            say(line, style)
        _say_counts(counts)
    raise typer.Exit(1 if counts["problem"] else 0)


def _lines(found: "dict[str, list[Finding]]") -> Iterator[tuple[str, str]]:
    """(style, line) of each finding and its fix, wrapped to the terminal."""
    width = max(len(one.what) for findings in found.values() for one in findings)
    for name, findings in found.items():
        if findings:
            yield "bold", name
        for one in findings:
            head = f"  {one.status:<7}  {_one_line(one.what):<{width}}  "
            yield from ((STYLES[one.status] if one.status != "ok" else "", line) for line in _wrapped(head, one))


def _wrapped(head: str, one: "Finding") -> Iterator[str]:
    limit, indent = min(console.width, WIDEST), " " * len(head)
    for start, text in ((head, one.evidence), (indent, f"Try: {one.fix}" if one.fix else "")):
        if text:
            yield from textwrap.wrap(
                _one_line(text), limit, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False
            )


def _say_counts(counts: "Counter[Status]") -> None:
    problems, warnings = counts["problem"], counts["warning"]
    text = f"{counts['ok']} ok, {warnings} warnings, {problems} problems."
    say(text, "red" if problems else "")


def _one_line(text: str) -> str:
    """Names of folders and errors, on one line."""
    return plain(" ".join(text.split()))
