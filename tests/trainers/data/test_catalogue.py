"""Catalogues: written whole, read as they were, the same digest for the same data."""

import pandas as pd
import pytest

from trainers.data.catalogue import SCHEMA, catalogue_folder, catalogue_names, load_catalogue, save_catalogue
from trainers.data.dataset import load_run_data, split_clips
from trainers.data.prepare import open_catalogue, prepare_store
from trainers.data.spec import DataSpec
from trainers.errors import DataError
from trainers.spec import RunSpec


def clips(**columns: object) -> pd.DataFrame:
    table = {
        "clip_id": ["1", "2", "3"],
        "path": ["a.wav", "b.wav", "c.wav"],
        "labels": [["owl"], [], None],
        "secondary_labels": [["bat"], [], []],
        "content": ["x", "y", "z"],
        "start_s": [0.0, 1.0, 0.0],
        "duration_s": [1.0, 1.0, 1.0],
    }
    return pd.DataFrame({**table, **columns})


def test_rows_come_back_with_every_column_of_the_schema(home, tmp_path):
    catalogue = save_catalogue("birds", "csv", tmp_path, clips(extra_mood=["a", "b", None]))
    assert set(catalogue.clips) == {*SCHEMA.names, "extra_mood"}
    assert [None if v is None else list(v) for v in catalogue.clips["labels"]] == [["owl"], [], None]
    assert catalogue.classes == ("bat", "owl")
    assert catalogue.paths(catalogue.clips)[0] == tmp_path / "a.wav"
    assert load_catalogue("birds").digest == catalogue.digest
    assert "birds" in catalogue_names()


def test_the_digest_is_that_of_the_rows_in_any_order_wherever_they_lie(home, tmp_path):
    digest = save_catalogue("one", "csv", tmp_path, clips()).digest
    assert save_catalogue("two", "csv", tmp_path / "elsewhere", clips().iloc[::-1]).digest == digest
    for other in ({"content": ["x", "y", "q"]}, {"labels": [["owl"], ["bat"], None]}, {"author": ["kim"] * 3}):
        assert save_catalogue("three", "csv", tmp_path, clips(**other)).digest != digest


@pytest.mark.parametrize("name", ["", "../x", "/abs", "a/b", ".hidden", "x" * 300, "a b", "-x", "a\nb"])
def test_a_name_that_is_no_folder_of_ours_is_refused(home, name):
    with pytest.raises(DataError, match="can't be used"):
        catalogue_folder(name)
    with pytest.raises(DataError, match="can't be used"):
        save_catalogue(name, "csv", home, clips())
    assert not home.exists()


def test_an_unknown_catalogue_gets_the_nearest_name_and_the_command(home, tmp_path):
    save_catalogue("birds", "csv", tmp_path, clips())
    with pytest.raises(DataError, match=r"'brids'\. Try: platform data add csv .*\. Did you mean birds\?"):
        load_catalogue("brids")


@pytest.mark.parametrize("file", ["catalogue.json", "catalogue.parquet"])
def test_a_damaged_catalogue_is_refused(home, tmp_path, file):
    save_catalogue("birds", "csv", tmp_path, clips())
    (catalogue_folder("birds") / file).write_bytes(b"torn")
    with pytest.raises(DataError, match="the catalogue can't be read"):
        load_catalogue("birds")


def test_a_failed_save_leaves_the_old_one_and_no_rest(home, tmp_path):
    digest = save_catalogue("birds", "csv", tmp_path, clips()).digest
    with pytest.raises(Exception, match="mood"):
        save_catalogue("birds", "csv", tmp_path, clips(start_s=["mood", 1.0, 2.0]))
    assert load_catalogue("birds").digest == digest
    assert [path.name for path in (home / "catalogues").iterdir()] == ["birds"]


def test_a_catalogue_without_labels_can_not_be_trained_on(home, tmp_path):
    catalogue = save_catalogue("birds", "csv", tmp_path, clips(labels=[None] * 3, secondary_labels=[None] * 3))
    with pytest.raises(DataError, match="no labelled training clips"):
        split_clips(catalogue, DataSpec())


def test_what_was_never_prepared_can_not_be_trained_on(home, tmp_path):
    labels = {"labels": [["owl"]] * 3}
    catalogue = save_catalogue("birds", "csv", tmp_path, clips(**labels))
    spec = RunSpec.model_validate({"data": {"name": "birds", "split": {"n_folds": 3}}, "training": {"batch_size": 1}})
    with pytest.raises(DataError, match="Try: platform data prepare"):
        load_run_data(spec, catalogue)


def test_preparing_a_catalogue_decodes_its_recordings(home, audio, decode_here):
    from trainers.data.sources.csv import read_csv

    folder = audio("a.wav").parent
    audio("b.wav", seconds=2)
    (folder / "t.csv").write_text("path,labels,start_s,duration_s\na.wav,owl,,\nb.wav,bat,0,1\nb.wav,owl,1,1\n")
    save_catalogue("birds", "csv", folder, read_csv(folder / "t.csv", folder).clips)
    steps: list[tuple[str, int, int]] = []
    prepare_store(open_catalogue("birds"), 8000, lambda *step: steps.append(step))
    assert steps[-1] == ("decoding birds", 2, 2)
