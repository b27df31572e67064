"""Which rule of choosing a run loses least where the shift is a real one? The same instruments, recorded by others.

    apt-get install timidity fluid-soundfont-gm freepats
    OMP_NUM_THREADS=1 python benchmarks/instruments.py [--root FOLDER] [--results FOLDER] [--json FILE] [--tables]

Runs learn short phrases of single instruments from one collection of samples (FluidR3) and are judged on phrases from
another (freepats), and the other way round. Classes are the General MIDI instruments of which both have four samples or
more, in two halves that share none: four competitions. Folds, the unlabelled target, the public and the private test
share no sample with each other; only the charang of FluidR3 layers several. The pool is that of
`tuneful.competitions.pool`, split by sample instead of by clip; the rules are those of `analysis.selection.rules`, none
of which was developed on these data.

A real shift has no replicates: intervals are over the samples of the private tests, not over shifts. Finished runs are
kept under RESULTS/competitions and never run again; `--tables` only compares what is on file. 64 runs of 20 CPU
seconds.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from harness import console
from instrument_phrases import Task, make, tasks
from rich.table import Table
from soundfonts import RATE, names

from analysis.correlation.coefficients import coefficient
from analysis.metrics import macro_auc
from analysis.selection.rules import BASELINE, RULES
from trainers.data.catalogue import load_catalogue
from trainers.data.prepare import prepare_store
from tuneful.competitions.load import Played, load_competition
from tuneful.competitions.pool import POOL
from tuneful.competitions.rules import finished
from tuneful.competitions.run import run_pool

SPLIT = ("data.split.scheme=stratified_group",)
RESAMPLES = 1000
SHOWN = (BASELINE, "rerender/macro_auc", "scenes", "scenes + nuclear_norm", "unlabelled/negative_entropy")


@dataclass(frozen=True)
class Judged:
    """What the rules did in one competition; row 0 of each array is the whole private test, the others resamples."""

    name: str
    table: dict[str, float]
    spearman: dict[str, np.ndarray]
    regret: dict[str, np.ndarray]


def judged(results: Path, task: Task) -> Judged:
    """Every rule against private scores of resampled tests; the best run is that of the whole test throughout."""
    played = load_competition(results, task.name)
    hidden = resampled_scores(played, load_catalogue(task.name).folder)
    runs, best = list(played.pool.runs), int(hidden[0].argmax())
    spearman, regret = {}, {}
    for name, rule in RULES.items():
        scores = rule.score(played.pool).reindex(runs).to_numpy(float)
        if np.isfinite(scores).all():
            spearman[name] = np.array([coefficient("spearman", scores, row) for row in hidden])
            regret[name] = hidden[:, best] - hidden[:, scores == scores.max()].mean(1)
    return Judged(task.name, {"classes": len(task.programs)} | spans(played, hidden), spearman, regret)


def spans(played: Played, hidden: np.ndarray) -> dict[str, float]:
    """Median and range of validation and private scores over the pool; `noise`: sd of a run's over resamples."""
    val = played.pool.scores[BASELINE]
    return {
        "val": val.median(),
        "val low": val.min(),
        "val high": val.max(),
        "private": played.private.median(),
        "private low": played.private.min(),
        "private high": played.private.max(),
        "noise": float(hidden[1:].std(0).mean()),
        "public, private": coefficient("spearman", played.public.to_numpy(), played.private.to_numpy()),
    }


def resampled_scores(played: Played, folder: Path) -> np.ndarray:
    """(1 + resamples, runs) private macro AUC; samples, with all their phrases, drawn anew within each instrument."""
    answers = pd.read_parquet(folder / "judge" / "labels.parquet").set_index("clip_id")
    windows = played.pool.windows("test")
    ids = next(iter(windows.values())).clip_ids
    private = answers.loc[list(ids)].reset_index(drop=True).query("part == 'private'")
    label = private["labels"].str[0]
    targets = pd.get_dummies(label).to_numpy()
    scores = [windows[run].probabilities[private.index] for run in played.pool.runs]
    draws = [np.arange(len(private)), *_draws(label.to_numpy(), private["sample"].to_numpy())]
    return np.array([[macro_auc(targets[draw], score[draw]) for score in scores] for draw in draws])


