"""A sweep as a real one would leave it: 24 trials of the loss question, some stopped, one diverged, one failed."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.records.sweep_tables import SweepTables

EPOCHS = 8
_LOSS_GAIN = {"bce": 0.0, "ce": 0.012, "focal": 0.004, "focal_bce": 0.008}


def definition(**changes: Any) -> dict[str, Any]:
    """The resolved sweep file."""
    return {
        "name": "loss",
        "recipe": "chorus",
        "data": {"source": "chorus", "root": "data/chorus"},
        "set": {"training.epochs": EPOCHS},
        "search": {
            "loss.name": {"choice": ["bce", "ce", "focal", "focal_bce"]},
            "loss.gamma": {"uniform": [0.5, 4.0], "when": {"loss.name": ["focal", "focal_bce"]}},
            "targets.mode": {"choice": ["soft", "hard"]},
            "optimizer.lr": {"loguniform": [1e-4, 3e-3]},
        },
        "objective": {"metric": "val/macro_auc", "mode": "max", "epoch": "last"},
        "scheduler": {"name": "asha", "grace_period": 2, "reduction_factor": 3},
        "trials": 24,
        "folds": [0],
        "repeats": 1,
        "confirm": {"top": 3, "folds": [0, 1], "repeats": 2, "splits": ["stratified", "stratified_group"]},
    } | changes


def realistic(seed: int = 3) -> SweepTables:
    """24 search trials, then 3 candidates x 2 split schemes x 4 runs."""
    rng = np.random.default_rng(seed)
    trials, epochs = _search(rng)
    complete = [t for t in trials if t["state"] == "complete"]
    finalists = sorted(complete, key=lambda t: -t["score"])[:3]
    confirm_trials, confirm_epochs = _confirm(rng, finalists)
    return SweepTables(definition(), pd.DataFrame(trials + confirm_trials), pd.DataFrame(epochs + confirm_epochs))


def without_confirm(tables: SweepTables) -> SweepTables:
    """The same sweep before its confirm stage."""
    changed = {key: value for key, value in tables.definition.items() if key != "confirm"}
    return SweepTables(changed, tables.stage_trials("search"), tables.stage_epochs("search"))


def only_trials(tables: SweepTables, trials: list[int]) -> SweepTables:
    """The search stage of some trials alone."""
    search = without_confirm(tables)
    kept_trials = search.trials[search.trials["trial"].isin(trials)].reset_index(drop=True)
    return SweepTables(search.definition, kept_trials, search.epochs[search.epochs["trial"].isin(trials)])


def _search(rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    trials, epochs = [], []
    for number in range(24):
        parameters = _draw(rng)
        state = {6: "diverged", 15: "failed"}.get(number, "complete")
        if state == "diverged":
            parameters["optimizer.lr"] = 2.9e-3
        curve = _curve(rng, parameters)
        if state == "complete" and number > 3 and curve[1] < 0.735:
            state, curve = "pruned", curve[: 2 if curve[1] < 0.70 else 6]
        curve = {"diverged": np.append(curve[:3], np.nan), "failed": curve[:0]}.get(state, curve)
        trials.append(_trial(number, "search", state, curve, parameters))
        epochs += _epoch_rows(f"r{number:03d}", number, "search", curve, ("stratified", 0, 0))
    return trials, epochs


def _draw(rng: np.random.Generator) -> dict[str, Any]:
    loss = str(rng.choice(list(_LOSS_GAIN)))
    return {
        "loss.name": loss,
        "loss.gamma": float(rng.uniform(0.5, 4)) if loss.startswith("focal") else None,
        "targets.mode": str(rng.choice(["soft", "hard"])),
        "optimizer.lr": float(np.exp(rng.uniform(np.log(1e-4), np.log(3e-3)))),
    }


def _curve(rng: np.random.Generator, parameters: dict[str, Any], shift: float = 0.0) -> np.ndarray:
    top = 0.93 + _LOSS_GAIN[parameters["loss.name"]] + 0.01 * (parameters["targets.mode"] == "soft")
    top -= 0.035 * (np.log10(parameters["optimizer.lr"]) + 3.0) ** 2
    epoch = np.arange(1, EPOCHS + 1)
    speed = 0.35 + 0.1 * (np.log10(parameters["optimizer.lr"]) + 3.5)
    return np.asarray(top + shift - 0.38 * np.exp(-speed * epoch) + rng.normal(0, 0.004, EPOCHS))


def _trial(number: int, stage: str, state: str, curve: np.ndarray, parameters: dict[str, Any]) -> dict[str, Any]:
    score = float(curve[-1]) if len(curve) and np.isfinite(curve[-1]) else float("nan")
    return {
        "trial": number,
        "stage": stage,
        "state": state,
        "score": score,
        "score_sd": float("nan"),
        "epochs": len(curve),
        "planned_epochs": EPOCHS,
        "seconds": 41.0 * len(curve) + 3.0,
        "error": "out of memory (limit 6.0 GiB) in epoch 1, batch 3" if state == "failed" else None,
        "candidate": float("nan"),
    } | {f"param.{path}": value for path, value in parameters.items()}


def _epoch_rows(
    run: str, number: int, stage: str, curve: np.ndarray, where: tuple[str, int, int]
) -> list[dict[str, Any]]:
    split, fold, repeat = where
    return [
        {
            "run": run,
            "trial": number,
            "stage": stage,
            "fold": fold,
            "seed": 1000 + repeat,
            "repeat": repeat,
            "split": split,
            "protocol": f"{split}-{fold}",
            "epoch": epoch,
            "seconds": 41.0,
            "clips_per_second": 310.0,
            "candidate": float("nan"),
            "train/loss": float(0.7 * np.exp(-0.3 * epoch)) if np.isfinite(value) else float("nan"),
            "val/loss": float(1.2 - value) if np.isfinite(value) else float("nan"),
            "val/macro_auc": float(value),
            "val/macro_f1": float(value - 0.3),
            "val/map": float(value - 0.25),
        }
        for epoch, value in enumerate(curve, start=1)
    ]


def _confirm(
    rng: np.random.Generator, finalists: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    trials: list[dict[str, Any]] = []
    epochs: list[dict[str, Any]] = []
    shifts = {"stratified": -0.004, "stratified_group": -0.082}
    for finalist in finalists:
        parameters = {key.removeprefix("param."): v for key, v in finalist.items() if key.startswith("param.")}
        candidate = {"candidate": float(finalist["trial"])}
        for split, shift in shifts.items():
            for fold, repeat in [(0, 0), (0, 1), (1, 0), (1, 1)]:
                curve, number = _curve(rng, parameters, shift - 0.012 * fold), len(trials)
                run = f"c{finalist['trial']}-{split}-{fold}-{repeat}"
                epochs += [row | candidate for row in _epoch_rows(run, number, "confirm", curve, (split, fold, repeat))]
                trials.append(_trial(number, "confirm", "complete", curve, parameters) | candidate | {"split": split})
    return trials, epochs
