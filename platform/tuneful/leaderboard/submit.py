"""Submissions to a competition whose test labels the judge holds: predicted, judged and put on record here."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ensemble.combinations import COMBINATIONS, Combination
from analysis.records.predictions import Predictions
from analysis.records.submissions import JUDGED, Submission
from trainers.data.catalogue import Catalogue
from trainers.data.prepare import Report, open_catalogue, prepare_store
from trainers.errors import DataError, SpecError
from trainers.inference.predictor import Predictor, for_recordings, scored_windows
from trainers.spec import RunSpec
from tuneful.leaderboard.chosen import ChosenRun
from tuneful.leaderboard.judge import KEYS, judge
from tuneful.leaderboard.ledger import Described, Scores, as_submission, put_on_record, refuse_same

ARITHMETIC = "arithmetic"
TEST = "test"
"""The subset whose labels the judge holds."""


def submit(
    results: Path, chosen: Sequence[ChosenRun], described: Described, device: str, again: bool, report: Report
) -> Submission:
    """Judge the mean of the runs' probabilities, and put the submission on record.

    Args:
        results: the results folder.
        chosen: the runs.
        described: how it is called; its post-processing is the `mean_words` of how runs are combined.
        device: `auto`, `cpu` or `cuda`.
        again: the same runs may be on record.
        report: hears of decoding and predicting.

    Raises:
        SpecError: the judge has no labels of these data, the runs don't go together, or there is no such mean of them.
        DataError: the runs' windows are not the judge's.
    """
    mean = _mean(described.post_processing, len(chosen))
    draft = as_submission(chosen, described, Scores(), JUDGED)
    catalogue = judged_catalogue(chosen)
    refuse_same(results, draft, again)
    tables = []
    for number, one in enumerate(chosen):
        report("predicting the test", number, len(chosen))
        tables.append(probabilities_of_test(one, catalogue, device, report))
    report("predicting the test", len(chosen), len(chosen))
    scores = judged(catalogue, mean_of(chosen, tables, mean))
    return put_on_record(results, as_submission(chosen, described, scores, JUDGED), again)


def mean_words(name: str) -> str:
    """A mean as the ledger calls it among post-processing: `rank mean`; the arithmetic one needs no word."""
    return "" if name == ARITHMETIC else f"{name} mean"


def _mean(words: str, runs: int) -> Combination:
    name = words.removesuffix(" mean") or ARITHMETIC
    if name not in COMBINATIONS:
        raise SpecError(f"--mean must be one of {', '.join(COMBINATIONS)}, got {name!r}. Try: {ARITHMETIC}")
    if name != ARITHMETIC and runs < 2:
        raise SpecError(f"--mean {name} is of several runs, got one. Try: more runs, or no --mean")
    return COMBINATIONS[name]


def judged_catalogue(chosen: Sequence[ChosenRun]) -> Catalogue:
    """The catalogue whose test is judged; pseudo-labels of one are of the same test.

    Raises:
        SpecError: there is no judge, or there are several.
    """
    catalogues = {name: open_catalogue(name) for name in dict.fromkeys(one.run.spec.data.name for one in chosen)}
    first = next(iter(catalogues.values()))
    if len({catalogue.folder for catalogue in catalogues.values()}) > 1:
        raise SpecError(f"the runs are of several competitions: {', '.join(catalogues)}. Try: runs of one of them")
    if not (first.folder / "judge" / "labels.parquet").is_file() or not len(first.subset(TEST)):
        raise SpecError(
            f"{first.name} has no hidden test that could be judged here. Try: platform leaderboard add RUN --public "
            "0.777 for a score from elsewhere, or data.name=chorus"
        )
    return first


def probabilities_of_test(one: ChosenRun, catalogue: Catalogue, device: str, report: Report) -> pd.DataFrame:
    """clip_id, start_s and a column of probabilities per class; from the stored logits where the run has them."""
    stored = _stored(one)
    if stored is not None:
        return stored
    weights = one.checkpoint
    prepare_store(catalogue, one.run.spec.data.sample_rate, report)
    return _predicted(for_recordings(one.run.spec), weights, catalogue, device)


def mean_of(
    chosen: Sequence[ChosenRun], tables: Sequence[pd.DataFrame], mean: Combination = COMBINATIONS[ARITHMETIC]
) -> pd.DataFrame:
    """The mean of probabilities over runs, window by window.

    Raises:
        SpecError: the runs know other classes.
        DataError: they have other windows.
    """
    first = tables[0].set_index(KEYS)
    members = []
    for one, table in zip(chosen, tables, strict=True):
        indexed = table.set_index(KEYS)
        if set(indexed.columns) != set(first.columns):
            other = sorted(set(indexed.columns) ^ set(first.columns))
            raise SpecError(f"{one.run.where} knows other classes than the first run: {', '.join(other[:5])}")
        if len(indexed) != len(first) or not indexed.index.isin(first.index).all():
            raise DataError(
                f"{one.run.where} has {len(indexed)} windows of the test, the first run {len(first)} others. "
                "Try: runs with the same segments.duration_s and segments.stride"
            )
        members.append(indexed.loc[first.index, list(first.columns)].to_numpy(float))
    combined = mean.combine(np.stack(members), np.ones(len(members)))
    return pd.DataFrame(combined, index=first.index, columns=first.columns).reset_index()


def judged(catalogue: Catalogue, table: pd.DataFrame) -> Scores:
    """The public and the private score; None where a part holds nothing to judge.

    Raises:
        DataError: windows or classes that the judge has labels of are missing.
    """
    try:
        found = judge(catalogue.folder, table)
    except ValueError as error:
        raise DataError(
            f"the judge of {catalogue.name} refuses: {error}. Try: runs with segments.duration_s as long as its "
            "windows (chorus: 5) and without data.exclude_classes"
        ) from None
    return Scores(**{name: None if math.isnan(value) else value for name, value in found.items()})


def _stored(one: ChosenRun) -> pd.DataFrame | None:
    """From the predictions kept with the checkpoint, if they are of the whole test as it was recorded."""
    if not one.is_kept or for_recordings(one.run.spec).segments != one.run.spec.segments:
        return None
    parts, classes = one.run.predictions()
    part = next((part for part in parts if part.subset == TEST), None)
    return None if part is None else _as_table(one.run.spec, part, classes)


def _predicted(spec: RunSpec, weights: Path, catalogue: Catalogue, device: str) -> pd.DataFrame:
    from trainers.data.dataset import load_run_data
    from trainers.training.device import pick_device

    asked = spec.model_copy(update={"data": spec.data.model_copy(update={"predict": (TEST,)})})
    data = load_run_data(asked, catalogue)
    predictor = Predictor(spec, data.classes, weights, pick_device(device))
    clips = data.unlabelled[TEST]
    scored = [predictor.logits(samples) for samples in clips.samples]
    ids = np.repeat(clips.clip_ids, [len(starts) for starts, _ in scored])
    starts, logits = (np.concatenate(arrays) for arrays in zip(*scored, strict=True))
    return _as_table(spec, Predictions(TEST, tuple(map(str, ids)), starts, logits), data.classes)


def _as_table(spec: RunSpec, part: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    recording = pd.factorize(np.array(part.clip_ids))[0]
    values = scored_windows(spec, part.logits, recording, part.start_s)
    table = pd.DataFrame(values, columns=list(classes))
    return table.assign(clip_id=list(part.clip_ids), start_s=np.round(part.start_s.astype(float), 3))
