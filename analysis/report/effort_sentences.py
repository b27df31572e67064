"""What stopping and adaptive search saved, and what it risked, in words."""

from analysis.effort import VALUES_OF_A_RANGE, Effort
from analysis.records.sweep_tables import SweepTables
from analysis.report.words import count, duration
from analysis.stopping import EpochAgreement, rungs, stopped_after

NEARLY_THE_SAME = 0.8
HARDLY = 0.4


def effort_sentences(effort: Effort | None) -> list[str]:
    """Return what the search cost against training everything, and against a grid."""
    if effort is None:
        return []
    saved = 1 - effort.epochs / effort.full
    less = f", {saved:.0%} fewer than the {effort.full:,} of training every trial to its end" if saved > 0.005 else ""
    found = [f"The search trained {effort.epochs:,} epochs in {duration(effort.seconds)} of training{less}."]
    if effort.grid is None or effort.grid_epochs is None:
        return [*found, "A full grid over this space has more configurations than can be counted."]
    found.append(
        f"A full grid ({VALUES_OF_A_RANGE} values of each range) has {count(effort.grid, 'configuration')} and would "
        f"take {effort.grid_epochs:,} epochs, {effort.grid_epochs / effort.epochs:.3g} times as many."
    )
    return found


def stopping_sentences(tables: SweepTables, agreements: list[EpochAgreement]) -> list[str]:
    """Return what the first rung, or without a scheduler the first epochs, say about the end."""
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
    return f"At the first rung, epoch {one.epoch}, the complete trials stood in {word} ({_rho(one)})."


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
