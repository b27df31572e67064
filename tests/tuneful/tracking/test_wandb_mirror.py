"""Weights & Biases: what the sweep's mirror writes offline is all there, holds no secret, and is written once."""

import dataclasses
import json
import math
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from wandb.proto import wandb_internal_pb2

from analysis.records.submissions import Member, Submission, add_submission
from analysis.records.sweep import RunPlan, SweepFolder, TrialEnd, TrialPlan
from trainers.training.checkpoint_files import PREDICTIONS, WEIGHTS
from tuneful.sweep.outcome import settle
from tuneful.tracking.later import missing, waiting, write_missing
from tuneful.tracking.listener import WandbListener
from tuneful.tracking.messages import Messages
from tuneful.tracking.state import offline_parts, read_state

SPEC = {"project": "birds", "entity": None, "mode": "auto", "checkpoints": False}
SECRET = "5ec2e7" * 6 + "abcd"


def folder_in(results: Path) -> SweepFolder:
    """An empty sweep's folder."""
    made = SweepFolder(results / "sweeps" / "<b>mine")
    made.path.mkdir(parents=True)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """An empty sweep's folder, for one test."""
    return folder_in(tmp_path / "results")


@pytest.fixture(scope="module")
def trial() -> TrialPlan:
    """A trial of one run."""
    run = RunPlan("k" * 12, {"loss": {"name": "ce"}, "seed": 3}, 0, 3, 0, "stratified")
    return TrialPlan("search", 4, {"loss.name": "ce"}, {"loss.name": "ce"}, (run,))


def mirror(folder: SweepFolder, plan: TrialPlan, epochs: range, end: TrialEnd | None) -> None:
    """Mirror some epochs of a trial, in a process of its own, as a sweep does."""
    listener = WandbListener(folder, SPEC, "offline")
    listener.started(plan)
    for epoch in epochs:
        flat = {"metrics/val/macro_auc": 0.5 + epoch / 10, "metrics/train/loss": 1 / epoch}  # as Tune hands it on
        listener.epoch(plan, {"epoch": epoch, "score": 0.5 + epoch / 10, **flat})
    if end is not None:
        listener.ended(plan, end)
    listener.tables({"trials": pd.DataFrame({"trial": [4], "score": [0.8], "runs": [["a"]], "error": [None]})})
    assert listener.close(), (folder.path / "wandb" / "mirror.log").read_text()


BLOCK, HEADER = 32_768, 7


