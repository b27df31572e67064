"""What do the published methods do here? Paired seeds on chorus, judged on its hidden test; losses on real speech.

    OMP_NUM_THREADS=1 python benchmarks/findings.py runs.jsonl [--gcin FOLDER] [--markdown FILE] [--json FILE]

Every question of `QUESTIONS` names a baseline and what is held against it; each configuration runs with the same seeds
(fold 0 of 4 random folds), so that a difference is taken seed by seed, with Student's t interval. Finished runs are
appended to runs.jsonl and never run again. With --gcin FOLDER the recordings of `benchmarks/gcin_voice.py` answer the
question of losses, too. One thread a run, two at a time.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from gcin_voice import fetch
from harness import console, write_json
from judged_runs import Job, run_missing, runs_of
from rich.table import Table

from analysis.uncertainty import Interval, paired_difference, t_interval
from trainers.config.build import build_spec, load_recipe
from trainers.data.catalogue import catalogue_names, save_catalogue
from trainers.data.prepare import open_catalogue, prepare_store, with_content
from trainers.data.sources.csv import read_csv

CHORUS = (
    "training.epochs=10 mixing.p=1.0 augmentation.spec_augment.p=0.5 data.predict=[test] data.fold=0 "
    "data.split.scheme=stratified data.split.n_folds=4 evaluation.rare_below=20"
)
GCIN = (
    "data.name=gcin data.predict=[] data.fold=0 data.split.scheme=stratified_group data.split.n_folds=2 "
    "segments.duration_s=0.6 front_end.hop_length=128 training.epochs=4 mixing.p=1.0 evaluation.rare_below=50"
)
LH = (
    "mixing.name=mixup mixing.on=spectrogram segments.train_crop=head front_end.n_mels=64 front_end.n_fft=1280 "
    "front_end.hop_length=320 front_end.f_min=20 front_end.eps=1.0 augmentation.random_erasing.p=0.5 "
    "augmentation.random_erasing.fill=constant training.epochs=8 "
    "segments.trim_db=60 segments.padding_side=both"
)
X = (
    "mixing.name=mixup mixing.on=spectrogram segments.train_crop=windows segments.min_rest=0.2 front_end.n_mels=48 "
    "front_end.n_fft=960 front_end.hop_length=320 front_end.f_min=20 front_end.normalization=dataset "
    "augmentation.random_erasing.p=0.5 augmentation.random_erasing.fill=constant sampling.name=oversample "
    "segments.aggregate=geometric segments.trim_db=60 training.epochs=2"
)
WAVEFORM = "augmentation.noise.p=0.5 augmentation.gain.p=0.5 augmentation.filtering.p=0.5 augmentation.time_shift.p=0.5"
METRICS = {
    "val": "val",
    "val_rare": "val, rare classes",
    "val_f1": "val, F1 at .5",
    "private": "private test",
    "private_rare": "private, rare classes",
}
"""Column of the runs -> as it is shown; macro ROC-AUC where it isn't F1"""


@dataclass(frozen=True)
class Question:
    """One comparison: every variant against the first one, seed by seed."""

    title: str
    variants: dict[str, str]
    """name -> overrides; the first one is the baseline"""
    published: str
    """what the systems found, in a few words"""
    data: str = "chorus"


def loss_variants() -> dict[str, str]:
    """Losses with soft and hard targets."""
    losses = ("bce", "ce", "focal", "focal_bce")
    return {f"{loss}, {mode}": f"loss.name={loss} targets.mode={mode}" for mode in ("soft", "hard") for loss in losses}


QUESTIONS: tuple[Question, ...] = (
    Question(
        "Mix2 against no mixing and against each of its parts",
        {
            "no mixing": "mixing.name=none",
            "mixup": "mixing.name=mixup mixing.on=spectrogram",
            "manifold mixup": "mixing.name=manifold_mixup",
            "MultiMix": "mixing.name=multimix",
            "Mix2": "mixing.name=mix2",
        },
        "Mix2 (AnuraSet, macro F1): mixup alone -1.4, manifold mixup 0.0, MultiMix -0.3, Mix2 +4.2, rare classes +4.9",
    ),
    Question(
        "Soft or hard targets, with which loss",
        loss_variants(),
        "BirdCLEF 2025 (public leaderboard): soft ce .775, hard ce .774, hard bce .766, soft bce .759, "
        "soft focal_bce .759, soft focal .741",
    ),
    Question(
        "Sampling temperature",
        {
            "T = 0 (shuffle)": "",
            "T = 0.5": "sampling.name=temperature sampling.temperature=0.5",
            "T = 1": "sampling.name=temperature sampling.temperature=1.0",
        },
        "BirdCLEF 2025 uses T = 0.5 without comparing it; Mix2 found over-sampling rare label sets worse",
    ),
    Question(
        "SpecAugment and augmentation of waveforms",
        {
            "SpecAugment": "",
            "neither": "augmentation.spec_augment.p=0",
            "both": WAVEFORM,
            "waveform": f"augmentation.spec_augment.p=0 {WAVEFORM}",
        },
        "BirdCLEF 2025: without audio augmentation hard bce -.029, hard ce -.012, soft bce +.001; "
        "Mix2: SpecAugment +0.4 macro F1",
    ),
    Question(
        "LH against X",
        {"LH": LH, "X": X},
        "Freesound 2018: an ensemble of both, their single scores are not published",
    ),
    Question(
        "Losses on real speech (gcin-voice, by speaker)",
        loss_variants(),
        "BirdCLEF 2025, as above",
        data="gcin",
    ),
)


