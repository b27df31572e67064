"""Says why nothing runs: what a trial needs, what is free, and who holds the rest."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ray.tune import Callback

from tuneful.sweep.unsaved import Unsaved

FIRST_S = 90.0
"""Without a running trial before it is said for the first time; on a busy machine a process takes a minute to start."""
AGAIN_S = 300.0


class Watchdog(Unsaved, Callback):  # type: ignore[misc]
    """Hears every turn of Tune's loop; speaks when trials wait and none runs.

    A cluster of one's own is checked before the sweep; one that others use can be full.
    """

    def __init__(
        self,
        need: Mapping[str, float],
        say: Callable[[str], None],
        look: Callable[[], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._need, self._say, self._look, self._clock = need, say, look or who_holds_what, clock
        self._idle_since: float | None = None
        self._said: float | None = None

    def on_step_begin(self, iteration: int, trials: Sequence[Any], **info: Any) -> None:
        """Before every turn of the loop."""
        del iteration, info
        states = {trial.status for trial in trials}
        if "RUNNING" in states or "PENDING" not in states:
            self._idle_since = self._said = None
            return
        now = self._clock()
        self._idle_since = self._idle_since or now
        if now - self._idle_since < FIRST_S or (self._said is not None and now - self._said < AGAIN_S):
            return
        self._said = now
        wanted = " and ".join(f"{amount:g} {name}" for name, amount in self._need.items() if amount)
        self._say(f"Nothing has run for {now - self._idle_since:.0f} s: a trial needs {wanted}. {self._look()}")


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
            yield f"{actor.class_name} (process {actor.pid}, job {actor.job_id}): {_amounts(holds)}"


def _groups() -> Iterator[str]:
    from ray.util import placement_group_table

    for group in placement_group_table().values():
        if group["state"] == "CREATED":
            bundles = list(group["bundles"].values())
            holds = {name: sum(bundle.get(name, 0) for bundle in bundles) for name in ("CPU", "GPU")}
            name = group["name"] or group["placement_group_id"][:8]
            yield f"a placement group ({name}): {_amounts({k: v for k, v in holds.items() if v})}"


def _amounts(holds: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in holds.items())
