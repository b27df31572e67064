"""The folder of a sweep: what was asked, what every trial was and how it ended, the ledgers of its runs.

results/sweeps/<name>/sweep.yaml                     the sweep as resolved
results/sweeps/<name>/trials/search-0007.json        a trial that was asked for: parameters, runs
results/sweeps/<name>/trials/search-0007.end.json    how it ended: state, score after every epoch
results/sweeps/<name>/checks.json                    what the preflight checks found, and what was allowed
results/sweeps/<name>/runs/<key>/                    the ledger of one run (analysis.records.ledger)
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from analysis.errors import RecordsError
from analysis.records.files import read_record, write_atomically, write_record
from analysis.records.ledger import RunLedger

SCHEMA_VERSION = 1
SEARCH, CONFIRM = "search", "confirm"


@dataclass(frozen=True)
class RunPlan:
    """One run of a trial."""

    key: str
    spec: dict[str, Any]
    """of RunSpec.resolved()"""
    fold: int
    seed: int
    repeat: int
    split: str


@dataclass(frozen=True)
class TrialPlan:
    """A trial as asked for: it can be run, or run on, from this alone."""

    stage: str
    number: int
    params: dict[str, Any]
    """Optuna's parameters, by Optuna's names"""
    settings: dict[str, Any]
    """the same as RunSpec fields, by dotted path"""
    runs: tuple[RunPlan, ...]
    candidate: int | None = None
    """confirm: the trial of the search that is confirmed"""
    exploits: tuple[dict[str, Any], ...] = ()
    """what it took over from other trials of its population; params, settings and specs are those since the last one"""

    @property
    def name(self) -> str:
        """`search-0007`"""
        return f"{self.stage}-{self.number:04d}"


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended."""

    state: str
    """complete, pruned (stopped early), diverged or failed"""
    scores: tuple[tuple[int, float], ...]
    """(epoch, score) of every epoch reported, in order; a diverged one ends with NaN"""
    error: str | None = None
    values: tuple[float, ...] = ()
    """of all objectives after its last epoch, the first of them the score; empty where there is one objective"""
    by_settings: bool = False
    """failed for what its own settings are: no sign that others would fail too"""

    @property
    def score(self) -> float:
        """The last score; NaN when there is none."""
        return self.scores[-1][1] if self.scores else math.nan

    @property
    def has_score(self) -> bool:
        """Whether the trial is complete with a score that compares: a metric of no positives is NaN."""
        return self.state == "complete" and math.isfinite(self.score)

    def values_of(self, objectives: int) -> tuple[float, ...]:
        """The values of so many objectives; NaN for those that are not on record."""
        further = self.values[1:objectives]
        return (self.score, *further, *[math.nan] * (objectives - 1 - len(further)))


@dataclass(frozen=True)
class CheckFinding:
    """What a preflight check found before compute was spent."""

    code: str
    severity: str
    title: str
    evidence: str
    fix: str
    allowed: bool
    """an error that was consented to"""
    run: str | None = None
    """the key of the run it is about; None: the sweep"""