def records(run: Path) -> Iterator[Any]:
    """The records of an offline run: protobuf messages in a log of LevelDB's format."""
    content, at, message = next(run.glob("*.wandb")).read_bytes(), HEADER, b""
    while at + HEADER <= len(content):
        if BLOCK - at % BLOCK < HEADER:  # the rest of a block that holds no header
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + HEADER])
        message += content[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if kind in (1, 4):  # whole, or the last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(message)
            yield record
            message = b""


def read(folder: SweepFolder) -> dict[str, dict[str, Any]]:
    """Trial -> its configuration, history by epoch and summary, over all its offline runs in order."""
    found: dict[str, dict[str, Any]] = {}
    for run in sorted((folder.path / "wandb").glob("offline-run-*")):
        name = ""
        for record in records(run):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                name = record.run.display_name.split("/")[-1]
                body = found.setdefault(
                    name, {"config": {}, "history": [], "summary": {}, "ids": set(), "group": set(), "whole": 0}
                )
                body["ids"].add(record.run.run_id)
                body["group"].add(record.run.run_group)
                body["config"] |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
            elif kind == "exit":
                found[name]["whole"] += 1
            elif kind == "config":
                found[name]["config"] |= {item.key: json.loads(item.value_json) for item in record.config.update}
            elif kind == "history":
                items = record.history.item
                row = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
                found[name]["history"].append(row)
            elif kind == "summary":
                update = {(i.key or "/".join(i.nested_key)): json.loads(i.value_json) for i in record.summary.update}
                found[name]["summary"] |= update
    return found


@pytest.fixture(scope="module")
def mirrored_once(tmp_path_factory: pytest.TempPathFactory, trial: TrialPlan) -> Path:
    """Results with a mirrored sweep: two epochs, a restart that reports them once more, a third, the end."""
    results = tmp_path_factory.mktemp("mirrored") / "results"
    folder = folder_in(results)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_API_KEY", SECRET)
        mirror(folder, trial, range(1, 3), None)
        mirror(folder, trial, range(1, 4), TrialEnd("complete", ((1, 0.6), (2, 0.7), (3, 0.8))))
    return results


@pytest.fixture
def finished(mirrored_once: Path, tmp_path: Path) -> SweepFolder:
    """A copy of the mirrored sweep."""
    shutil.copytree(mirrored_once, tmp_path / "results", dirs_exist_ok=True)
    return SweepFolder(tmp_path / "results" / "sweeps" / "<b>mine")


def test_every_epoch_is_there_once_with_configuration_end_and_tables(finished: SweepFolder) -> None:
    found = read(finished)
    trial = found["search-0004"]
    assert trial["config"]["loss"] == {"name": "ce"}
    assert trial["config"]["run"]["settings"] == {"loss.name": "ce"}
    assert [row["epoch"] for row in trial["history"]] == [1, 2, 3]
    assert [row["val/macro_auc"] for row in trial["history"]] == [0.6, 0.7, 0.8]
    assert [row["_step"] for row in trial["history"]] == [1, 2, 3]
    assert (trial["summary"]["state"], trial["summary"]["score"]) == ("complete", 0.8)
    assert "error" not in trial["summary"], "there was none"
    assert len(trial["ids"]) == 1, "a trial that goes on is the same run"
    assert trial["group"] == {"<b>mine"}
    assert trial["whole"] == 2


def test_the_tables_are_there_once_with_columns_of_any_kind(folder: SweepFolder, trial: TrialPlan) -> None:
    for _ in range(2):  # the second time nothing has changed
        listener = WandbListener(folder, SPEC, "offline")
        listener.tables({"trials": pd.DataFrame({"settings.x": [1, "a", None, True], "runs": [["a"], [], [], []]})})
        assert listener.close(), (folder.path / "wandb" / "mirror.log").read_text()
    assert len(waiting(folder)) == 1
    staged = next((folder.path / "wandb" / "data").rglob("staging/*"))
    assert json.loads(staged.read_text())["data"] == [[1, '["a"]'], ["a", "[]"], [None, "[]"], [True, "[]"]]


def test_no_file_of_the_mirror_holds_the_key(finished: SweepFolder) -> None:
    files = [path for path in finished.path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_what_the_mirror_missed_is_written_later_and_only_once(
    folder: SweepFolder, trial: TrialPlan, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    folder.write_definition({"name": "mine"})
    folder.ask(trial)
    folder.end(trial, TrialEnd("failed", (), "no memory"))
    assert write_missing(folder, results, SPEC) == 1
    assert read(folder)["search-0004"]["summary"]["error"] == "no memory"
    assert len(waiting(folder)) == 2  # the trial and the tables
    assert write_missing(folder, results, SPEC) == 0


def test_leaderboard_scores_are_added_to_the_same_run(finished: SweepFolder, trial: TrialPlan, tmp_path: Path) -> None:
    results = tmp_path / "results"
    finished.write_definition({"name": "mine"})
    finished.ask(trial)
    finished.end(trial, TrialEnd("complete", ((3, 0.8),)))
    member = Member(finished.name, trial.runs[0].key)
    add_submission(results, Submission("birdclef", "a", (member,), public=0.777))
    add_submission(results, Submission("birdclef", "two", (member, Member("other", "x")), public=0.9))
    assert write_missing(finished, results, SPEC) == 1
    found = read(finished)["search-0004"]
    assert found["summary"]["leaderboard/birdclef/public"] == 0.777
    assert len(found["ids"]) == 1
    assert list(missing(finished, results)) == []


def test_a_trial_and_its_scores_that_were_both_missed_are_written_whole(
    folder: SweepFolder, trial: TrialPlan, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    folder.write_definition({"name": "mine"})
    folder.ask(trial)
    folder.end(trial, TrialEnd("complete", ((3, 0.8),)))
    add_submission(results, Submission("birdclef", "a", (Member(folder.name, trial.runs[0].key),), public=0.777))
    assert write_missing(folder, results, SPEC) == 1
    found = read(folder)["search-0004"]
    assert found["config"]["loss"] == {"name": "ce"}
    assert found["summary"]["state"] == "complete"
    assert found["summary"]["leaderboard/birdclef/public"] == 0.777
    assert write_missing(folder, results, SPEC) == 0


def test_what_a_killed_mirror_left_is_written_anew_and_never_uploaded(folder: SweepFolder, trial: TrialPlan) -> None:
    listener = WandbListener(folder, SPEC, "offline")
    listener.started(trial)
    listener.epoch(trial, {"epoch": 1, "score": 0.5})
    while not (torn := offline_parts(folder.path)):
        assert listener.running
    assert not listener.close(grace_s=0)
    assert waiting(folder) == []
    (left := torn[0] / "left").touch()  # the new part's name is that of the torn one where both begin in one second
    mirror(folder, trial, range(1, 3), TrialEnd("complete", ((2, 0.7),)))
    assert not left.exists()
    assert [row["epoch"] for row in read(folder)["search-0004"]["history"]] == [1, 2]


def test_settings_that_a_trial_took_over_are_its_configuration(folder: SweepFolder, trial: TrialPlan) -> None:
    run = dataclasses.replace(trial.runs[0], spec={"loss": {"name": "focal"}})
    after = dataclasses.replace(trial, runs=(run,), settings={"loss.name": "focal"}, exploits=({"epoch": 1},))
    listener = WandbListener(folder, SPEC, "offline")
    listener.started(trial)
    listener.epoch(trial, {"epoch": 1, "score": 0.5})
    listener.epoch(after, {"epoch": 2, "score": 0.6})
    listener.ended(after, TrialEnd("complete", ((2, 0.6),)))
    assert listener.close()
    config = read(folder)["search-0004"]["config"]
    assert config["loss"] == {"name": "focal"}
    assert config["run"]["settings"] == {"loss.name": "focal"}
    assert config["run"]["exploits"] == [{"epoch": 1}]


def test_a_failed_trial_that_ran_once_more_is_the_same_run(folder: SweepFolder, trial: TrialPlan) -> None:
    for end in (TrialEnd("failed", ((1, 0.6),), "no memory"), TrialEnd("complete", ((1, 0.6), (2, 0.7)))):
        mirror(folder, trial, range(1, len(end.scores) + 1), end)
    found = read(folder)["search-0004"]
    assert (found["summary"]["state"], found["summary"]["error"]) == ("complete", "")
    assert [row["epoch"] for row in found["history"]] == [1, 2]
    assert len(found["ids"]) == 1


def test_every_objective_is_told(folder: SweepFolder, trial: TrialPlan) -> None:
    folder.write_definition({"name": "mine", "objective": [{"metric": "val/macro_auc"}, {"metric": "eval_seconds"}]})
    told = json.loads(
        Messages(folder, checkpoints=False).ended(trial, TrialEnd("complete", ((1, 0.6),), None, (0.6, 2.5)))
    )
    objectives = {"objective/val/macro_auc": 0.6, "objective/eval_seconds": 2.5}
    assert told["summary"] == {"state": "complete", "score": 0.6, "error": None, **objectives}


def test_the_artifact_is_the_kept_checkpoint_before_and_after_the_sweep_settles(
    folder: SweepFolder, trial: TrialPlan, tmp_path: Path
) -> None:
    """A trial that the sweep's `early_stop` ended is complete, its run under way: it has newer checkpoints."""

    def save(checkpoint: Path) -> None:
        for name in (WEIGHTS, PREDICTIONS):
            (checkpoint / name).touch()

    ledger = folder.ledger(trial.runs[0].key)
    ledger.begin({"key": trial.runs[0].key, "spec": {}}, 0)
    for epoch, kept in enumerate((1, 2, 2, 2), start=1):
        body = {"epoch": epoch, "state": "running", "kept_epoch": kept, "protocol": "p", "metrics": {}}
        ledger.publish(body, save)
    end = TrialEnd("complete", ((4, 0.6),))
    folder.ask(trial)
    folder.end(trial, end)

    messages = Messages(folder, checkpoints=True)
    told = messages.ended(trial, end)
    settle(folder, tmp_path / "results")
    (kept_folder,) = json.loads(told)["checkpoints"].values()
    assert kept_folder.endswith("/checkpoint-0002")
    assert messages.ended(trial, end) == told
    (folder.path / kept_folder / WEIGHTS).unlink()
    assert json.loads(messages.ended(trial, end))["checkpoints"] == {}, "its weights were pruned"


def test_a_run_that_was_uploaded_does_not_wait(finished: SweepFolder) -> None:
    before = waiting(finished)
    next(before[0].glob("*.wandb")).with_suffix(".wandb.synced").touch()
    assert waiting(finished) == before[1:]


def test_an_error_of_the_mirror_is_no_error_of_the_sweep(folder: SweepFolder, trial: TrialPlan) -> None:
    listener = WandbListener(folder, {**SPEC, "project": "a/b\0c"}, "offline")
    listener.started(trial)
    for epoch in range(1, 2000):
        listener.epoch(trial, {"epoch": epoch, "score": 0.5, "metrics/x": 1.0})
    assert not listener.close()
    assert read_state(folder.path).ended == {}


def test_an_epoch_without_a_score_stays_valid(folder: SweepFolder, trial: TrialPlan) -> None:
    listener = WandbListener(folder, SPEC, "offline")
    listener.started(trial)
    listener.epoch(trial, {"epoch": 1, "score": math.nan, "metrics/val/macro_auc": math.nan})
    listener.ended(trial, TrialEnd("diverged", ((1, math.nan),), None))
    assert listener.close()
    assert read(folder)["search-0004"]["summary"]["state"] == "diverged"
