"""The commands that train the runs of submissions again."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analysis.leaderboard.collect import submission_name
from analysis.records.submissions import Member, Submission
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, sweep_folder
from trainers.config.build import TAGS, Layer, build_spec, leaves, load_recipe, parse_overrides
from trainers.config.paths import get_path
from trainers.config.yamlfile import parse_value
from trainers.errors import SpecError

MOST_MEMBERS = 8
"""Runs of a submission, above which the command shows the sweep instead."""


def submission_commands(results: Path, submissions: Iterable[Submission]) -> dict[str, str]:
    """By name, `platform train ...` for each run of a submission; else the command that shows its sweep.

    Raises:
        RecordsError: a record is damaged.
    """
    sweeps: dict[str, dict[str, str | None]] = {}
    found = {}
    for one in submissions:
        for member in one.members:
            if member.sweep not in sweeps:
                sweeps[member.sweep] = _commands(sweep_folder(results, member.sweep))
        if one.members:
            found[submission_name(one)] = _joined(one.members, sweeps)
    return found


def train_command(recipe: str, spec: dict[str, Any]) -> str | None:
    """The command that trains a resolved spec: a recipe and what differs from it; None where they don't make it."""
    try:
        base = load_recipe(recipe)
        usual = build_spec(base).resolved()
        tags = {path: get_path(spec, path) for path in TAGS if get_path(spec, path) != get_path(usual, path)}
        varied = build_spec(base, [Layer(tags)]).resolved()
        changed = {path: value for path, value in leaves(spec) if get_path(varied, path) != value}
        overrides = [_override(path, value) for path, value in sorted({**tags, **changed}.items())]
        made = build_spec(base, [parse_overrides(overrides)]).resolved()
    except SpecError:
        return None
    return shlex.join(["platform", "train", recipe, *overrides]) if made == spec else None


def _commands(folder: SweepFolder) -> dict[str, str | None]:
    """Of every run of a sweep by its key."""
    recipe = str((folder.definition() or {}).get("recipe", ""))
    trials = [plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage)]
    return {run.key: train_command(recipe, run.spec) for trial in trials for run in trial.runs}


def _joined(members: tuple[Member, ...], sweeps: dict[str, dict[str, str | None]]) -> str:
    told = [command for one in members if (command := sweeps[one.sweep].get(one.run))]
    if len(told) < len(members) or len(told) > MOST_MEMBERS:
        return shlex.join(["platform", "results", members[0].sweep])
    return " && ".join(told)


def _override(path: str, value: Any) -> str:
    """`loss.name=ce`; as JSON where the plain text would be read as another value."""
    return f"{path}={value if _reads_as_itself(value) else json.dumps(value)}"


def _reads_as_itself(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        found = parse_value(str(value))
    except SpecError:
        return False
    return type(found) is type(value) and bool(found == value)
