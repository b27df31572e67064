"""The stages of a sweep on one local cluster with the dashboard off: what Ray gets wrong when trials are stopped."""

import io
import ipaddress
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest
from rich.console import Console

from analysis.records.sweep import SEARCH, SweepFolder, sweep_folder
from trainers.data.catalogue import load_catalogue
from trainers.data.prepare import prepare_store
from tuneful.cli.report import write_report
from tuneful.space.locate import find_sweep_file
from tuneful.space.options import SweepOptions
from tuneful.space.sweep import load_sweep
from tuneful.sweep.clusters.cluster import local_cluster
from tuneful.sweep.clusters.room import slots
from tuneful.sweep.folder import adopt
from tuneful.sweep.outcome import settle
from tuneful.sweep.plans import Planner
from tuneful.sweep.populations.population import Population
from tuneful.sweep.trials.trial import OneWorkerTrial

pytestmark = pytest.mark.ray

SLOW_S = 5


@pytest.fixture(scope="module")
def cluster(home):
    old = dict(os.environ)
    os.environ["TUNEFUL_HOME"] = str(home)
    prepare_store(load_catalogue("tones"), 8000)
    with local_cluster(dashboard=False) as running:
        yield running
    os.environ.clear()
    os.environ.update(old)


@pytest.fixture
def search(cluster, sweep_file, tmp_path):
    """Runs the search of the tiny sweep with changes; returns its folder."""

    def run(listener=None, console=None, **changes):
        from tuneful.sweep.stages import Stages

        sweep = load_sweep(sweep_file(**changes))
        folder = SweepFolder(tmp_path / "sweeps" / "tiny")
        adopt(folder, sweep.resolved())
        planner = Planner(sweep, load_catalogue("tones").digest, "fp32")
        stages = Stages(sweep, folder, planner, cluster, console or Console(quiet=True))
        if listener is not None:
            stages.listen(listener)
        stages.search(sweep.definition.trials)
        return folder

    return run


def placement_groups():
    from ray.util import placement_group_table

    return [group for group in placement_group_table().values() if group["state"] != "REMOVED"]


@pytest.mark.long
def test_asha_stops_trials_of_two_workers_and_nothing_of_them_is_left(search, cluster):
    import ray

    folder = search(resources="{workers: 2}", trials="3")
    ends = [end for _, end in folder.trials(SEARCH)]
    assert {end.state for end in ends} == {"complete", "pruned"}
    patience = time.monotonic() + 20  # Ray's books follow what happens within seconds
    while time.monotonic() < patience:
        free = ray.available_resources().get("CPU", 0)
        if not placement_groups() and free == cluster.cpus:
            break
        time.sleep(0.2)
    assert placement_groups() == []
    assert free == cluster.cpus


class Sleeper:
    """A tracker that is slower than any epoch."""

    def __init__(self):
        self.heard = 0

    def started(self, plan):
        self.heard += 1

    def epoch(self, plan, result):
        time.sleep(SLOW_S if self.heard == 3 else 0)
        self.heard += 1

    def ended(self, plan, end):
        time.sleep(SLOW_S)
        self.heard += 1


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_a_slow_listener_hangs_nothing(search, workers):
    sleeper = Sleeper()
    folder = search(listener=sleeper, trials="1", resources=f"{{workers: {workers}}}", scheduler="{name: fifo}")
    ((plan, end),) = folder.trials(SEARCH)
    assert end.state == "complete"
    assert sleeper.heard == 2 + 3
    epochs = folder.ledger(plan.runs[0].key).epochs()
    assert end.scores == tuple((e["epoch"], e["metrics"]["val/macro_auc"]) for e in epochs)


def test_a_trial_that_fails_or_diverges_leaves_the_others_alone(search):
    backbones = "{choice: [test_efficientnet, no_such_model]}"
    rates = "{choice: [1.0e-3, 10.0]}"
    folder = search(
        search=f"{{model.backbone: {backbones}, optimizer.lr: {rates}}}",
        search_algorithm="{name: optuna, sampler: random, seed: 3}",
        scheduler="{name: fifo}",
        trials="6",
    )
    for plan, end in folder.trials(SEARCH):
        if plan.settings["model.backbone"] == "no_such_model":
            assert end.state == "failed"
            assert "is no timm model" in end.error
        else:
            assert end.state in ("complete", "diverged")
    assert {"failed", "complete"} <= {end.state for _, end in folder.trials(SEARCH)}


