"""A cluster that doesn't come up is one message; what killed ones left is removed, by whichever sweep is first."""

import os
from pathlib import Path

import pytest
import ray

from tuneful.errors import ResourceError
from tuneful.sweep.clusters import cluster, joining


def test_a_ray_that_does_not_start_is_told_and_leaves_the_mask_as_it_was(monkeypatch, tmp_path):
    def init(**_):
        raise Exception("The current node timed out during startup.\nmore")  # as Ray does on a busy machine

    monkeypatch.setattr(ray, "init", init)
    before = os.umask(0o022)
    try:
        with pytest.raises(ResourceError, match=r"did not start.*\(The current node timed out .*\)\. Try"):
            cluster._start(tmp_path, dashboard=False)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


DEAD = 2**22 + 1
"""No process has such a pid."""


def test_two_sweeps_that_start_at_once_both_start_though_each_removes_what_is_abandoned(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = [tmp_path / f"tuneful-{pid}-x" for pid in (DEAD, DEAD + 1, os.getpid())]
    for folder in left:
        folder.mkdir()
    glob = Path.glob

    def and_the_other_is_faster(folder, pattern):
        found = list(glob(folder, pattern))
        (tmp_path / f"tuneful-{DEAD}-x").rmdir()
        return found

    monkeypatch.setattr(Path, "glob", and_the_other_is_faster)
    cluster._remove_abandoned()
    assert [folder.exists() for folder in left] == [False, False, True]


def test_joining_removes_what_ray_kept_for_processes_that_were_killed(monkeypatch, tmp_path):
    (tmp_path / ".ray-0123abcd" / "train").mkdir(parents=True)
    (tmp_path / "trials").mkdir()
    monkeypatch.setattr(joining, "join", lambda _: None)
    monkeypatch.setattr(joining, "leave", lambda: None)
    seen = []

    def check(paths, head_works):
        seen.extend(path.name for path in tmp_path.iterdir())
        raise ResourceError("enough")

    monkeypatch.setattr(joining, "check_shared", check)
    with pytest.raises(ResourceError, match="enough"), joining.joined_cluster("head:6379", tmp_path):
        pass
    assert ".ray-0123abcd" not in seen
    assert [path.name for path in tmp_path.iterdir()] == ["trials"]


@pytest.mark.parametrize(("head_works", "expected"), [(False, ["worker"]), (True, ["head", "worker"])])
def test_a_head_without_cpus_is_checked_where_trials_of_several_workers_live_there(head_works, expected):
    nodes = [
        {"Alive": True, "Resources": {"memory": 1.0, cluster.HEAD: 1.0}, "NodeID": "head"},
        {"Alive": True, "Resources": {"CPU": 8.0}, "NodeID": "worker"},
        {"Alive": False, "Resources": {"CPU": 8.0}, "NodeID": "gone"},
        {"Alive": True, "Resources": {"memory": 1.0}, "NodeID": "storage"},
    ]
    assert [node["NodeID"] for node in joining.working_nodes(nodes, head_works)] == expected
