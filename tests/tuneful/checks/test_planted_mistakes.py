"""Every check fires on a mistake that was planted and stays silent on data and settings without one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from trainers.config.build import Layer, build_spec, load_recipe
from trainers.data.catalogue import SCHEMA, Catalogue
from tuneful.checks.registry import CHECKS, run_checks
from tuneful.checks.sweeps import check_sweep
from tuneful.space.sweep import load_sweep

BIRDS = ("robin", "wren")
CLIPS, SECONDS, RATE_HZ = 1200, 6.0, 16_000
SWEEP = """
version: 1
recipe: chorus
set: {data.name: birds, data.split.n_folds: 2}
search: {optimizer.lr: {loguniform: [1.0e-3, 2.0e-2]}}
trials: 6
"""
CHORUS = load_recipe("chorus")
Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Planted:
    """What is changed on clean data and settings."""

    clips: Change = pd.DataFrame.copy
    settings: dict[str, Any] = field(default_factory=dict)
    source: str = "csv"
    sweep: str = SWEEP
    rate_hz: int = RATE_HZ
    folds: tuple[int, ...] = (0,)


@cache
def clean_clips():
    """Two classes in turn, each clip with a recording, an author, a site, a subject and a content of its own."""
    number = np.arange(CLIPS)
    clips = pd.DataFrame({name: pd.Series([None] * CLIPS, dtype=object) for name in SCHEMA.names})
    texts = {name: [f"{name}{n}" for n in number] for name in ("clip_id", "recording_id", "author", "site", "subject")}
    return clips.assign(
        **texts,
        path=[f"{n:04d}.wav" for n in number],
        content=[f"{n:064d}" for n in number],
        start_s=0.0,
        duration_s=SECONDS,
        labels=[[BIRDS[n % 2]] for n in number],
        secondary_labels=[[] for _ in number],
        rating=[float(1 + n % 5) for n in number],
        extra_duplicate_group=[f"group{n}" for n in number],
    )


def shared_by(column, many=6):
    """The same value for `many` clips one after the other."""
    return lambda clips: clips.assign(**{column: [f"{column}{n // many}" for n in range(len(clips))]})


def labelled(first):
    """Other labels for the first clips."""
    return lambda clips: clips.assign(labels=[*first, *clips["labels"].iloc[len(first) :]])


def windows_of_minutes(clips):
    """Three seconds of every two, three of a file."""
    number = np.arange(len(clips))
    return clips.assign(content=[f"{n // 3:064d}" for n in number], start_s=(number % 3) * 2.0, duration_s=3.0 + 3.0)


def published_test(clips):
    return clips.assign(fold=["test" if n % 4 == 0 else "train" for n in range(len(clips))])


def twenty_two_fold(clips):
    """ICBHI 2017: the cycles of a patient once per recording of that patient."""
    again = pd.concat([clips.iloc[:10]] * 21, ignore_index=True)
    return pd.concat([clips, again.assign(clip_id=[f"again{n}" for n in range(len(again))])], ignore_index=True)


OFFICIAL = {"data.split.scheme": "official"}
PLANTED = {
    "TF001": Planted(shared_by("recording_id")),
    "TF002": Planted(labelled([["owl"]]), folds=(0, 1)),
    "TF003": Planted(shared_by("extra_duplicate_group")),
    "TF004": Planted(shared_by("subject")),
    "TF005": Planted(shared_by("author")),
    "TF006": Planted(shared_by("site")),
    "TF007": Planted(windows_of_minutes),
    "TF008": Planted(twenty_two_fold),
    "TF009": Planted(shared_by("content", 2)),
    "TF010": Planted(labelled([["owl"]]), folds=(0, 1)),
    "TF011": Planted(lambda clips: clips.iloc[:60]),
    "TF012": Planted(published_test, {**OFFICIAL, "training.keep": "best"}),
    "TF013": Planted(published_test),
    "TF014": Planted(labelled([["Robin "]] * 8)),
    "TF015": Planted(settings={"training.keep": "best", "training.monitor": "val/macro_f1"}, source="birdclef"),
    "TF016": Planted(settings={"loss.name": "focal", "mixing.alpha": None}),
    "TF017": Planted(labelled([["robin", "wren"]] * 8), {"loss.name": "ce"}),
    "TF018": Planted(labelled([[]] * 8), {"loss.name": "ce"}),
    "TF019": Planted(settings={"loss.class_weight_temperature": 0.5}),
    "TF020": Planted(settings={"augmentation.concatenate.p": 0.5}),
    "TF021": Planted(rate_hz=8000),
    "TF022": Planted(settings={"front_end.n_mels": 256, "front_end.n_fft": 512}),
    "TF023": Planted(lambda clips: clips.assign(duration_s=2.0)),
    "TF024": Planted(settings={"training.batch_size": 5000}),
    "TF025": Planted(settings={"schedule.warmup_steps": 100_000}),
    "TF026": Planted(settings={"mixing.p": 0.0}),
    "TF027": Planted(published_test, sweep=SWEEP.replace("data.split.n_folds: 2", "data.split.scheme: official")),
    "TF028": Planted(source="birdclef", sweep=SWEEP + "objective: {metric: val/macro_f1}\n"),
    "TF029": Planted(sweep=SWEEP.replace("{loguniform: [1.0e-3, 2.0e-2]}", "{choice: [1.0e-3, 2.0e-3]}")),
}
"""A mistake for every code; a check without one fails `test_every_check_has_a_planted_mistake`."""


@pytest.fixture
def check(tmp_path) -> Callable[..., list]:
    """All findings about planted data and settings of a run, or of a sweep."""

    def run(planted: Planted, whole_sweep: bool = False) -> list:
        soundfile.write(tmp_path / "0000.wav", np.zeros(planted.rate_hz), planted.rate_hz)
        clips = planted.clips(clean_clips())
        data = Catalogue("birds", planted.source, tmp_path, clips, "digest")
        if whole_sweep:
            (tmp_path / "planted.yaml").write_text(planted.sweep)
            return check_sweep(load_sweep(tmp_path / "planted.yaml"), data)
        return run_checks([spec_of(planted.settings, fold) for fold in planted.folds], data)

    return run


def spec_of(settings, fold=0):
    base = {"data.name": "birds", "data.split.n_folds": 2, "data.fold": fold}
    return build_spec(CHORUS, [Layer({**base, **settings})])


# ---- every check


def test_every_check_has_a_planted_mistake():
    assert set(PLANTED) == set(CHECKS)


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_fires_on_its_planted_mistake(code, check):
    found = [finding for finding in check(PLANTED[code], CHECKS[code].scope == "sweep") if finding.code == code]
    assert found
    for finding in found:
        assert str(finding).startswith(f"{code} {CHECKS[code].severity}: {CHECKS[code].title}: ")
        assert ". Try: " in str(finding)
        assert "\n" not in str(finding)
        assert finding.fix


def test_nothing_is_found_where_nothing_was_planted(check):
    assert check(Planted(folds=(0, 1))) == []
    assert check(Planted(), whole_sweep=True) == []


# ---- the three systems whose results were spoilt by their data


def test_the_22_fold_mistake_is_named_with_how_often_and_where(check):
    (finding,) = [f for f in check(PLANTED["TF008"]) if f.code == "TF008"]
    assert "210 of 1410 (15 %) rows repeat" in finding.evidence
    assert "up to 22 times the same and 1.18 times on average" in finding.evidence  # 1410 rows, 1200 stretches
    assert "in 10 recordings, such as 0000.wav" in finding.evidence


def test_windows_that_were_cut_before_publishing_are_known_by_their_names(check):
    def windows(clips):
        names = [f"site/minute{n // 3}_{2 * (n % 3)}_{2 * (n % 3) + 6}.wav" for n in range(len(clips))]
        return clips.assign(path=names)

    (finding,) = [f for f in check(Planted(windows)) if f.code == "TF007"]
    assert "validation clips overlap in time with training clips" in finding.evidence


def touching_windows(clips):
    """Windows of six seconds that follow each other, cut into files before publishing."""
    return clips.assign(path=[f"m{n // 3}_{6 * (n % 3)}_{6 * (n % 3) + 6}.wav" for n in range(len(clips))])


def stretches_of_files(clips):
    """The same, not cut: a file has three of them, each with a recording_id of its own."""
    number = np.arange(len(clips))
    return clips.assign(content=[f"{n // 3:064d}" for n in number], start_s=(number % 3) * SECONDS)


@pytest.mark.parametrize("windows", [touching_windows, stretches_of_files])
def test_windows_that_only_touch_share_no_sound_but_a_recording(windows, check):
    found = {f.code: f for f in check(Planted(windows))}
    assert "TF007" not in found
    assert "validation clips are of" in found["TF001"].evidence
    assert "under another recording_id" in found["TF001"].evidence

    def one_id(clips):
        return windows(clips).assign(recording_id=[f"m{n // 3}" for n in range(len(clips))])

    grouped = {"data.split.scheme": "stratified_group", "data.split.group_by": ["recording_id"]}
    assert "TF001" not in {f.code for f in check(Planted(one_id, grouped))}


def test_numbers_in_names_that_are_no_times_are_not_believed(check):
    named = Planted(lambda clips: clips.assign(path=[f"robin_{n}_{n + 40}.wav" for n in range(len(clips))]))
    assert not [f for f in check(named) if f.code == "TF007"]


def test_selection_on_test_is_named_for_epochs_and_for_trials(check):
    (finding,) = [f for f in check(PLANTED["TF012"]) if f.code == "TF012"]
    assert "training.keep=best choose among 6 evaluations of val/macro_auc" in finding.evidence
    last = replace(PLANTED["TF012"], settings=OFFICIAL)
    assert not [f for f in check(last) if f.code == "TF012"]
    (of_trials,) = [f for f in check(PLANTED["TF027"], whole_sweep=True) if f.code == "TF027"]
    assert "best of 6 trials" in of_trials.evidence


# ---- the fix that is named is one

FIXED = {
    "TF004": {"data.split.scheme": "stratified_group", "data.split.group_by": ["subject"]},
    "TF005": {"data.split.scheme": "stratified_group", "data.split.group_by": ["author"]},
    "TF016": {"targets.mode": "hard"},
    "TF017": {"loss.name": "bce"},
    "TF018": {"data.drop_empty": True},
    "TF019": {"loss.class_weight_scale": "mean_one"},
    "TF021": {"front_end.f_max": 4000.0},
    "TF022": {"front_end.n_fft": 1024},
    "TF023": {"segments.duration_s": 2.0},
    "TF024": {"training.batch_size": 300},
    "TF026": {"mixing.p": 0.5},
}


@pytest.mark.parametrize("code", FIXED)
def test_what_the_fix_says_is_right_and_mends_it(code, check):
    (finding,) = [f for f in check(PLANTED[code]) if f.code == code]
    for path, value in FIXED[code].items():
        text = ",".join(value) if isinstance(value, list) else str(value).lower().removesuffix(".0")
        assert f"{path}=" in finding.fix
        assert text in finding.fix
    mended = replace(PLANTED[code], settings={**PLANTED[code].settings, **FIXED[code]})
    assert not [f for f in check(mended) if f.code == code]


def spread_sites(clips):
    """Seven places, as on a chest, of which every subject has two."""
    places = [f"place{n % 7}" for n in range(len(clips))]
    return clips.assign(site=places, subject=[f"subject{n // 2}" for n in range(len(clips))])


BY_SUBJECT = {"data.split.scheme": "stratified_group", "data.split.group_by": ["subject"]}


def test_a_fix_that_would_join_all_clips_to_one_group_is_not_named(check):
    (finding,) = [f for f in check(Planted(spread_sites, BY_SUBJECT)) if f.code == "TF006"]
    assert finding.fix.startswith("data.split.stratify_by=[site]")
    mended = {**BY_SUBJECT, "data.split.stratify_by": ["site"]}
    assert not [f for f in check(Planted(spread_sites, mended)) if f.code == "TF006"]


def test_a_fix_by_groups_that_are_few_names_as_many_folds(check):
    def three_sites(clips):
        return clips.assign(site=[f"site{n % 3}" for n in range(len(clips))])

    asked = Planted(three_sites, {"data.split.n_folds": 5})
    (finding,) = [f for f in check(asked) if f.code == "TF006"]
    fix = {"data.split.scheme": "stratified_group", "data.split.group_by": ["site"], "data.split.n_folds": 3}
    assert finding.fix == "data.split.scheme=stratified_group data.split.group_by=[site] data.split.n_folds=3"
    assert not [f for f in check(replace(asked, settings=fix)) if f.code == "TF006"]


# ---- who is nobody, and what is no mistake


def test_clips_of_unknown_authors_share_no_author(check):
    assert not [f for f in check(Planted(lambda clips: clips.assign(author="Unknown"))) if f.code == "TF005"]


def test_hard_unions_are_no_mistake_under_cross_entropy(check):
    hard = replace(PLANTED["TF017"], settings={"loss.name": "ce", "targets.mode": "hard"})
    assert not [f for f in check(hard) if f.code == "TF017"]


def test_the_mass_of_targets_is_that_of_the_encoder(check):
    def weighted(clips):
        weights = [[0.7, 0.6] if n < 8 else None for n in range(len(clips))]
        return clips.assign(labels=labelled([["robin", "wren"]] * 8)(clips)["labels"], label_weights=weights)

    (finding,) = [f for f in check(Planted(weighted, {"loss.name": "ce"})) if f.code == "TF017"]
    assert "4 of 600 (0.67 %) training clips sum to 1.3 in place of 1" in finding.evidence


def test_a_sum_below_one_is_a_mass_that_is_not_one_too(check):
    def weighted(clips):
        return clips.assign(label_weights=[[0.4] if n < 40 else [0.9] if n < 60 else None for n in range(len(clips))])

    (finding,) = [f for f in check(Planted(weighted, {"loss.name": "ce"})) if f.code == "TF017"]
    assert "sum to 0.4 to 0.9 in place of 1" in finding.evidence


def test_a_split_without_validation_is_not_told_what_validation_lacks(check):
    planted = Planted(settings={"data.split.scheme": "none"})
    assert not [f for f in check(planted) if f.code in ("TF002", "TF010", "TF011")]


# ---- what a run could not start with


OBSTACLES = {
    "an extra share of nothing": ({"sampling.extra_share": 0.5}, "sampling.extra_share"),
    "an extra subset that isn't there": ({"data.extra_train": ["pseudo"]}, "data.extra_train"),
    "a background that isn't there": ({"augmentation.background.p": 0.5}, "augmentation.background.subset"),
    "partners of no site": ({"mixing.partner": "same_site"}, "mixing.partner"),
    "a mask for an encoder": (
        {"model.name": "ast", "augmentation.spec_augment.p": 1.0},
        "augmentation.spec_augment.p",
    ),
    "a shifted spectrogram for an encoder": (
        {"model.name": "ast", "augmentation.time_shift": {"p": 1.0, "on": "spectrogram"}},
        "augmentation.time_shift.on",
    ),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_a_run_could_not_start_with_is_an_error(obstacle, check):
    settings, named = OBSTACLES[obstacle]
    (finding,) = [f for f in check(Planted(settings=settings)) if f.code == "TF024"]
    assert finding.evidence.startswith(named)
    assert finding.severity == "error"


def test_a_half_cycle_longer_than_the_run_is_named(check):
    cyclic = {"schedule.name": "cyclic", "schedule.half_cycle_epochs": 9.0}
    (finding,) = [f for f in check(Planted(settings=cyclic)) if f.code == "TF025"]
    assert finding.evidence == "schedule.half_cycle_epochs=9, the run has 6 epochs"
    assert finding.fix == "schedule.half_cycle_epochs=3"
    assert not [f for f in check(Planted(settings={**cyclic, "schedule.half_cycle_epochs": 3.0})) if f.code == "TF025"]


def test_a_patience_that_one_epoch_cannot_use_is_to_be_taken_out(check):
    settings = {"training.epochs": 1, "training.early_stopping_patience": 1}
    (finding,) = [f for f in check(Planted(settings=settings)) if f.code == "TF026"]
    assert finding.fix == "training.early_stopping_patience=null"
    settings["training.early_stopping_patience"] = None
    assert not [f for f in check(Planted(settings=settings)) if f.code == "TF026"]


def test_extra_clips_count_as_training(check):
    def pseudo_labelled(clips):
        """A part of the recordings again, as another subset."""
        again = clips.iloc[:100].assign(subset="pseudo", clip_id=[f"again{n}" for n in range(100)], start_s=1.0)
        return pd.concat([clips, again.assign(duration_s=2.0)], ignore_index=True)

    settings = {"data.extra_train": ["pseudo"]}
    codes = {f.code for f in check(Planted(pseudo_labelled, settings)) if f.severity == "error"}
    assert codes == {"TF001", "TF004", "TF003", "TF007"}