def _draws(labels: np.ndarray, samples: np.ndarray) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    rows = {sample: np.flatnonzero(samples == sample) for sample in np.unique(samples)}
    of_label = [np.unique(samples[labels == label]) for label in np.unique(labels)]
    for _ in range(RESAMPLES):
        yield np.concatenate([rows[one] for own in of_label for one in rng.choice(own, len(own))])


def rules_table(found: Sequence[Judged]) -> pd.DataFrame:
    """Per rule, means over competitions: rank agreement, regret, regret less the baseline's, each with its interval."""
    base = np.mean([one.regret[BASELINE] for one in found], axis=0)
    rows = {}
    for name in [rule for rule in RULES if all(rule in one.regret for one in found)]:
        regret = np.mean([one.regret[name] for one in found], axis=0)
        spearman = np.mean([one.spearman[name] for one in found], axis=0)
        ratio = float(regret[0] / base[0]) if base[0] > 0 else float("nan")
        columns = {"spearman": _interval(spearman), "regret": _interval(regret), "difference": _interval(regret - base)}
        rows[name] = {**columns, "ratio": ratio}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.iloc[np.argsort([regret[0] for regret in table["regret"]], kind="stable")]


def _interval(resampled: np.ndarray) -> list[float]:
    """Of the whole test, and the 2.5 % and 97.5 % quantiles over resamples."""
    return [float(resampled[0]), *map(float, np.quantile(resampled[1:], [0.025, 0.975]))]


def show(found: Sequence[Judged], rules: pd.DataFrame) -> None:
    """Print the competitions, what chosen rules did in each, and all rules over all of them."""
    about = Table("competition", "classes", "validation", "private", "sd over resamples", "public, private", box=None)
    single = Table("Spearman / regret", *SHOWN, box=None)
    for one in found:
        t = one.table
        spans = [f"{t[part]:.3f} ({t[f'{part} low']:.3f} to {t[f'{part} high']:.3f})" for part in ("val", "private")]
        about.add_row(one.name, str(t["classes"]), *spans, f"{t['noise']:.3f}", f"{t['public, private']:+.2f}")
        single.add_row(one.name, *(f"{one.spearman[r][0]:+.2f} / {one.regret[r][0]:.3f}" for r in SHOWN))
    every = Table("rule", "Spearman", "regret", "less the baseline's", "of the baseline's", box=None)
    for name, row in rules.iterrows():
        texts = [_text(row["spearman"], "+.2f"), _text(row["regret"], ".3f"), _text(row["difference"], "+.3f")]
        every.add_row(str(name), *texts, f"{row['ratio']:.2f}")
    for table in (about, single, every):
        console.print(table, "")


def _text(interval: Sequence[float], form: str) -> str:
    return "{0:{form}} [{1:{form}}, {2:{form}}]".format(*interval, form=form)


def as_json(found: Sequence[Judged], rules: pd.DataFrame) -> str:
    """All figures, for other programs."""
    each = {
        one.name: {
            "runs": one.table,
            "rules": {rule: {"spearman": own[0], "regret": one.regret[rule][0]} for rule, own in one.spearman.items()},
        }
        for one in found
    }
    return json.dumps({"competitions": each, "rules": rules.to_dict("index")}, indent=1)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the Debian packages are unpacked")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tables", action="store_true", help="of what is on file, without training")
    options = parser.parse_args()
    asked = tasks(options.root)
    for task in [] if options.tables else asked:
        catalogue = make(task, names(options.root))
        prepare_store(catalogue, RATE)
        run_pool(task.name, list(POOL), options.results, options.slots, _say, SPLIT)
    done = finished(options.results, [task.name for task in asked])
    if not done:
        sys.exit("no competition is on file yet: run this without --tables")
    found = [judged(options.results, task) for task in asked if task.name in done]
    rules = rules_table(found)
    show(found, rules)
    if options.json:
        options.json.write_text(as_json(found, rules))


if __name__ == "__main__":
    main()
