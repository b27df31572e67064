"""Small recordings, a tiny dataset of tones, and what trains on it in a fraction of a second."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from analysis.records.ledger import RunLedger
from trainers.config.build import build_spec, parse_overrides
from trainers.config.yamlfile import parse_document
from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.dataset import RunData, load_run_data
from trainers.data.prepare import prepare_store
from trainers.data.sandbox import Sandbox
from trainers.data.sources.csv import read_csv
from trainers.fit import fit
from trainers.spec import RunSpec
from trainers.training.session import EpochReport, local_session

WriteAudio = Callable[..., Path]
BuildSpec = Callable[..., RunSpec]
TrainRun = Callable[..., "Trained"]
RATE, CLASSES, PER_CLASS = 8000, ("ash", "birch", "cedar", "date"), 10
RECIPE = """
data: {name: tones, sample_rate: 8000}
segments: {duration_s: 0.5}
front_end: {n_fft: 256, hop_length: 64, n_mels: 32}
model: {backbone: test_convnext2}
training: {epochs: 4, batch_size: 8}
optimizer: {lr: 0.003}
"""
CPU = torch.device("cpu")
CLOCK = ("seconds", "eval_seconds", "clips_per_second", "cost/inference_s_per_min")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `$TUNEFUL_HOME`."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNEFUL_HOME", str(folder))
    return folder


@pytest.fixture
def decode_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in threads of this process, where it can be watched, and without starting others."""
    monkeypatch.setattr(Sandbox, "call", _call_here)


def _call_here(sandbox: Sandbox, function: Callable[..., Any], *args: Any) -> Any:
    del sandbox
    return function(*args)


@pytest.fixture
def audio(tmp_path: Path) -> WriteAudio:
    """`audio("a/b.flac", seconds=2, rate=8000, channels=1)`: a recording of noise below `tmp_path / "root"`."""

    def write(name: str, seconds: float = 1.0, rate: int = 8000, channels: int = 1, **options: object) -> Path:
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(name.encode()) + int(1000 * seconds)
        samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * rate), channels))
        soundfile.write(path, samples, rate, **options)
        return path

    return write


# ---- runs


def make_tones(home: Path, folder: Path) -> None:
    """40 clips of four tones in noise, five without labels and two of background, as the catalogue `tones`."""
    rng = np.random.default_rng(0)
    rows = ["path,labels,subset,site,recorded_at,rating"]
    folder.mkdir(parents=True)
    labelled = len(CLASSES) * PER_CLASS
    for number in range(labelled + 7):
        label = number % len(CLASSES)
        t = np.arange(round(RATE * rng.uniform(0.4, 1.1))) / RATE
        tone = 0.3 * np.sin(2 * np.pi * (400 * 2**label) * t * rng.uniform(0.95, 1.05))
        soundfile.write(folder / f"{number:02}.wav", tone + 0.05 * rng.normal(size=len(t)), RATE)
        subset = "train" if number < labelled else "target" if number < labelled + 5 else "background"
        about = f"{'north' if number % 3 else 'south'},2024-05-01T{5 + number % 2:02}:10:00,{1 + number % 5}"
        rows.append(f"{number:02}.wav,{CLASSES[label] if subset == 'train' else ''},{subset},{about}")
    (folder / "tones.csv").write_text("\n".join(rows))
    catalogue = save_catalogue("tones", "csv", folder, read_csv(folder / "tones.csv", folder).clips)
    prepare_store(catalogue, RATE)


@pytest.fixture(scope="session")
def tones_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the catalogue `tones`, decoded."""
    home = tmp_path_factory.mktemp("tones")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEFUL_HOME", str(home))
        patch.setattr(Sandbox, "call", _call_here)
        make_tones(home, home / "audio")
    return home


@pytest.fixture
def at_home(tones_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where `tones` is the only catalogue. One thread, too: the last digit of a sum depends on their number."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tones_home))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny_ast(tmp_path: Path, at_home: None, decode_here: None) -> list[str]:
    """Overrides for an Audio Spectrogram Transformer of three tiny layers with random weights, at its 16 kHz."""
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.ASTConfig(**sizes, max_length=64).save_pretrained(tmp_path / "ast")
    transformers.ASTFeatureExtractor(max_length=64).save_pretrained(tmp_path / "ast")
    prepare_store(load_catalogue("tones"), 16_000)
    model = ("model.name=ast", f"model.checkpoint={tmp_path / 'ast'}", "model.pretrained=false")
    return [*model, "data.sample_rate=16000", "segments.train_crop=center"]


@pytest.fixture
def spec() -> BuildSpec:
    """`spec("training.epochs=2")`: the tiny run with overrides."""

    def build(*overrides: str) -> RunSpec:
        return build_spec(parse_document(RECIPE), [parse_overrides(overrides)])

    return build


@dataclass
class Trained:
    """A run and its ledger."""

    ledger: RunLedger
    reports: list[EpochReport]

    @property
    def metrics(self) -> list[dict[str, float]]:
        """Of every epoch on record, but for the clock."""
        records = (record["metrics"] for record in self.ledger.epochs())
        return [{name: value for name, value in m.items() if name not in CLOCK} for m in records]

    @property
    def checkpoint(self) -> Path:
        found = self.ledger.newest_checkpoint()
        assert found is not None
        return found[1]

    @property
    def weights(self) -> bytes:
        return (self.checkpoint / "model.safetensors").read_bytes()

    @property
    def outcome(self) -> tuple[Any, ...]:
        """All that must not depend on how the run came about."""
        optimizer = (self.checkpoint / "optimizer.safetensors").read_bytes()
        return repr(self.metrics), self.weights, optimizer, (self.checkpoint / "state.json").read_text()


@pytest.fixture
def train(tmp_path: Path) -> TrainRun:
    """`train(spec, "name", upto=2)`: train, or go on with, the run of that name."""

    def go(spec: RunSpec, name: str = "run", upto: int | None = None, data: RunData | None = None) -> Trained:
        ledger = RunLedger(tmp_path / name)
        session = local_session(ledger, {"key": name}, CPU)
        iterator, reports = fit(spec, data or load_run_data(spec), session), []
        for report in iterator:
            reports.append(report)
            if report.epoch == upto:
                break
        iterator.close()  # type: ignore[attr-defined]
        return Trained(ledger, reports)

    return go


@pytest.fixture
def resumes(tmp_path: Path) -> Callable[..., Trained]:
    """`resumes(spec)` asserts that a run stopped after an epoch ends as one never stopped, and returns the latter."""

    def check(spec: RunSpec, data: RunData | None = None) -> Trained:
        data = data or load_run_data(spec)
        whole, stopped = (RunLedger(tmp_path / name) for name in ("whole", "stopped"))
        epochs = fit(spec, data, local_session(whole, {"key": "whole"}, CPU))
        reports = [next(epochs)]
        shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
        reports += epochs
        torch.manual_seed(999)  # another process would be in another state
        gone_on = list(fit(spec, data, local_session(stopped, {"key": "stopped"}, CPU)))
        assert [report.epoch for report in gone_on] == [report.epoch for report in reports[1:]]
        assert Trained(stopped, gone_on).outcome == Trained(whole, reports).outcome
        return Trained(whole, reports)

    return check