@dataclass(frozen=True)
class SweepFolder:
    """Reads and writes the folder of one sweep."""

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.name

    def definition(self) -> dict[str, Any] | None:
        """The sweep as resolved, or None where there is none yet.

        Raises:
            RecordsError: `sweep.yaml` can't be read.
        """
        path = self.path / "sweep.yaml"
        try:
            return dict(YAML(typ="safe", pure=True).load(path.read_text())) if path.exists() else None
        except (YAMLError, TypeError, ValueError) as error:
            raise RecordsError(f"{path}: damaged. Try: remove it, and start the sweep again from its file") from error

    def write_definition(self, definition: dict[str, Any]) -> None:
        """Write `sweep.yaml`."""
        text = StringIO()
        yaml = YAML(typ="safe", pure=True)
        yaml.default_flow_style = None
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel's class says None
        yaml.width = 110
        yaml.dump(definition, text)
        write_atomically(self.path / "sweep.yaml", text.getvalue().encode())

    @property
    def command(self) -> str | None:
        """What was typed to run the sweep, or None."""
        path = self.path / "command"
        return path.read_text().strip() if path.exists() else None

    def write_command(self, command: str) -> None:
        """Keep what was typed to run the sweep."""
        write_atomically(self.path / "command", f"{command}\n".encode())

    def checks(self) -> list[CheckFinding]:
        """What the preflight checks found; nothing for results from before findings were kept.

        Raises:
            RecordsError: `checks.json` can't be read: a consent must not get lost unseen.
        """
        path = self.path / "checks.json"
        if not path.exists():
            return []
        body = read_record(path)
        if body is None:
            raise RecordsError(f"{path}: damaged. Try: remove it, and start the sweep again: it is written anew")
        return [CheckFinding(**row) for row in body["findings"]]

    def write_checks(self, findings: Iterable[CheckFinding]) -> None:
        """Keep what the preflight checks found, in place of what they found before."""
        rows = [asdict(finding) for finding in findings]
        write_record(self.path / "checks.json", {"schema": SCHEMA_VERSION, "findings": rows})

    def ask(self, plan: TrialPlan) -> None:
        """Put a trial on record before it starts."""
        self.reopen(plan)  # the end may be that of a removed one of its number
        write_record(self.path / "trials" / f"{plan.name}.json", {"schema": SCHEMA_VERSION, **asdict(plan)})

    def reopen(self, plan: TrialPlan) -> None:
        """Take a trial's end off the record: it is still to be run on."""
        (self.path / "trials" / f"{plan.name}.end.json").unlink(missing_ok=True)

    def end(self, plan: TrialPlan, end: TrialEnd) -> None:
        """Put a trial's end on record."""
        write_record(self.path / "trials" / f"{plan.name}.end.json", {"schema": SCHEMA_VERSION, **asdict(end)})

    def trials(self, stage: str) -> list[tuple[TrialPlan, TrialEnd | None]]:
        """The trials of a stage in the order they were asked for; without an end they are still to be run on.

        Raises:
            RecordsError: a record that can't be read; what follows it would be wrong.
        """
        found = []
        for _, path in sorted(self._records(stage)):
            body = read_record(path)
            if body is None:
                raise RecordsError(f"{path}: damaged. Try: remove it; its trial is then asked for again")
            found.append((_plan(body), self._end(path.with_suffix(".end.json"))))
        return found

    def traceback(self, trial: str) -> Path:
        """The file that says where the trial of that name failed, if it failed unexpectedly: what, then a traceback."""
        return self.path / "trials" / f"{trial}.traceback.txt"

    def write_traceback(self, trial: str, text: str) -> None:
        """Keep where a trial failed, beside its record."""
        write_atomically(self.traceback(trial), text.encode())

    def next_number(self, stage: str) -> int:
        """The first number that no trial of the stage has or had: after the highest on record."""
        return max((number for number, _ in self._records(stage)), default=-1) + 1

    def ledger(self, key: str) -> RunLedger:
        """The ledger of one run."""
        return RunLedger(self.path / "runs" / key)

    def run_keys(self) -> list[str]:
        """The runs there are."""
        return sorted(path.parent.name for path in (self.path / "runs").glob("*/run.json"))

    def _records(self, stage: str) -> Iterator[tuple[int, Path]]:
        for path in (self.path / "trials").glob(f"{stage}-*.json"):
            if found := re.fullmatch(rf"{stage}-(\d{{4,}})\.json", path.name):
                yield int(found[1]), path

    def _end(self, path: Path) -> TrialEnd | None:
        body = read_record(path)
        if body is None:
            return None
        scores = tuple((epoch, score) for epoch, score in body["scores"])
        values, by_settings = tuple(body.get("values", ())), body.get("by_settings", False)
        return TrialEnd(body["state"], scores, body["error"], values, by_settings)


def _plan(body: dict[str, Any]) -> TrialPlan:
    runs = tuple(RunPlan(**run) for run in body["runs"])
    names = ("stage", "number", "params", "settings", "candidate")
    return TrialPlan(runs=runs, exploits=tuple(body.get("exploits", ())), **{name: body[name] for name in names})


def sweep_folder(results: Path, name: str) -> SweepFolder:
    """The folder of the sweep called `name` below a results folder."""
    return SweepFolder(results / "sweeps" / name)


def sweep_names(results: Path) -> list[str]:
    """The sweeps below a results folder, those of `platform train` too."""
    return sorted(path.name for path in (results / "sweeps").glob("*") if (path / "sweep.yaml").exists())
