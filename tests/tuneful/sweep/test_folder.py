"""A sweep that is refused before its first trial: nothing half-written, and nothing of an older one lost."""

import pytest

from analysis.errors import RecordsError
from analysis.records.sweep import SEARCH
from tuneful.errors import ResourceError
from tuneful.sweep.folder import adopted


def test_a_new_sweep_that_is_refused_leaves_nothing(tiny, folder):
    with pytest.raises(ResourceError), adopted(folder, tiny().resolved()):
        folder.write_command("platform sweep tiny")
        raise ResourceError("no such cluster")
    assert not folder.path.exists()


def test_what_was_tried_already_stays_when_the_sweep_is_refused(tiny, drive, folder):
    with adopted(folder, tiny().resolved()):
        drive(tiny(), folder).run(2)
    with pytest.raises(ResourceError), adopted(folder, tiny().resolved()):
        raise ResourceError("no such cluster")
    assert len(folder.trials(SEARCH)) == 2
    other = adopted(folder, tiny(objective="{metric: val/map}").resolved())
    with pytest.raises(RecordsError, match="asked something else"), other:
        pass
    assert folder.definition() == tiny().resolved()


def test_an_extension_that_is_refused_before_its_first_trial_changes_nothing(tiny, drive, folder):
    with adopted(folder, tiny(trials="2").resolved()):
        drive(tiny(trials="2"), folder).run(2)
    more = tiny(trials="4")
    with pytest.raises(ResourceError), adopted(folder, more.resolved(), extending=True):
        raise ResourceError("no room on the GPU")
    assert folder.definition()["trials"] == 2
    with pytest.raises(ResourceError), adopted(folder, more.resolved(), extending=True):
        drive(more, folder).run(1)
        raise ResourceError("the disk is full")
    assert folder.definition()["trials"] == 4


def test_a_new_sweep_whose_cluster_can_not_be_joined_leaves_nothing(platform, sweep_file, monkeypatch, tmp_path):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = platform("sweep", str(sweep_file()), "--address", "127.0.0.1:1")
    assert done.returncode == 2, done.stderr
    assert "joining a cluster needs its token" in done.stderr
    assert [path.name for path in (tmp_path / "results").rglob("*") if path.is_file()] == []
