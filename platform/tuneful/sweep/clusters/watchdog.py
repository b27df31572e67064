"""Says why nothing runs: what a trial needs, what is free, and who holds the rest.

A trial of several workers reserves nothing itself: to Tune it runs while Train still waits for their placement group.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ray.tune import Callback

from tuneful.sweep.unsaved import Unsaved

FIRST_S = 90.0
"""Without a running trial before it is said for the first time; on a busy machine a process takes a minute to start."""
AGAIN_S = 300.0
LOOK_S = 10.0
"""How often Ray is asked for the placement groups of workers; Tune's loop turns many times a second."""


class Watchdog(Unsaved, Callback):  # type: ignore[misc]
    """Hears every turn of Tune's loop; speaks when trials wait and none runs.

    A cluster of one's own is checked before the sweep; one that others use can be full.

    Args:
        need: of one worker, by kind.
        workers: of a trial.
        say: hears what there is to say.
    """

    def __init__(
        self,
        need: Mapping[str, float],
        workers: int,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._need, self._workers, self._say, self._clock = need, workers, say, clock
        self._idle_since: float | None = None
        self._said: float | None = None
        self._looked, self._without_workers = -math.inf, 0

    @property
    def idle(self) -> bool:
        """Whether trials wait for room and none trains."""
        return self._idle_since is not None

    def on_step_begin(self, iteration: int, trials: Sequence[Any], **info: Any) -> None:
        """Before every turn of the loop."""
        del iteration, info
        now = self._clock()
        if not self._waiting(Counter(trial.status for trial in trials), now):
            self._idle_since = self._said = None
            return
        self._idle_since = self._idle_since or now
        if now - self._idle_since < FIRST_S or (self._said is not None and now - self._said < AGAIN_S):
            return
        self._said = now
        wanted = amounts(self._need) if self._workers == 1 else f"{self._workers} times {amounts(self._need)}"
        self._say(f"Nothing has run for {now - self._idle_since:.0f} s: a trial needs {wanted}. {who_holds_what()}")

    def _waiting(self, states: Mapping[str, int], now: float) -> bool:
        running = states.get("RUNNING", 0)
        if not running or self._workers == 1:
            return not running and "PENDING" in states
        if now - self._looked >= LOOK_S:
            self._looked, self._without_workers = now, groups_waiting(self._need, self._workers)
        return self._without_workers >= running


def groups_waiting(need: Mapping[str, float], workers: int) -> int:
    """How many placement groups for so many workers the cluster has no room for yet; they have no names."""
    from ray.util import placement_group_table

    waiting = [group for group in placement_group_table().values() if group["state"] in ("PENDING", "RESCHEDULING")]
    return sum([*group["bundles"].values()] == [need] * workers for group in waiting)


def who_holds_what() -> str:
    """What is free on the cluster, and the actors and placement groups that hold the rest."""
    import ray

    total, free = ray.cluster_resources(), ray.available_resources()
    kinds = [name for name in ("CPU", "GPU") if total.get(name)]
    left = ", ".join(f"{free.get(name, 0):g} of {total[name]:g} {name}" for name in kinds)
    held = [*_actors(), *_groups()]
    return f"Free: {left}. Held by: {'; '.join(held) if held else 'tasks that Ray does not name'}"


def _actors() -> Iterator[str]:
    from ray.util.state import list_actors
    from ray.util.state.exception import RayStateApiException

    try:
        found = list_actors(filters=[("state", "=", "ALIVE")], detail=True)
    except (RayStateApiException, ConnectionError):  # without the dashboard there is nobody to ask
        return
    for actor in found:
        holds = {name: amount for name, amount in (actor.required_resources or {}).items() if name in ("CPU", "GPU")}
        if holds:
            yield f"{actor.class_name} (process {actor.pid}, job {actor.job_id}): {amounts(holds)}"


def _groups() -> Iterator[str]:
    from ray.util import placement_group_table

    for group in placement_group_table().values():
        if group["state"] == "CREATED":
            bundles = list(group["bundles"].values())
            holds = {name: sum(bundle.get(name, 0) for bundle in bundles) for name in ("CPU", "GPU")}
            name = group["name"] or group["placement_group_id"][:8]
            yield f"a placement group ({name}): {amounts({k: v for k, v in holds.items() if v})}"


def amounts(holds: Mapping[str, float]) -> str:
    """`1 CPU and 0.5 GPU`."""
    return " and ".join(f"{amount:g} {name}" for name, amount in holds.items())
