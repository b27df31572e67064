"""No message names a place of this machine."""

from pathlib import Path

import pytest

from analysis.records.sweep import RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.tracking.messages import Messages
from tuneful.tracking.private import Places

NO_PLACES = "https://api.wandb.ai/a/b and/or val/macro_auc, 3 / 4, ./a/b"


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    """Of Alice, whose results lie on a mount."""
    monkeypatch.setenv("HOME", "/home/Alice B")
    monkeypatch.setenv("TUNEFUL_HOME", "/home/Alice B/sounds")
    return Places(Path("/mnt/grant 7/results"))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (NO_PLACES, NO_PLACES),
        ("/mnt/grant 7/results-2", ".../grant 7/results-2"),
        ("/mnt/grant 7/results/sweeps/a/runs/k", "results/sweeps/a/runs/k"),
        ("'/home/Alice B/sounds/catalogues/x': damaged", "'$TUNEFUL_HOME/catalogues/x': damaged"),
        ("/home/Alice B/best.pt is gone", "~/best.pt is gone"),
        ("/mnt/grant8/birds/7.ogg: cut", ".../7.ogg: cut"),
        ("no memory (see /mnt/grant 7/results/sweeps/a/trials/search-0001.traceback.txt)", "no memory"),
        ("no memory (see results/sweeps/a (b)/trials/search-0001.traceback.txt)", "no memory"),
        ("[Errno 2] No such file: '/tmp/x/y'", "[Errno 2] No such file: '.../y'"),
    ],
)
def test_texts_keep_what_is_said_and_lose_where(places: Places, text: str, sent: str) -> None:
    assert places.hidden(text) == sent


def test_every_message_is_clean(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "results" / "sweeps" / "mine")
    folder.write_definition({"name": "mine"})
    secret = str(tmp_path / "alice" / "weights")
    run = RunPlan("k", {"start": {"checkpoint": secret}, "audio": [{"folder": secret}]}, 0, 3, 0, "stratified")
    plan = TrialPlan("search", 4, {}, {"start.checkpoint": secret}, (run,), exploits=({"new": {"x": secret}},))
    messages = Messages(folder, checkpoints=False)
    end = TrialEnd("failed", (), f"{secret} is gone (see {folder.path}/trials/search-0004.traceback.txt)")
    lines = [
        messages.started(plan),
        messages.ended(plan, end),
        messages.tables({"trials": {"columns": ["error"], "rows": [[end.error]]}}),
    ]
    assert not [line for line in lines if str(tmp_path) in line or "(see" in line]
    assert '".../weights is gone"' in lines[1]
