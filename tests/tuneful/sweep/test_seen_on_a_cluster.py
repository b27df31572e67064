"""A real sweep as it is seen and stopped from outside: its trials' output, its addresses, its metrics."""

import re
import stat
from urllib.request import urlopen

import pytest

from analysis.records.sweep import SEARCH, SweepFolder
from tuneful.live.pace_file import read_live
from tuneful.live.records import RecordsView
from tuneful.sweep.clusters.ray_where import read_where
from tuneful.sweep.requests import BY_HAND, ask_stop

pytestmark = pytest.mark.ray

LONG = {
    "trials": "3",
    "scheduler": "{name: fifo}",
    "set": "{data: {name: tones, sample_rate: 8000, split: {n_folds: 2}}, segments.duration_s: 0.5, "
    "front_end: {n_fft: 256, hop_length: 128, n_mels: 32, f_min: 50.0}, training: {epochs: 500, batch_size: 8}}",
}


@pytest.fixture
def started(start_in, sweep_file, tmp_path):
    """`started(resources=...)`: (process, folder) of a sweep that would take long."""

    def start(**changes):
        process = start_in(tmp_path, "sweep", str(sweep_file(**{**LONG, **changes})), "--no-dashboard")
        return process, SweepFolder(tmp_path / "results" / "sweeps" / "tiny")

    return start


def ends(folder):
    return [end for _, end in folder.trials(SEARCH)]


@pytest.mark.long
def test_a_trial_and_then_its_sweep_are_stopped_from_outside(started, wait_for, tmp_path):
    process, folder = started(resources="{max_concurrent_trials: 1}")
    log = folder.path / "trials" / "search-0000.log"
    wait_for(lambda: log.exists() and "epoch 2 " in log.read_text(), process)
    where = wait_for(lambda: read_where(folder.path), process)
    assert where.metrics is not None
    assert stat.S_IMODE((folder.path / "ray.json").stat().st_mode) == 0o600
    assert wait_for(lambda: read_live(folder.path), process).pace.slots == 1

    ask_stop(folder.path, "search-0000")
    wait_for(lambda: ends(folder)[0], process)
    assert (ends(folder)[0].state, ends(folder)[0].error) == ("pruned", BY_HAND)
    wait_for(lambda: len(ends(folder)) == 2, process)
    # The second one waits until its process has reported an epoch.
    wait_for(lambda: [row.state for row in RecordsView(folder).look().rows] == ["pruned", "running"], process)

    ask_stop(folder.path, None)
    assert process.wait(60) == 130
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert "To go on: " in said
    kept = (folder.path / "sweep.log").read_text()
    assert "search-0000 stopped early" in kept
    assert "asked to stop by" in kept
    assert (folder.path / "ray.log").stat().st_size > 0
    left = {path.name for path in folder.path.iterdir()}
    assert not left & {"ray.json", "live.json", "lock.json", "requests"}


@pytest.mark.long
def test_the_output_of_two_workers_is_kept_and_metrics_arrive_where_prometheus_reads(started, wait_for):
    process, folder = started(resources="{workers: 2}")
    logs = [folder.path / "trials" / name for name in ("search-0000.log", "search-0000.worker-1.log")]
    wait_for(lambda: all(log.exists() and "epoch 2 " in log.read_text() for log in logs), process)
    where = wait_for(lambda: read_where(folder.path), process)

    def told():
        with urlopen(where.metrics, timeout=10) as page:
            return re.findall(r"^ray_tuneful_(\w+)\{(.*)\} ([\d.]+)$", page.read().decode(), re.MULTILINE)

    wait_for(lambda: {name for name, _, _ in told()} >= {"score", "epoch", "trials"}, process)
    scores = [labels for name, labels, _ in told() if name == "score"]
    assert all('sweep="tiny"' in labels and 'trial="search-000' in labels for labels in scores)
    ask_stop(folder.path, None)
    assert process.wait(60) == 130
