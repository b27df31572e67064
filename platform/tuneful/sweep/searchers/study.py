"""An Optuna study that is made anew from the record: the same suggestions, whatever was stopped in between."""

import contextlib
import copy
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.space.grid import MAX_COMBINATIONS
from tuneful.space.parameters import Space
from tuneful.space.sample import DefineByRun
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.searchers.samplers import ATTEMPTS, Enumeration, SamplerSpec

NAME = "sweep"
MOST_DRAWS = 100
"""How often a trial is drawn where a space can't be listed: a branch of it without ranges may be gone through."""
DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


class SweepStudy:
    """The trials of a search as Optuna sees them.

    - A trial stopped early or diverged is PRUNED with all its rungs; one that failed for other reasons is FAIL.
    - The sampler of each trial is seeded by the trial's number, so the sequence of suggestions depends on the seed and
      the history alone.
    - No configuration is suggested twice; a finite space that is gone through ends the search.
    - What was learnt from other sweeps stands before the own trials, whose numbers start at 0 all the same.
    """

    def __init__(self, space: Space, modes: Sequence[str], sampler: SamplerSpec) -> None:
        self.storage = InMemoryStorage()
        directions = [DIRECTIONS[mode] for mode in modes]
        self.study = optuna.create_study(
            storage=self.storage,
            study_name=NAME,
            directions=directions,
            sampler=optuna.samplers.RandomSampler(),
            pruner=optuna.pruners.NopPruner(),
        )
        self._space, self._sampler, self._draw = space, sampler, DefineByRun(space)
        self._size = space.size()
        listed = self._size is not None and self._size <= MAX_COMBINATIONS
        self._all = Enumeration(space, sampler.seed) if listed else None
        self._learnt = 0
        self._taken: set[str] = set()
        self._known: set[str] = set()
        """what other sweeps tried; a sampler of the same seed would draw just that"""

    # ---- what is known

    def learn(self, past: Sequence[tuple[Mapping[str, Any] | None, TrialEnd]]) -> None:
        """Take the ended trials of other sweeps, as (parameters, end). Before any own trial."""
        for params, end in past:
            self._add(params, end)
            self._learnt += 1
            self._known.add(_text(params or {}))

    def take(self, plans: Sequence[TrialPlan]) -> None:
        """Let no new trial have the parameters of one on record."""
        self._taken |= {_text(self._params(plan)) for plan in plans}

    def add(self, plan: TrialPlan, end: TrialEnd) -> None:
        """Take the next of the own trials on record, which has ended."""
        self._add(self._params(plan), end)

    def number(self, trial: optuna.Trial) -> int:
        """The number of a trial among the sweep's own."""
        return int(trial.number) - self._learnt

    def frozen(self, number: int) -> FrozenTrial:
        """One of the sweep's own trials as Optuna has it."""
        return self.study.trials[number + self._learnt]

    @property
    def next_number(self) -> int:
        """The number that the next trial gets."""
        return len(self.study.get_trials(deepcopy=False)) - self._learnt

    # ---- ask and tell

    def ask(self, point: Mapping[str, Any] | None = None) -> optuna.Trial | None:
        """The next trial; None: every configuration of the space is taken.

        What `point` leaves open is drawn. A point whose every configuration is taken leaves its turn to another.
        """
        params = self._new_params(point or {})
        return None if params is None else self._ask_whole(params)

    def ask_again(self, plan: TrialPlan) -> optuna.Trial:
        """The next trial, which is on record and has not ended."""
        return self._ask_whole(self._params(plan))

    def _ask_whole(self, params: Mapping[str, Any]) -> optuna.Trial:
        trial = self._ask(self.study, self.next_number, 0, params)
        self._taken.add(_text(trial.params))
        return trial

    def tell(self, trial: optuna.Trial, end: TrialEnd) -> None:
        """What became of a trial."""
        state, values, scores = self._as_optuna(end)
        if len(self.study.directions) == 1:
            reported = self.study.get_trials(deepcopy=False)[trial.number].intermediate_values
            for epoch, score in scores.items():
                if epoch not in reported:
                    trial.report(score, epoch)
        self.study.tell(trial, values, state=state)

    def report(self, trial: optuna.Trial, epoch: int, score: float) -> None:
        """An epoch's score; Optuna takes none where there are several objectives."""
        if len(self.study.directions) == 1:
            trial.report(score, epoch)

    def _ask(self, study: optuna.Study, number: int, attempt: int, fixed: Mapping[str, Any]) -> optuna.Trial:
        study.sampler = self._sampler.build(number, self._space, attempt)
        if fixed:
            study.enqueue_trial(dict(fixed))
        trial = study.ask()
        if self._sampler.keeps_state:
            _ = trial.relative_params  # notes the trial's generation, also where all parameters are given
        self._draw(trial)
        return trial

    def _new_params(self, point: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A configuration that no trial had, at `point` where one is left there; None: all are taken."""
        params = self._drawn(point) or self._listed(point)
        if params is not None:
            return params
        if point:
            return self._new_params({})
        return None if self._all else self._tried({}, 0)  # what can't be listed is never gone through

    def _drawn(self, point: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The first of some draws at `point` that is no trial's; None: each is one's."""
        whole = {_text(point)}  # what a point says whole is tried here, whatever other sweeps know of it
        avoided = self._taken | (self._known - whole)
        attempts = MOST_DRAWS if self._all is None else 0 if self._sampler.name == "grid" else 2 * ATTEMPTS
        draws = (self._tried(point, attempt) for attempt in range(attempts))
        return next((params for params in draws if _text(params) not in avoided), None)

    def _listed(self, point: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The first configuration at `point` that is no trial's; None: all are taken, or they can't be listed."""
        wanted = point.items()

        def other(params: Mapping[str, Any]) -> bool:
            return _text(params) in self._taken or not wanted <= params.items()

        return self._all.first(other) if self._all else None

    def _tried(self, point: Mapping[str, Any], attempt: int) -> dict[str, Any]:
        """What the sampler would draw at `point`, tried on a copy of the study, as the space writes it."""
        # Optuna never changes a finished trial: sharing these makes the copy ten times cheaper.
        shared = {id(t): t for t in self.study.get_trials(deepcopy=False) if t.state.is_finished()}
        fork = optuna.load_study(study_name=NAME, storage=copy.deepcopy(self.storage, shared))
        return self._space.as_written(self._ask(fork, self.next_number, attempt, point).params)

    # ---- the record

    def _params(self, plan: TrialPlan) -> dict[str, Any]:
        """A recorded trial's parameters, called as the space calls them now: it may have got more entries."""
        return self._space.params(plan.settings)

    def _add(self, params: Mapping[str, Any] | None, end: TrialEnd) -> None:
        if params is None or not self._fits(params):
            self.study.add_trial(create_trial(state=TrialState.FAIL))  # keeps its number, and says nothing
        elif self._sampler.keeps_state:
            self.tell(self._ask(self.study, self.next_number, 0, params), end)
        else:
            self.study.add_trial(self._frozen(params, end))

    def _fits(self, params: Mapping[str, Any]) -> bool:
        """Whether the space, which may have been widened, still holds the parameters."""
        with contextlib.suppress(KeyError, ValueError):
            self._frozen(params, TrialEnd(FAILED, ()))
            return True
        return False

    def _frozen(self, params: Mapping[str, Any], end: TrialEnd) -> FrozenTrial:
        state, values, scores = self._as_optuna(end)
        return create_trial(
            state=state,
            values=values,
            params=dict(params),
            distributions=self._space.distributions(params),
            intermediate_values=scores if len(self.study.directions) == 1 else {},
        )

    def _as_optuna(self, end: TrialEnd) -> tuple[TrialState, list[float] | None, dict[int, float]]:
        """(state, values, intermediate values) of an end."""
        values = list(end.values_of(len(self.study.directions)))
        if end.state == "complete" and not any(map(math.isnan, values)):
            return TrialState.COMPLETE, values, dict(end.scores)
        if end.state in ("complete", FAILED):
            return TrialState.FAIL, None, {}
        return TrialState.PRUNED, None, dict(end.scores)


def ended_in_order(trials: Sequence[tuple[TrialPlan, TrialEnd | None]]) -> Iterator[tuple[int, Any, Any]]:
    """(number, plan, end) for every number up to the highest; both None where somebody removed the record."""
    on_record = {plan.number: (plan, end) for plan, end in trials}
    for number in range(max(on_record, default=-1) + 1):
        yield number, *on_record.get(number, (None, None))


def _text(params: Mapping[str, Any]) -> str:
    """Equal for equal parameters: 1 and 1.0, 0.3 and the 0.30000000000000004 that steps add up to."""
    numbers = {name: f"{v:.10g}" for name, v in params.items() if isinstance(v, int | float)}
    return json.dumps({**params, **numbers}, sort_keys=True)
