"""What a probe found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "warning", "problem"]
GIB = 2**30


@dataclass(frozen=True)
class Place:
    """Where tuneful would work."""

    home: Path
    """$TUNEFUL_HOME"""
    results: Path
    temporary: Path


@dataclass(frozen=True)
class Finding:
    """One line of a probe. A problem is something needed that doesn't work."""

    what: str
    status: Status
    evidence: str
    fix: str = ""


def ok(what: str, evidence: str) -> Finding:
    """It works."""
    return Finding(what, "ok", evidence)


def warning(what: str, evidence: str, fix: str) -> Finding:
    """It works, but not for everything, or not for long."""
    return Finding(what, "warning", evidence, fix)


def problem(what: str, evidence: str, fix: str) -> Finding:
    """Something needed doesn't work."""
    return Finding(what, "problem", evidence, fix)
