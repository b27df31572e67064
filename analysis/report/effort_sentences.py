"""What stopping and adaptive search saved, and what it risked, in words."""

from analysis.effort import VALUES_OF_A_RANGE, Effort
from analysis.records.sweep_tables import SweepTables
from analysis.report.words import count, duration, listed
from analysis.stopping import EpochAgreement, rungs, stopped_after

NEARLY_THE_SAME = 0.8
HARDLY = 0.4


def effort_sentences(effort: Effort | None) -> list[str]:
    """Return what the search cost against stopping nothing and against a grid, and what it did not train itself."""
    if effort is None:
        return []
    found = [f"The search trained {effort.epochs:,} epochs in {duration(effort.seconds)} of training{_less(effort)}."]
    if effort.reused:
        taken = listed([f"{count(runs, 'run')} from the sweep {sweep}" for sweep, runs in effort.reused.items()])
        found.append(f"Taken over as trained before, and not counted: {taken}.")
    if effort.grid is None or effort.grid_epochs is None:
        return [*found, "A full grid over this space has more configurations than can be counted."]
    times = f", {effort.grid_epochs / effort.epochs:.3g} times as many" if effort.epochs else ""
    found.append(
        f"A full grid ({VALUES_OF_A_RANGE} values of each range) has {count(effort.grid, 'configuration')} and would "
        f"take {effort.grid_epochs:,} epochs{times}."
    )
    return found


def _less(effort: Effort) -> str:
    """Return what stopping saved, "" where it saved nothing."""
    saved = 1 - effort.epochs / effort.full if effort.full else 0.0
    most = "at most " if effort.ends_itself else ""
    return f", {most}{saved:.0%} fewer than the {effort.full:,} of stopping no trial" if saved > 0.005 else ""


def stopping_sentences(tables: SweepTables, agreements: list[EpochAgreement]) -> list[str]:
    """Return what the epoch at which trials were first compared, or without a scheduler any, says about the end."""
    if not agreements:
        return []
    by_epoch = {one.epoch: one for one in agreements}
    stopped = stopped_after(tables)
    compared = [*rungs(tables.definition, agreements[-1].epoch + 1), *stopped]
    first = next((by_epoch[epoch] for epoch in compared if epoch in by_epoch), None)
    if first is None:
        return [_without_scheduler(agreements)]
    return [f"{_verdict(first)} {_best_place(first)}", *(_range_caveat(stopped) if stopped else [])]


def _without_scheduler(agreements: list[EpochAgreement]) -> str:
    early = next((one for one in agreements if one.spearman >= NEARLY_THE_SAME), None)
    if early is None:
        return "No epoch before the last has nearly the order of the end: to stop trials early would be a guess."
    return (
        f"After epoch {early.epoch} the order is nearly that of the end ({_rho(early)}): trials could be stopped there."
    )


def _verdict(one: EpochAgreement) -> str:
    if one.spearman >= NEARLY_THE_SAME:
        word = "nearly the order of the end: stopping there lost little"
    elif one.spearman >= HARDLY:
        word = "an order somewhat like that of the end: stopping there may have lost good trials"
    else:
        word = "an order that hardly tells the end: stopping there was close to chance"
    first = f"After epoch {one.epoch}, where trials were first compared"
    return f"{first}, the complete ones stood in {word} ({_rho(one)})."


def _rho(one: EpochAgreement) -> str:
    interval = f" [{one.low:+.2f}, {one.high:+.2f}]" if one.low == one.low else ""
    return f"ρ = {one.spearman:+.2f}{interval}, n = {one.n}".replace("-", "−")


def _best_place(one: EpochAgreement) -> str:
    return f"The best in the end was number {one.best_was} of these {one.n} there."


def _range_caveat(stopped: dict[int, int]) -> list[str]:
    return [
        f"Only trials that were let go on are counted, not the {sum(stopped.values())} that were stopped: among trials "
        "that are alike the correlation is smaller than over all."
    ]
