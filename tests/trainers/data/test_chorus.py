"""The chorus competition: the same bytes for the same seed, honest sizes, and labels that stay hidden."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from pydantic import ValidationError

from trainers.data.sources.chorus import PRESETS, ChorusSpec
from trainers.data.sources.chorus.make import make_chorus
from trainers.data.sources.chorus.people import clips_per_species, plan_clips
from trainers.data.sources.chorus.songs import KINDS, draw_song, sing
from trainers.data.sources.chorus.soundscapes import render_soundscape
from trainers.data.sources.chorus.species import EPITHETS, make_species
from trainers.data.sources.chorus.streams import Stream, generator
from tuneful.leaderboard.judge import judge

TINY = ChorusSpec(
    seed=5, n_species=8, n_authors=4, n_clips=28, min_clips_per_species=2, clip_extra_s=1.0, n_test_files=6,
    n_target_files=2, n_sites=2, soundscape_s=10.0, singing_max_s=8.0, near_duplicate_share=0.2,
)  # fmt: skip

Made = tuple[Path, pd.DataFrame]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("chorus")
    return folder, make_chorus(TINY, folder)


@pytest.fixture(scope="module")
def hidden(made: Made) -> pd.DataFrame:
    return pd.read_parquet(made[0] / "judge" / "labels.parquet")


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def audio_of(made: Made) -> Iterator[np.ndarray]:
    folder, catalogue = made
    for path in catalogue["path"]:
        yield soundfile.read(folder / path, dtype="int16")[0]


def predictions_from(targets: np.ndarray, hidden: pd.DataFrame, codes: list[str]) -> pd.DataFrame:
    return pd.concat([hidden[["clip_id", "start_s"]], pd.DataFrame(targets, columns=codes)], axis=1)


def truth(hidden: pd.DataFrame, codes: list[str]) -> np.ndarray:
    return np.array([[float(code in row) for code in codes] for row in hidden["labels"]])


def test_the_same_seed_gives_the_same_bytes_whatever_the_worker_count(made: Made, tmp_path: Path) -> None:
    folder, catalogue = made
    again = make_chorus(TINY, tmp_path, workers=2)
    assert digests(tmp_path) == digests(folder)
    pd.testing.assert_frame_equal(again, catalogue)


def test_a_soundscape_does_not_depend_on_how_many_others_there_are() -> None:
    more = TINY.model_copy(update={"n_test_files": 9, "n_target_files": 7})
    one, two = (render_soundscape(spec, Stream.TEST, 1) for spec in (TINY, more))
    assert np.array_equal(one.audio, two.audio)
    assert one.windows == two.windows


def test_changing_one_part_of_the_shift_leaves_who_sings_as_it_was() -> None:
    other = TINY.model_copy(update={"reverb": 0.0, "insect_db": -60.0, "rain_share": 1.0, "distance_loss_db": 0.0})
    one, two = (render_soundscape(spec, Stream.TEST, 2) for spec in (TINY, other))
    assert one.windows == two.windows


def test_another_seed_gives_other_files_and_other_species() -> None:
    other = TINY.model_copy(update={"seed": 6})
    one, two = (render_soundscape(spec, Stream.TEST, 0) for spec in (TINY, other))
    assert not np.array_equal(one.audio, two.audio)
    assert {s.code for s in make_species(TINY)} != {s.code for s in make_species(other)}


def test_sizes_follow_the_spec(made: Made, hidden: pd.DataFrame) -> None:
    folder, catalogue = made
    assert catalogue["subset"].value_counts().to_dict() == {"train": 28, "test": 6, "target": 2}
    assert catalogue["clip_id"].is_unique
    assert catalogue["recording_id"].is_unique
    for row in catalogue.itertuples():
        info = soundfile.info(folder / row.path)
        assert (info.samplerate, info.subtype, info.channels) == (TINY.sample_rate, "PCM_16", 1)
        assert info.frames == round(row.duration_s * TINY.sample_rate)
    assert len(hidden) == 6 * 2
    assert hidden.groupby("clip_id")["part"].nunique().eq(1).all()
    assert set(hidden["clip_id"]) == set(catalogue.loc[catalogue["subset"] == "test", "clip_id"])


def test_every_class_occurs_in_training_and_the_tail_is_long(made: Made) -> None:
    train = made[1][made[1]["subset"] == "train"]
    assert set(train["labels"].explode()) == {species.code for species in make_species(TINY)}
    counts = sorted(clips_per_species(PRESETS["chorus"]))
    assert sum(counts) == PRESETS["chorus"].n_clips
    assert counts[0] >= 12
    assert counts[-1] > 4 * counts[0]


def test_hidden_labels_are_absent_from_the_catalogue(made: Made) -> None:
    folder, catalogue = made
    hidden_rows = catalogue[catalogue["subset"] != "train"]
    assert hidden_rows["labels"].isna().all()
    assert hidden_rows["secondary_labels"].map(len).eq(0).all()
    codes = [species.code for species in make_species(TINY)]
    text = hidden_rows.to_csv()
    assert not [code for code in codes if code in text]
    assert "public" not in text
    outside = [path for path in folder.rglob("*.parquet") if path.parent.name != "judge"]
    assert not outside


def test_about_a_third_of_the_test_windows_are_empty() -> None:
    spec = PRESETS["chorus"].model_copy(update={"reverb": 0.0, "insect_db": -60.0, "wind_share": 0.0})
    windows = [window for index in range(10) for window in render_soundscape(spec, Stream.TEST, index).windows]
    empty = np.mean([not window for window in windows])
    assert 0.15 < empty < 0.5
    assert max(map(len, windows)) >= 3


def test_nothing_clips_and_nothing_is_silent(made: Made) -> None:
    for samples in audio_of(made):
        peak = np.abs(samples.astype(int)).max()
        assert 300 < peak < 32000


def test_near_duplicates_resemble_their_original(made: Made) -> None:
    plans, audio = plan_clips(TINY), list(audio_of(made))
    pairs = [(index, plan.original) for index, plan in enumerate(plans) if plan.original is not None]
    assert len(pairs) == round(0.2 * 28)
    for copy, original in pairs:
        assert plans[copy].author == plans[original].author
        piece, whole = audio[copy][:32000].astype(float), audio[original].astype(float)
        n = len(piece) + len(whole)
        match = np.fft.irfft(np.fft.rfft(whole, n) * np.conj(np.fft.rfft(piece, n)), n).max()
        assert match / np.sum(piece**2) > 0.01
        assert match > 0.3 * np.linalg.norm(piece) * np.linalg.norm(whole) * (len(piece) / len(whole)) ** 0.5


def test_a_perfect_prediction_scores_one(made: Made, hidden: pd.DataFrame) -> None:
    codes = sorted({species.code for species in make_species(TINY)})
    predictions = predictions_from(truth(hidden, codes), hidden, codes).sample(frac=1, random_state=0)
    assert judge(made[0], predictions) == {"public": 1.0, "private": 1.0}


def test_a_random_prediction_scores_a_half(made: Made, hidden: pd.DataFrame) -> None:
    codes = sorted({species.code for species in make_species(TINY)})
    rng = np.random.default_rng(0)
    draws = [judge(made[0], predictions_from(rng.random((len(hidden), 8)), hidden, codes)) for _ in range(60)]
    assert np.mean([draw["public"] for draw in draws]) == pytest.approx(0.5, abs=0.06)
    assert np.mean([draw["private"] for draw in draws]) == pytest.approx(0.5, abs=0.06)


def test_the_judge_says_what_is_missing(made: Made, hidden: pd.DataFrame) -> None:
    codes = sorted({species.code for species in make_species(TINY)})
    whole = predictions_from(truth(hidden, codes), hidden, codes)
    with pytest.raises(ValueError, match="lack 1 of 12 windows"):
        judge(made[0], whole.iloc[1:])
    with pytest.raises(ValueError, match="each window once"):
        judge(made[0], pd.concat([whole, whole.iloc[:1]]))
    active = next(code for code in codes if whole[code].any())
    with pytest.raises(ValueError, match=f"without: {active}"):
        judge(made[0], whole.drop(columns=active))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_song_stays_below_the_nyquist_frequency(kind: str) -> None:
    for number in range(5):
        rng = generator(TINY, Stream.SPECIES, 100 + number)
        audio, notes = sing(draw_song(kind, rng), 4.0, rng, 16000)
        power = np.abs(np.fft.rfft(audio)) ** 2
        assert power[np.fft.rfftfreq(len(audio), 1 / 16000) > 7700].sum() < 0.02 * power.sum()
        assert notes[0].start_s < 0.1
        assert all(0 <= note.start_s < note.end_s <= 4.0 for note in notes)


def test_codes_are_unique_and_presets_have_all_kinds() -> None:
    assert len({epithet[:3] for epithet in EPITHETS}) == len(EPITHETS)
    for spec in PRESETS.values():
        species = make_species(spec)
        assert len({one.code for one in species}) == spec.n_species
        assert {one.kind for one in species} == set(KINDS)
    assert len(make_species(ChorusSpec(n_species=48, n_clips=576))) == 48


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    spec = ChorusSpec(n_species=2, n_clips=2, min_clips_per_species=1, n_test_files=1, n_target_files=0, clip_extra_s=0)
    seen: list[tuple[int, int]] = []
    make_chorus(spec, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_impossible_settings_are_refused_with_the_rule() -> None:
    with pytest.raises(ValidationError, match="n_clips must be >= n_species"):
        ChorusSpec(n_clips=20)
    with pytest.raises(ValidationError, match="multiple of window_s"):
        ChorusSpec(soundscape_s=31)
    with pytest.raises(ValidationError, match="sum to 1"):
        ChorusSpec(test_song_types=(0.5, 0.1, 0.1))
    with pytest.raises(ValidationError, match="Extra inputs"):
        ChorusSpec.model_validate({"n_spezies": 3})


def test_the_spec_is_imported_without_numpy() -> None:
    code = "import sys, trainers.data.sources.chorus.spec; print([m for m in ('numpy', 'scipy') if m in sys.modules])"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
