"""Population based training (Jaderberg et al. 2017): who takes over from whom, and what becomes of it.

Every `interval` epochs all trials are compared, once each of them is there. The worst `quantile` take over from the
best: weights, optimizer and settings, of which those in `mutate` are then changed. What happens is a function of the
scores and the seed alone, however many trials run at a time and whatever was stopped in between.

What is decided is put on record first. Carrying it out can be repeated until it is done, and nobody trains before that.
"""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.errors import RecordsError
from analysis.objective import Objective
from analysis.records.sweep import RunPlan, SweepFolder, TrialPlan
from trainers.errors import SpecError
from trainers.training.handover import hand_over
from tuneful.space.parameters import Space
from tuneful.space.schedulers import PbtSpec
from tuneful.sweep.populations.generations import Exploit, Generation, Scores, recorded_generations, write_generation
from tuneful.sweep.populations.mutation import mutate

MakePlan = Callable[[int, dict[str, Any]], TrialPlan]
"""(trial number, Optuna's parameters) -> the trial"""


@dataclass(frozen=True)
class Rules:
    """What decides who takes over from whom, and what they change."""

    space: Space
    spec: PbtSpec
    objective: Objective
    seed: int


class Population:
    """Compares the trials of a sweep, and lets some take over from others."""

    def __init__(self, folder: SweepFolder, rules: Rules, make_plan: MakePlan) -> None:
        self._folder, self._rules, self._make_plan = folder, rules, make_plan

    @property
    def interval(self) -> int:
        """Epochs between two comparisons."""
        return self._rules.spec.interval

    def new_trial(self, number: int, params: dict[str, Any]) -> TrialPlan:
        """A trial whose runs have keys of their own kind: no other trial has the same, whatever its settings are."""
        plan = self._make_plan(number, params)
        runs = tuple(dataclasses.replace(run, key=_own_key(run, self._folder.name, plan.name)) for run in plan.runs)
        return dataclasses.replace(plan, runs=runs)

    def generations(self) -> list[Generation]:
        """What was decided so far, in order."""
        return recorded_generations(self._folder)

    def decide(self, epoch: int, scores: Scores, plans: Mapping[int, TrialPlan]) -> Generation:
        """Compare trials that have all reached `epoch`, and put on record who takes over from whom.

        Args:
            epoch: that all of them have reached.
            scores: of all of them.
            plans: of all of them.
        """
        now = {number: scores[number][epoch] for number in scores if self._can_give(plans[number], epoch)}
        exploits, rules = [], self._rules
        for taker, givers in takers(now, rules.objective.sign, rules.spec.quantile).items():
            rng = np.random.default_rng([rules.seed, epoch, taker])
            donor = givers[int(rng.integers(len(givers)))]
            params, how = self._explore(plans[donor], taker, rng)
            exploits.append(Exploit(epoch, taker, donor, now[taker], now[donor], params, how))
        generation = Generation(epoch, scores, tuple(exploits))
        write_generation(self._folder, generation)
        return generation

    def carry_out(self, generation: Generation, plans: Mapping[int, TrialPlan]) -> dict[int, TrialPlan]:
        """Let the trials take over what was decided, unless they have; returns all of them as they are then.

        Raises:
            RecordsError: a checkpoint to be taken over is gone.
        """
        changed = {e.trial: self._taken_over(e, plans) for e in generation.exploits if e.trial in plans}
        return {**plans, **changed}

    def _explore(self, donor: TrialPlan, taker: int, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, str]]:
        """The donor's parameters, changed; as they are where the changed ones don't go together."""
        spec = self._rules.spec
        params, how = mutate(self._rules.space, spec.mutate, donor.params, spec.resample, rng)
        try:
            self._make_plan(taker, params)
        except SpecError as error:
            return donor.params, dict.fromkeys(how, f"kept: {error}")
        return params, how

    def _taken_over(self, exploit: Exploit, plans: Mapping[int, TrialPlan]) -> TrialPlan:
        old = plans[exploit.trial]
        if any(entry["epoch"] == exploit.epoch for entry in old.exploits):
            return old
        donor = plans[exploit.donor]  # it has not trained since, so it is still there
        new = self._make_plan(exploit.trial, exploit.params)
        runs = tuple(dataclasses.replace(run, key=own.key) for run, own in zip(new.runs, old.runs, strict=True))
        entry = {
            **{name: value for name, value in asdict(exploit).items() if name not in ("trial", "params")},
            "old": old.settings,
            "copied": donor.settings,
            "new": new.settings,
        }
        for run, giver in zip(runs, donor.runs, strict=True):
            self._take_over(run, giver, entry)
        plan = dataclasses.replace(new, runs=runs, exploits=(*old.exploits, entry))
        self._folder.ask(plan)
        return plan

    def _take_over(self, run: RunPlan, giver: RunPlan, entry: dict[str, Any]) -> None:
        ledger, theirs = self._folder.ledger(run.key), self._folder.ledger(giver.key)
        number = entry["epoch"]
        if any(exploit["epoch"] == number for exploit in ledger.exploits()):
            return
        checkpoint = theirs.checkpoint(number)
        if checkpoint is None:
            raise RecordsError(
                f"{theirs.folder}: its checkpoint of epoch {number} is gone. Try: --name for a new sweep"
            )
        record = {**theirs.epochs()[number - 1], "kept_epoch": number}
        value = record["metrics"][run.spec["training"]["monitor"]]
        exploit = {**entry, "spec": run.spec, "donor_run": giver.key}
        ledger.take_over(record, lambda folder: hand_over(checkpoint, folder, number, value), exploit)

    def _can_give(self, plan: TrialPlan, epoch: int) -> bool:
        return all(self._folder.ledger(run.key).checkpoint(epoch) is not None for run in plan.runs)


def takers(scores: Mapping[int, float], sign: int, quantile: float) -> dict[int, list[int]]:
    """The worst trials, each with the best ones that it may take over from (truncation selection).

    Trials without a score are left alone, and so is one that is as good as the best. Of equals the first is the better.
    """
    ranked = sorted((n for n in scores if math.isfinite(scores[n])), key=lambda n: (sign * scores[n], -n))
    count = min(math.ceil(quantile * len(ranked)), len(ranked) // 2)
    best = sorted(ranked[len(ranked) - count :])
    better = {n: [b for b in best if sign * scores[b] > sign * scores[n]] for n in sorted(ranked[:count])}
    return {taker: givers for taker, givers in better.items() if givers}


def _own_key(run: RunPlan, sweep: str, trial: str) -> str:
    return hashlib.sha256(f"{run.key} of {sweep} {trial}".encode()).hexdigest()[:16]