def test_a_worker_that_is_killed_is_started_again_and_goes_on(search):
    class Killer:
        def __init__(self):
            self.killed = False

        def started(self, plan):
            pass

        def epoch(self, plan, result):
            if not self.killed:
                self.killed = True
                for process in psutil.Process().children(recursive=True):
                    if process.name().startswith("ray::OneWorker") or "OneWorkerTrial" in " ".join(process.cmdline()):
                        process.kill()

        def ended(self, plan, end):
            pass

    killer = Killer()
    folder = search(listener=killer, trials="1", scheduler="{name: fifo}")
    ((plan, end),) = folder.trials(SEARCH)
    assert killer.killed
    assert end.state == "complete"
    epochs = folder.ledger(plan.runs[0].key).epochs()
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert epochs[-1]["attempt"] == 2


class Breaking(OneWorkerTrial):
    """As after a failed assertion on a GPU: once something broke, nothing works in that process any more."""

    broken = False

    def _open(self):
        Breaking.broken |= self._config["trial"] == "search-0000"
        if Breaking.broken:
            raise RuntimeError("CUDA error: device-side assert triggered\nmore of it")
        return super()._open()


@pytest.mark.long
def test_a_process_in_which_something_broke_takes_no_other_trial(search, monkeypatch):
    """It is tried once more in a new process, which it breaks as well."""
    monkeypatch.setattr("tuneful.sweep.tuning.OneWorkerTrial", Breaking)
    folder = search(trials="2", scheduler="{name: fifo}", resources="{max_concurrent_trials: 1}")
    first, second = (end for _, end in folder.trials(SEARCH))
    assert (first.state, second.state) == ("failed", "complete")
    kept = folder.traceback("search-0000")
    assert first.error == f"RuntimeError: CUDA error: device-side assert triggered (see {kept})"
    assert "in _open" in kept.read_text()
    assert not first.by_settings


@pytest.mark.long
def test_two_workers_wait_for_room_as_long_as_it_takes(search, cluster, monkeypatch):
    """Train gives up after 60 s by itself, three times, and the trial had failed."""
    import ray
    from ray.util import placement_group, remove_placement_group

    from tuneful.sweep.clusters import watchdog

    monkeypatch.setattr(watchdog, "FIRST_S", 15.0)
    monkeypatch.setattr(watchdog, "LOOK_S", 1.0)
    somebody_else = placement_group([{"CPU": cluster.cpus - 1}])
    ray.get(somebody_else.ready())
    leaving = threading.Timer(75, remove_placement_group, [somebody_else])
    leaving.start()
    said = io.StringIO()
    try:
        folder = search(console=Console(file=said, width=300), trials="1", resources="{workers: 2}")
    finally:
        leaving.cancel()
        remove_placement_group(somebody_else)
    assert [end.state for _, end in folder.trials(SEARCH)] == ["complete"]
    assert "a trial needs 2 times 1 CPU. Free: 1 of 2 CPU. Held by: a placement group" in said.getvalue()


def test_every_socket_of_the_cluster_listens_on_loopback_only(cluster):
    ours = {process.pid for process in psutil.Process().children(recursive=True)}
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid in ours]
    assert listening
    mapped = [ipaddress.ip_address(c.laddr.ip.removeprefix("::ffff:")) for c in listening]
    assert all(address.is_loopback for address in mapped), listening


@pytest.mark.long
def test_ray_imported_before_is_started_as_safely():
    """As in a notebook: what Ray reads at its import was read without us."""
    code = """
import ray
from tuneful.sweep.clusters.cluster import local_cluster
import psutil
if __name__ == "__main__":
    for _ in range(2):
        with local_cluster(dashboard=False) as cluster:
            ours = {process.pid for process in psutil.Process().children(recursive=True)}
            found = [c for c in psutil.net_connections("inet") if c.status == "LISTEN" and c.pid in ours]
            print(sorted({c.laddr.ip for c in found}))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["['127.0.0.1', '::ffff:127.0.0.1']"] * 2


def test_the_token_and_the_clusters_folder_are_the_users_own(cluster):
    assert cluster.token_file.stat().st_mode & 0o777 == 0o600
    assert cluster.token_file.parent.stat().st_mode & 0o777 == 0o700


def test_one_trial_per_core(cluster):
    assert slots(cluster.nodes, {"workers": 1, "cpus_per_worker": 1, "gpus_per_worker": 0}) == int(cluster.cpus)
    assert slots(cluster.nodes, {"workers": 2, "cpus_per_worker": 1, "gpus_per_worker": 0}) == int(cluster.cpus) // 2


# ---- population based training

POPULATION = {
    "search": "{optimizer.lr: {loguniform: [1.0e-4, 2.0e-2]}, targets.mode: {choice: [soft, hard]}}",
    "trials": "4",
}


@pytest.fixture
def taken(monkeypatch):
    """Whether a run has the donor's weights, each time that it takes over: later both have dropped them."""
    equal, take_over = [], Population._take_over

    def noting(self, run, giver, entry):
        take_over(self, run, giver, entry)
        places = [self._folder.ledger(one.key).checkpoint(entry["epoch"]) for one in (run, giver)]
        mine, theirs = ((place / "model.safetensors").read_bytes() for place in places)
        equal.append(mine == theirs)

    monkeypatch.setattr(Population, "_take_over", noting)
    return equal


