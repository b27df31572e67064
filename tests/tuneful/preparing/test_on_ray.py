"""Decoding in the tasks of a cluster that another process has started, joined by its address and its token."""

import os
import subprocess

import pytest

from tests.tuneful.conftest import PLATFORM, environment
from trainers.data.catalogue import load_catalogue
from trainers.data.prepare import recordings
from trainers.data.store import Store
from trainers.errors import DataError
from tuneful.preparing import on_ray
from tuneful.sweep.clusters import joining
from tuneful.sweep.clusters.cluster import local_cluster

pytestmark = pytest.mark.ray


@pytest.fixture
def cluster():
    old = dict(os.environ)
    with local_cluster(dashboard=False) as running:
        yield running
    os.environ.clear()
    os.environ.update(old)


@pytest.mark.long
def test_a_cluster_decodes_what_is_missing_and_refuses_nodes_that_see_other_files(cluster, home, tmp_path, monkeypatch):
    import ray

    address = ray.get_runtime_context().gcs_address
    own = {**environment(home), "RAY_AUTH_TOKEN_PATH": str(cluster.token_file)}
    command = [PLATFORM, "data", "prepare", "tones", "--rate", "4000", "--address", address]
    done = subprocess.run(command, env=own, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "tones at 4000 Hz: 64 of 64 recordings are ready; decoded 64: " in done.stdout
    monkeypatch.setenv("TUNEFUL_HOME", str(home))
    files, store = recordings(load_catalogue("tones")), Store(4000)
    assert store.missing(files) == []
    assert sum(map(len, store.open([content for content, _ in files]))) > 64 * 0.4 * 4000
    assert all(path.stat().st_mode & 0o777 == 0o666 & ~on_ray._umask() for path in store.folder.iterdir())

    monkeypatch.setattr(joining, "unseen", lambda paths: paths)  # as a node with a disk of its own would say
    with pytest.raises(DataError, match=r"5000: node 127\.0\.0\.1 of the cluster doesn't see what lies there"):
        next(Store(5000).decode(files, on_ray.decode_on_ray))
    assert list(Store(5000).folder.iterdir()) == []