def jobs_of(question: Question, seeds: int) -> list[Job]:
    """The runs that answer a question."""
    common = CHORUS if question.data == "chorus" else GCIN
    return [Job(name, (common, own), seed) for name, own in question.variants.items() for seed in range(seeds)]


def prepared(gcin: Path | None) -> tuple[Question, ...]:
    """The questions that the data here can answer, with those made and decoded."""
    rate = build_spec(load_recipe("chorus")).data.sample_rate
    prepare_store(open_catalogue("chorus"), rate)
    if gcin is None:
        return tuple(question for question in QUESTIONS if question.data == "chorus")
    table = fetch(gcin)
    if "gcin" not in catalogue_names():
        save_catalogue("gcin", "csv", table.parent, with_content(read_csv(table, table.parent).clips, table.parent))
    prepare_store(open_catalogue("gcin"), rate)
    return QUESTIONS


def with_columns(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with more of their last epoch's metrics as columns."""
    rare = [metrics["val/macro_auc@rare"] for metrics in runs["metrics"]]
    return runs.assign(val_rare=rare, val_f1=[metrics["val/macro_f1"] for metrics in runs["metrics"]])


def differences(question: Question, runs: pd.DataFrame) -> Iterator[dict[str, object]]:
    """A row per variant: mean and spread of each metric, and the paired difference to the baseline."""
    baseline = runs[runs["config"] == next(iter(question.variants))]
    for name in question.variants:
        own = runs[runs["config"] == name]
        row: dict[str, object] = {"variant": name}
        for metric in METRICS:
            if metric in runs and runs[metric].notna().all():
                row[metric] = t_interval(own[metric])
                row[f"{metric} difference"] = paired_difference(own[metric], baseline[metric])
        yield row


def cells(row: dict[str, object], first: bool) -> Iterator[str]:
    """A row's figures: mean ± sd, then the difference with its interval, bold where that excludes 0."""
    for metric in METRICS:
        mean, difference = row.get(metric), row.get(f"{metric} difference")
        if not isinstance(mean, Interval) or not isinstance(difference, Interval):
            continue
        yield f"{mean.mean:.3f} ± {mean.sd:.3f}"
        text = f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
        yield "" if first else f"**{text}**" if difference.excludes(0) else text


def as_markdown(question: Question, rows: list[dict[str, object]]) -> str:
    """A question's table for docs/findings.md."""
    shown = [metric for metric in METRICS if metric in rows[0]]
    header = ["variant", *(part for metric in shown for part in (METRICS[metric], "difference"))]
    lines = [f"### {question.title}", "", f"Published: {question.published}.", ""]
    lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for number, row in enumerate(rows):
        lines.append("| " + " | ".join([str(row["variant"]), *cells(row, number == 0)]) + " |")
    return "\n".join(lines)


def show(question: Question, rows: list[dict[str, object]]) -> None:
    """A question's table in the terminal."""
    table = Table("variant", title=question.title)
    for metric in (metric for metric in METRICS if metric in rows[0]):
        table.add_column(METRICS[metric])
        table.add_column("difference")
    for number, row in enumerate(rows):
        table.add_row(str(row["variant"]), *(cell.strip("*") for cell in cells(row, number == 0)))
    console.print(table)


def as_json(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows with intervals as mappings."""
    return [{name: vars(v) if isinstance(v, Interval) else v for name, v in row.items()} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="JSON lines of finished runs")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--gcin", type=Path, help="folder for the recordings of gcin-voice")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    questions = prepared(options.gcin)
    jobs = [jobs_of(question, options.seeds) for question in questions]
    run_missing(list({job.key: job for own in jobs for job in own}.values()), options.runs)
    answers = [
        (question, list(differences(question, with_columns(runs_of(own, options.runs)))))
        for question, own in zip(questions, jobs, strict=True)
    ]
    for answer in answers:
        show(*answer)
    if options.markdown:
        options.markdown.write_text("\n\n".join(as_markdown(*answer) for answer in answers) + "\n")
    if options.json:
        write_json(options.json, {question.title: as_json(rows) for question, rows in answers})


if __name__ == "__main__":
    main()
