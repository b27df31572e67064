"""`platform wandb-sync` says what became of runs kept offline; wandb's own upload is made, to a server on loopback."""

import getpass
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from analysis.errors import RecordsError
from analysis.records.ledger import RunLedger
from analysis.records.sweep import RunPlan, SweepFolder, TrialEnd, TrialPlan
from tests.tuneful.tracking.wandb_server import Kept, wandb_server
from tuneful.cli.wandb_sync import wandb_sync
from tuneful.errors import SweepInUseError
from tuneful.space.definition import WandbSpec
from tuneful.sweep.lock import locked
from tuneful.tracking.later import upload, waiting, write_missing
from tuneful.tracking.listener import WandbListener
from tuneful.tracking.session import mirrored
from tuneful.tracking.state import MirrorState, write_state

SECRET = "5ec2e7" * 6 + "abcd"
NETRC_SECRET = "facade" * 6 + "abcd"
SPEC = WandbSpec(project="birds", checkpoints=True)


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """A tracked sweep's folder."""
    made = SweepFolder(tmp_path / "results" / "sweeps" / "mine")
    made.write_definition({"name": "mine", "tracking": {"wandb": {"project": "birds"}}})
    return made


@pytest.fixture
def trial() -> TrialPlan:
    """A trial of one run."""
    run = RunPlan("k" * 12, {"loss": {"name": "ce"}, "start": {"checkpoint": "/mnt/alice/w"}}, 0, 3, 0, "stratified")
    return TrialPlan("search", 4, {"loss.name": "ce"}, {"loss.name": "ce"}, (run,))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kept]:
    """A server that answers, with another key in .netrc and the command line's own folders in a home of the test."""
    with wandb_server() as kept:
        host = kept.url.removeprefix("http://")
        (tmp_path / ".netrc").write_text(f"machine {host}\n  login user\n  password {NETRC_SECRET}\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("WANDB_BASE_URL", kept.url)
        monkeypatch.setenv("WANDB_API_KEY", SECRET)
        yield kept


def wait_for_upload(folder: SweepFolder, *names: str) -> None:
    """Offline runs that hold nothing wandb could send."""
    for name in names:
        part = folder.path / "wandb" / name
        part.mkdir(parents=True)
        (part / "run-x.wandb").write_bytes(b":W&B\x00\x00\x00")
    write_state(folder.path, MirrorState("p", parts=set(names)))


def test_a_run_that_was_not_sent_is_an_error_that_names_it(
    folder: SweepFolder, server: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_upload(folder, "offline-run-1-a", "offline-run-2-b")

    def sends_one(command: list[str], **how: object) -> subprocess.CompletedProcess[str]:
        (folder.path / "wandb" / "offline-run-1-a" / "run-x.wandb.synced").touch()
        return subprocess.CompletedProcess(
            command, 0, "wandb: ERROR Failed to sync all data: it is torn.\nwandb: x", ""
        )

    monkeypatch.setattr(subprocess, "run", sends_one)
    with pytest.raises(RecordsError, match=r"1 of 2 runs were not uploaded \(offline-run-2-b\): Failed.* torn\. Try"):
        upload(folder)
    assert RecordsError.exit_code == 3
    assert server.requests == []


def test_nothing_is_written_while_the_sweep_runs(folder: SweepFolder) -> None:
    wait_for_upload(folder, "offline-run-1-a")
    with locked(folder.path), pytest.raises(SweepInUseError, match="in use by process"):
        wandb_sync(["mine"], results=folder.path.parent.parent)


def test_a_global_opt_out_wins(folder: SweepFolder, trial: TrialPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    console = Console(record=True, width=200)
    with mirrored(WandbSpec(project="birds", mode="online"), folder, console) as listener:
        assert listener is None
    assert console.export_text().splitlines() == ["W&B: project birds, disabled (WANDB_MODE=disabled)"]
    assert not (folder.path / "wandb").exists()


def finish(folder: SweepFolder, trial: TrialPlan) -> None:
    """Put a finished trial on record, its checkpoint beside it."""
    folder.ask(trial)
    ledger = RunLedger(folder.path / "runs" / trial.runs[0].key)
    ledger.begin({"key": trial.runs[0].key, "spec": trial.runs[0].spec}, 0)
    body = {"epoch": 1, "state": "finished", "kept_epoch": 1, "protocol": "p", "metrics": {"val/macro_auc": 0.8}}

    def save(checkpoint: Path) -> None:
        (checkpoint / "model.safetensors").write_bytes(b"weights")

    ledger.publish(body, save)
    folder.end(trial, TrialEnd("complete", ((1, 0.8),)))


def names_the_machine(folder: SweepFolder, server: Kept) -> list[str]:
    """What was sent of keys, places and names that are nobody's business."""
    sent = "\n".join([*server.requests, *(content.decode(errors="replace") for content in server.files.values())])
    places = (str(folder.path.parent.parent), "/mnt/alice", f"{Path.home()}/", sys.prefix)
    names = (f'"{socket.gethostname()}"', f'"{getpass.getuser()}"')
    return [each for each in (SECRET, NETRC_SECRET, *places, *names) if each in sent]


@pytest.mark.long
def test_what_was_kept_offline_is_uploaded_whole_and_nothing_of_the_machine(
    folder: SweepFolder, trial: TrialPlan, server: Kept
) -> None:
    for epochs, end in (((1, 2), None), ((1, 2, 3), TrialEnd("failed", ((3, 0.8),), "/mnt/alice/x: no memory"))):
        listener = WandbListener(folder, SPEC.model_dump(mode="json"), "offline")
        listener.started(trial)
        for epoch in epochs:
            listener.epoch(trial, {"epoch": epoch, "score": 0.5 + epoch / 10, "metrics/val/macro_auc": 0.5})
        if end is not None:
            listener.ended(trial, end)
        assert listener.close()
    other = TrialPlan("search", 5, {}, {}, (RunPlan("m" * 12, {}, 0, 3, 0, "stratified"),))
    finish(folder, other)
    assert write_missing(folder, folder.path.parent.parent, SPEC.model_dump(mode="json")) == 1
    assert server.requests == []

    assert upload(folder) == 4  # two parts of the first trial, the second, the tables
    assert waiting(folder) == []
    runs = {body["displayName"]: body for body in server.runs.values()}
    first = runs["mine/search-0004"]
    assert [(row["epoch"], round(row["score"], 1)) for row in first["history"]] == [(1, 0.6), (2, 0.7), (3, 0.8)]
    assert (first["summary"]["state"], first["summary"]["error"]) == ("failed", ".../x: no memory")
    assert first["config"]["start"]["value"] == {"checkpoint": ".../w"}
    assert runs["mine/search-0005"]["summary"]["score"] == 0.8
    assert server.files["mine-search-0005-fold0-repeat0/model.safetensors"] == b"weights"
    assert json.loads(server.files["mine-tables/trials.table.json"])["nrows"] == 1
    assert not names_the_machine(folder, server)


@pytest.mark.long
def test_with_a_server_that_answers_nothing_is_left_to_upload(
    folder: SweepFolder, trial: TrialPlan, server: Kept
) -> None:
    console = Console(record=True, width=200)
    with mirrored(SPEC, folder, console) as listener:
        assert listener is not None
        finish(folder, trial)
        listener.started(trial)
        listener.epoch(trial, {"epoch": 1, "score": 0.8})
        listener.ended(trial, TrialEnd("complete", ((1, 0.8),)))
    assert console.export_text().splitlines() == ["W&B: project birds, online"]
    assert [body["summary"]["score"] for body in server.runs.values() if "score" in body["summary"]] == [0.8]
    assert server.files["mine-search-0004-fold0-repeat0/model.safetensors"] == b"weights"
    assert write_missing(folder, folder.path.parent.parent, SPEC.model_dump(mode="json")) == 0
    assert waiting(folder) == []
    assert not names_the_machine(folder, server)


@pytest.mark.long
def test_a_torn_file_fails_the_upload_though_wandb_says_nothing(folder: SweepFolder, server: Kept) -> None:
    wait_for_upload(folder, "offline-run-1-a")
    with pytest.raises(RecordsError, match="1 of 1 runs were not uploaded"):
        upload(folder)


@pytest.mark.long
def test_a_server_that_stops_answering_costs_less_than_two_seconds_and_loses_nothing(
    folder: SweepFolder, trial: TrialPlan, server: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    console, graces, close = Console(record=True, width=200), [], WandbListener.close

    def closing(listener: WandbListener, grace_s: float) -> bool:
        graces.append(grace_s)
        return close(listener, grace_s)

    monkeypatch.setattr(WandbListener, "close", closing)
    with socket.create_server(("127.0.0.1", 0)) as silent, mirrored(SPEC, folder, console) as listener:
        assert listener is not None
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        listener.started(trial)
        listener.epoch(trial, {"epoch": 1, "score": 0.8})
        finish(folder, trial)
        listener.ended(trial, TrialEnd("complete", ((1, 0.8),)))
        mirror = listener
    assert graces == [0], "the second and a half that the server is asked is all that it costs"
    assert not mirror.running
    assert "To write it: platform wandb-sync mine" in console.export_text()
    assert write_missing(folder, folder.path.parent.parent, SPEC.model_dump(mode="json")) == 1
    monkeypatch.setenv("WANDB_BASE_URL", server.url)
    assert upload(folder) == 2
    assert [body["summary"]["score"] for body in server.runs.values() if "score" in body["summary"]] == [0.8]
