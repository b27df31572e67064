"""A cluster that doesn't come up is one message."""

import os

import pytest
import ray

from tuneful.errors import ResourceError
from tuneful.sweep.clusters import cluster


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
