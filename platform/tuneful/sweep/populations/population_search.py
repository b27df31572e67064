"""The searcher of a population: hands out its trials in legs, each from one comparison to the next.

A leg is a trial of Tune's, so that a population may be larger than there is room for, nothing is ever paused, and a
process is reused for whichever trial comes next. Ray's own PBT takes no searcher, and shares time by pausing trials.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray.tune.search import Searcher

from analysis.records.sweep import TrialPlan
from tuneful.space.conditions import show_value
from tuneful.sweep.populations.generations import Exploit, Scores
from tuneful.sweep.populations.population import Population
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.unsaved import Unsaved

MakePayload = Callable[[TrialPlan], dict[str, Any]]


class PopulationSearch(Unsaved, Searcher):  # type: ignore[misc]
    """Runs a population to its end."""

    def __init__(
        self,
        population: Population,
        plans: Sequence[TrialPlan],
        recorder: Recorder,
        make_payload: MakePayload,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(metric="score", mode="max")
        self._population, self._recorder, self._make_payload, self._say = population, recorder, make_payload, say
        self._plans = {plan.number: plan for plan in plans}
        self._scores: Scores = {number: {} for number in self._plans}
        self._running: dict[str, int] = {}
        self._waiting: list[int] = []
        self._from = 0
        self._go_on()

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next leg, None while others are on theirs, FINISHED when no trial is left."""
        if self._plans and not self._waiting and not self._running:
            self._compare()
        if not self._waiting:
            return None if self._running else str(Searcher.FINISHED)
        number = self._waiting.pop(0)
        plan = self._plans[number]
        if plan.name not in self._recorder.running:
            self._recorder.start(plan.name, plan, self._scores[number])
        self._running[trial_id] = number
        self._recorder.running[trial_id] = plan  # under Tune's name, too: by it a trial is stopped by hand
        return {**self._make_payload(plan), "leg": (self._from, self._until)}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep an epoch's score."""
        self._hear(self._running[trial_id], result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A leg has ended, and with it the trial, unless it reached the next comparison."""
        number = self._running.pop(trial_id)
        self._recorder.running.pop(trial_id)
        reason = self._recorder.reasons.pop(trial_id, None)
        result = result or {}
        arrived = result.get("state") == "running" and result["epoch"] >= self._until
        if arrived and not error and reason is None:
            self._hear(number, result)
        else:
            self._end(number, result, error, reason)

    def save(self, checkpoint_path: str) -> None:
        """An empty file: the ledger is the memory, Tune's state is never read back."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""

    @property
    def _until(self) -> int:
        return self._from + self._population.interval

    def _go_on(self) -> None:
        """Go on after the last comparison on record."""
        for generation in self._population.generations():
            self._from = generation.epoch
            self._scores |= {n: scores for n, scores in generation.scores.items() if n in self._plans}
            self._plans = self._population.carry_out(generation, self._plans)
        self._waiting = sorted(self._plans)

    def _compare(self) -> None:
        generation = self._population.decide(self._until, self._scores, self._plans)
        before, self._plans = self._plans, self._population.carry_out(generation, self._plans)
        for exploit in generation.exploits:
            plan = self._plans[exploit.trial]
            self._recorder.running[plan.name] = plan
            self._say(in_words(exploit, before[exploit.trial], plan))
        self._from = generation.epoch
        self._waiting = sorted(self._plans)

    def _hear(self, number: int, result: dict[str, Any]) -> None:
        if self._recorder.result(self._plans[number].name, result):
            self._scores[number][result["epoch"]] = result["score"]

    def _end(self, number: int, result: dict[str, Any], error: bool, reason: str | None) -> None:
        name = self._plans[number].name
        if reason is not None:
            self._recorder.reasons[name] = reason
        self._recorder.end(name, result or None, error)
        del self._plans[number], self._scores[number]


def in_words(exploit: Exploit, before: TrialPlan, after: TrialPlan) -> str:
    """`search-0003 takes over from trial 0 at epoch 4 (0.61 -> 0.74): optimizer.lr 0.003 -> 0.0036 (x 1.2)`."""
    changes = [
        f"{path} {_short(before.settings.get(path))} -> {_short(value)}"
        + (f" ({exploit.how[path]})" if path in exploit.how else "")
        for path, value in after.settings.items()
        if before.settings.get(path) != value
    ]
    scores = f"{exploit.score:.4f} -> {exploit.donor_score:.4f}"
    text = f"{after.name} takes over from trial {exploit.donor} at epoch {exploit.epoch} ({scores})"
    return f"{text}: {', '.join(changes)}" if changes else text


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else show_value(value)
