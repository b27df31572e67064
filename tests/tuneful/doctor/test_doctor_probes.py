"""Each probe names a planted fault with its fix, and is content without one."""

import errno
import json
import os
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import soundfile

from analysis.records.sweep import sweep_folder
from trainers.data.catalogue import catalogue_folder, save_catalogue
from tuneful.doctor import audio, datasets, disk, keys, machine, ray_start, sweeps, torch_child, torch_import, versions
from tuneful.doctor.finding import Finding, Place
from tuneful.sweep.lock import locked


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("home", "results", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Place(tmp_path / "home", tmp_path / "results", tmp_path / "tmp")


def found(findings: object) -> dict[str, Finding]:
    return {one.what: one for one in findings}  # type: ignore[attr-defined]


def faults(findings: object) -> dict[str, str]:
    """Status by what, of all that isn't well; each must say what to do."""
    ill = [one for one in findings if one.status != "ok"]  # type: ignore[attr-defined]
    assert all(one.fix and one.evidence for one in ill)
    return {one.what: one.status for one in ill}


# ---- packages, torch, audio


def test_this_environment_fits(place: Place) -> None:
    assert not faults(versions.python_and_packages(place))


def test_packages_that_are_missing_or_out_of_bounds_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    have = {"ray": "2.70.0", "optuna": None}

    def version(name: str) -> str:
        if have.get(name, "1") is None:
            raise PackageNotFoundError(name)
        return have.get(name) or "5.1"

    monkeypatch.setattr(versions, "version", version)
    wanted = ["ray[tune]>=2.59,<2.61", "optuna>=5,<6", "timm>=1.0", 'extra-tool>=9; extra == "tools"']
    monkeypatch.setattr(versions, "requires", lambda *_: wanted)
    about = SimpleNamespace(get_all=lambda *_: ["tools", "test"])
    python = versions.metadata("tuneful")["Requires-Python"]
    about_python = type("About", (SimpleNamespace,), {"__getitem__": lambda *_: python})(**vars(about))
    monkeypatch.setattr(versions, "metadata", lambda *_: about_python)
    assert faults(versions.python_and_packages(place)) == {"ray": "problem", "optuna": "problem"}
    one = found(versions.python_and_packages(place))["ray"]
    assert "2.70.0" in one.evidence and '"ray[tune]<2.61,>=2.59"' in one.fix
    assert faults(versions.optional_packages(place)) == {"tools": "warning"}


def child(monkeypatch: pytest.MonkeyPatch, out: object = "", error: str = "", code: int = 0) -> None:
    text = out if isinstance(out, str) else f"noise\n{json.dumps(out)}\n"
    done = subprocess.CompletedProcess([], code, text, error)
    monkeypatch.setattr(torch_import.subprocess, "run", lambda *_, **__: done)


GPU = {"name": "H200", "bytes": 139 * 2**30}
TORCH: dict[str, object] = {
    "imported": {"torch": {"version": "2.12.1"}, "torchaudio": {"version": "2.11.0"}},
    "devices": {"device": "cuda", "precision": "bf16", "cuda": "13.0", "gpus": [GPU], "bf16": True},
}


def test_torch_with_a_gpu_says_what_auto_picks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    child(monkeypatch, TORCH)
    probed = found(torch_import.torch_and_devices(place))
    assert not faults(probed.values())
    assert "H200 with 139 GiB; bf16: yes" in probed["GPUs"].evidence
    assert probed["auto"].evidence == "device: auto is cuda, precision: auto is bf16"


def test_a_companion_of_another_build_is_a_problem_with_its_error(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"torch": {"version": "2.12.1"}, "torchaudio": {"error": "OSError: libcudart.so.13"}}
    child(monkeypatch, {**TORCH, "imported": broken})
    probed = found(torch_import.torch_and_devices(place))
    assert faults(probed.values()) == {"torchaudio": "problem"}
    assert "libcudart.so.13" in probed["torchaudio"].evidence


def test_an_import_that_crashes_is_a_problem(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    child(monkeypatch, error="Fatal Python error: Segmentation fault", code=-11)
    assert "Segmentation fault" in found(torch_import.torch_and_devices(place))["torch"].evidence


def test_a_gpu_that_torch_doesnt_see_is_a_problem(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = {"device": "cpu", "precision": "fp32", "cuda": None, "gpus": [], "bf16": False}
    child(monkeypatch, {**TORCH, "devices": blind})
    monkeypatch.setattr(torch_import, "count_gpus", lambda: 2)
    probed = found(torch_import.torch_and_devices(place))
    assert faults(probed.values()) == {"GPUs": "problem"}
    assert "built for CPUs only" in probed["GPUs"].evidence
    monkeypatch.setattr(torch_import, "count_gpus", lambda: 0)
    assert not faults(torch_import.torch_and_devices(place))


def test_the_child_says_what_fails_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_child, "COMPANIONS", ("numpy", "no_such_companion"))
    found = torch_child.imported()
    assert found["numpy"]["version"]
    assert found["no_such_companion"]["error"].startswith("ModuleNotFoundError")


def test_formats_are_tried(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not faults(audio.audio_formats(place))
    real = soundfile.write

    def write(file: object, samples: object, rate: int, **how: str) -> None:
        if how["format"] in ("MP3", "FLAC"):
            raise ValueError(f"unknown format {how['format']}")
        real(file, samples, rate, **how)

    monkeypatch.setattr(soundfile, "write", write)
    assert faults(audio.audio_formats(place)) == {"mp3": "warning", "flac": "problem"}


# ---- machine


def test_limits_of_containers_are_read() -> None:
    assert machine.cpu_quota("150000 100000\n") == 1.5
    assert machine.cpu_quota("max 100000\n") is machine.cpu_quota("") is None
    assert machine.memory_limit("1073741824\n") == 2**30
    assert machine.memory_limit("max\n") is None


def test_few_cpus_and_little_memory_are_warnings(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000")
    (tmp_path / "memory.max").write_text("max")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda *_: set(range(8)))
    assert not faults(machine.cpus(place))
    (tmp_path / "cpu.max").write_text("200000 100000")
    assert "a quota of 2 CPUs" in found(machine.cpus(place))["CPUs"].evidence
    monkeypatch.setattr(os, "sched_getaffinity", lambda *_: {3})
    assert "an affinity of 1 CPUs" in found(machine.cpus(place))["CPUs"].evidence
    space = SimpleNamespace(total=64 * 2**20, free=2**20)
    plenty = SimpleNamespace(total=2**36, available=2**35)
    monkeypatch.setattr(machine, "psutil", SimpleNamespace(virtual_memory=lambda: plenty, disk_usage=lambda *_: space))
    assert faults(machine.memory(place)) == {"shared memory": "warning"}
    (tmp_path / "memory.max").write_text(str(2**30))
    assert faults(machine.memory(place)) == {"memory": "warning", "shared memory": "warning"}


# ---- ray


def test_ray_can_start_below_a_short_path_with_room(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_start.psutil, "disk_usage", lambda *_: SimpleNamespace(percent=50.0))
    with tempfile.TemporaryDirectory(prefix="d", dir="/tmp") as folder:
        (Path(folder) / f"tuneful-{os.getpid()}-abc").mkdir()
        assert not faults(ray_start.ray_can_start(Place(place.home, place.results, Path(folder))))


def test_what_keeps_ray_from_starting_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = place.temporary / ("d" * 60)
    (deep / f"tuneful-{2**22 + 1}-abc").mkdir(parents=True)  # above the highest pid that Linux gives
    monkeypatch.setattr(ray_start.psutil, "disk_usage", lambda *_: SimpleNamespace(percent=99.0))

    class Closed:
        def __init__(self) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(ray_start.socket, "socket", Closed)
    probed = faults(ray_start.ray_can_start(Place(place.home, place.results, deep)))
    assert probed == {"loopback": "problem", "socket paths": "problem", "room": "problem", "left over": "warning"}


# ---- disk


def test_folders_with_room_are_fine_and_nothing_is_left_in_them(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "FEW_GIB", 0)
    later = Place(place.home, place.results / "not" / "yet", place.temporary)
    assert not faults(disk.folders(later))
    assert not list(place.home.iterdir()) + list(place.results.iterdir())


def test_a_folder_that_is_full_read_only_a_file_or_tight_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.results / "file").write_text("")
    monkeypatch.setattr(disk, "FEW_GIB", 2**20)
    for number, text in ((errno.ENOSPC, "full"), (errno.EROFS, "Read-only")):

        def refuse(dir: Path, number: int = number) -> object:  # noqa: A002  # as tempfile calls it
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(disk.tempfile, "TemporaryFile", refuse)
            one = found(disk.folders(place))["home"]
            assert one.status == "problem" and text in one.evidence
    assert faults(disk.folders(Place(place.home, place.results / "file", place.temporary))) == {
        "home": "warning",
        "results": "problem",
        "temporary": "warning",
    }


def test_the_store_is_counted_in_hours(place: Place) -> None:
    shard = place.home / "store" / "16000" / "shard-1.i16"
    shard.parent.mkdir(parents=True)
    with shard.open("wb") as file:
        file.truncate(2 * 16_000 * 3600 * 3)  # no byte of it on the disk
    assert found(disk.store(place))["store 16000 Hz"].evidence.endswith("3.0 hours")


# ---- data and results


@pytest.fixture
def birds(place: Place, tmp_path: Path) -> Path:
    """A catalogue with one recording; its folder."""
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "a.wav").write_bytes(b"RIFF")
    row = {"clip_id": "a", "path": "a.wav", "recording_id": "a", "start_s": 0.0, "duration_s": 1.0, "content": "c"}
    save_catalogue("birds", "csv", tmp_path / "audio", pd.DataFrame([row | {"labels": ["wren"]}]))
    return tmp_path / "audio"


def test_a_catalogue_in_order_says_how_much_is_decoded(place: Place, birds: Path) -> None:
    probed = found(datasets.datasets(place))
    assert not faults(probed.values())
    assert "nothing decoded yet" in probed["catalogue birds"].evidence
    assert "chorus" in probed["built in"].evidence


def test_a_torn_catalogue_a_missing_folder_and_missing_recordings_are_problems(place: Place, birds: Path) -> None:
    (birds / "a.wav").rename(birds / "b.wav")
    assert "a.wav" in found(datasets.datasets(place))["catalogue birds"].evidence
    birds.rename(birds.with_name("moved"))
    assert "isn't there" in found(datasets.datasets(place))["catalogue birds"].evidence
    table = catalogue_folder("birds") / "catalogue.parquet"
    table.write_bytes(table.read_bytes()[:100])
    probed = found(datasets.datasets(place))
    assert faults(probed.values()) == {"catalogue birds": "problem"}
    assert "can't be read" in probed["catalogue birds"].evidence


def test_locks_of_the_living_and_the_dead_and_torn_sweeps(place: Place) -> None:
    assert not faults(sweeps.sweeps(place))
    for name in ("alive", "dead", "torn", "done"):
        sweep_folder(place.results, name).write_definition({"trials": 1})
    dead = {"pid": 2**22 + 1, "started": 0, "boot": 0, "since": 0}
    (place.results / "sweeps" / "dead" / "lock.json").write_text(json.dumps(dead))
    (place.results / "sweeps" / "torn" / "sweep.yaml").write_text("{")
    with locked(place.results / "sweeps" / "alive"):
        probed = found(sweeps.sweeps(place))
    assert faults(probed.values()) == {"dead": "warning", "torn": "problem"}
    assert f"process {os.getpid()} works on it" in probed["alive"].evidence
    assert probed["sweeps"].evidence.startswith("1 of 4")


def test_a_key_is_never_shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert "none is needed" in found(keys.wandb_key(place))["W&B"].evidence
    (place.home.parent / ".netrc").write_text("machine api.wandb.ai login user password sekrit")
    assert "netrc has a key" in found(keys.wandb_key(place))["W&B"].evidence
    monkeypatch.setenv("WANDB_API_KEY", "sekrit")
    assert "sekrit" not in str(list(keys.wandb_key(place)))