def check_what_was_taken_over(folder):
    """After an exploit a run has the donor's epoch, and trained on with the changed rate."""
    exploited = [plan for plan, _ in folder.trials(SEARCH) if plan.exploits]
    donors = {plan.number: plan for plan, _ in folder.trials(SEARCH)}
    assert exploited
    for plan in exploited:
        newest = plan.exploits[-1]
        (run,), (given,) = plan.runs, donors[newest["donor"]].runs
        assert run.spec["optimizer"]["lr"] == plan.settings["optimizer.lr"] == newest["new"]["optimizer.lr"]
        assert newest["new"]["optimizer.lr"] != newest["copied"]["optimizer.lr"]
        assert newest["new"]["targets.mode"] == newest["copied"]["targets.mode"] == run.spec["targets"]["mode"]
        ledger, theirs = folder.ledger(run.key), folder.ledger(given.key)
        assert ledger.exploits()[-1]["donor_run"] == given.key
        mine = {e["epoch"]: e["metrics"] for e in ledger.epochs()}
        assert mine[newest["epoch"]] == {e["epoch"]: e["metrics"] for e in theirs.epochs()}[newest["epoch"]]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_population_larger_than_there_is_room_for_takes_over_from_its_best(search, taken, workers):
    scheduler = f"{{name: pbt, interval: {workers}, mutate: [optimizer.lr], quantile: 0.5}}"
    folder = search(scheduler=scheduler, resources=f"{{workers: {workers}}}", **POPULATION)
    trials = folder.trials(SEARCH)
    assert [end.state for _, end in trials] == ["complete"] * 4
    assert all([epoch for epoch, _ in end.scores] == [1, 2, 3] for _, end in trials)
    check_what_was_taken_over(folder)
    assert taken
    assert all(taken)


# ---- other schedulers, and what ends a search


@pytest.mark.long
@pytest.mark.parametrize(
    "scheduler",
    [
        "{name: hyperband, grace_period: 1, reduction_factor: 2, brackets: 2}",
        "{name: median, grace_period: 1, min_trials: 2}",
    ],
)
def test_trials_that_a_scheduler_stops_are_pruned_and_none_is_left_waiting(search, scheduler):
    folder = search(scheduler=scheduler, trials="7", search="{optimizer.lr: {loguniform: [1.0e-6, 2.0e-2]}}")
    ends = [end for _, end in folder.trials(SEARCH)]
    assert {end.state for end in ends} == {"complete", "pruned"}
    for end in ends:
        assert [epoch for epoch, _ in end.scores] == list(range(1, len(end.scores) + 1))
        assert (len(end.scores) == 3) or end.state == "pruned"


@pytest.mark.long
def test_a_search_ends_when_it_has_stalled_and_trials_where_they_stop_rising(search):
    changes = {"scheduler": "{name: fifo}", "early_stop": "{patience: 1, min_gain: 0.9}", "trials": "9"}
    folder = search(**changes, stall="{trials: 2, gain: 0.9}")
    ends = [end for _, end in folder.trials(SEARCH)]
    assert 3 <= len(ends) <= 4, "the one that ran beside the third ends, too"
    assert {(end.state, len(end.scores)) for end in ends} == {("complete", 2)}


# ---- the files that ship

ON_TONES = ("data.split.n_folds=3", "segments.duration_s=0.5", "data.sample_rate=8000")
FRONT_END = ("front_end.n_fft=256", "front_end.hop_length=128", "front_end.n_mels=16")
TONES = {  # joint, derived, a grid
    "loss": ("training.epochs=2", "training.batch_size=8", *FRONT_END),
    "mel": ("training.epochs=2", "training.batch_size=8"),
    "sampling": ("training.epochs=1", "training.batch_size=8", *FRONT_END),
}


@pytest.mark.parametrize("name", TONES)
def test_a_shipped_sweep_searches_and_gets_its_page(cluster, tmp_path, name):
    from tuneful.sweep.stages import Stages

    one_slot = {"cpus_per_worker": os.cpu_count()}  # one process imports torch, not several
    options = SweepOptions(data="tones", trials=3, sets=(*ON_TONES, *TONES[name]), resources=one_slot)
    sweep, folder = load_sweep(find_sweep_file(name), options), sweep_folder(tmp_path, name)
    adopt(folder, sweep.resolved())
    planner = Planner(sweep, load_catalogue("tones").digest, "fp32")
    Stages(sweep, folder, planner, cluster, Console(quiet=True)).search(3)
    settle(folder, tmp_path)
    assert [end.state for _, end in folder.trials(SEARCH) if end is not None] == ["complete"] * 3
    assert "What each parameter did" in write_report(folder, tmp_path).read_text()
