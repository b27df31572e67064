"""A run that takes over another's checkpoint has its weights and moments, and trains on by its own settings."""

import json

import torch
from safetensors.torch import load_file

from trainers.training.handover import hand_over
from trainers.training.learner import Learner


def taken_over(taker, giver, epoch=2):
    record = {**giver.ledger.epochs()[epoch - 1], "kept_epoch": epoch}
    value = record["metrics"]["val/macro_auc"]
    source = giver.ledger.checkpoint(epoch)
    taker.ledger.take_over(record, lambda folder: hand_over(source, folder, epoch, value), {"epoch": epoch, "spec": {}})


def test_weights_and_moments_are_the_givers_and_the_rate_is_its_own(spec, train, monkeypatch):
    giver = train(spec("optimizer.lr=0.01", "training.ema_decay=0.9"), "giver", upto=2)
    taker = train(spec("optimizer.lr=0.001"), "taker", upto=2)
    taken_over(taker, giver)
    rates, moments = set(), {}
    set_rate = Learner._set_rate

    def watched(self, step):
        set_rate(self, step)
        rates.update(group["lr"] for group in self.optimizer.param_groups)
        if not moments:
            states = self.optimizer.state_dict()["state"]
            moments.update({index: state["exp_avg"].clone() for index, state in states.items()})

    monkeypatch.setattr(Learner, "_set_rate", watched)
    changed = spec("optimizer.lr=1.0e-12", "schedule.name=constant", "training.ema_decay=0.9")
    on = train(changed, "taker", upto=3)
    assert rates == {1e-12}
    given = load_file(giver.ledger.checkpoint(2) / "optimizer.safetensors")
    assert all((moment == given[f"{index}.exp_avg"]).all() for index, moment in moments.items())
    assert moments
    # With such a rate a step moves nothing: what is there after another epoch is what was taken over.
    before = load_file(giver.ledger.checkpoint(2) / "trained.safetensors")
    after = load_file(on.ledger.checkpoint(3) / "trained.safetensors")
    for name, value in before.items():
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(after[name], value, rtol=0, atol=1e-6)


def test_the_best_epoch_of_the_giver_is_none_of_the_takers(spec, train):
    giver, taker = train(spec("optimizer.lr=0.01"), "giver", upto=3), train(spec(), "taker", upto=3)
    state = giver.ledger.checkpoint(3) / "state.json"
    taken_over(taker, giver, 3)
    mine = json.loads((taker.ledger.checkpoint(3) / "state.json").read_text())
    assert mine["best_epoch"] == 3
    assert mine["best_value"] == giver.metrics[2]["val/macro_auc"] == taker.metrics[2]["val/macro_auc"]
    others = {name: value for name, value in json.loads(state.read_text()).items() if not name.startswith("best")}
    assert others == {name: value for name, value in mine.items() if not name.startswith("best")}
    last = train(spec("optimizer.lr=0.02"), "taker").ledger
    assert last.epochs()[-1]["kept_epoch"] in (3, 4)
    last.finish("finished", last.epochs()[-1]["kept_epoch"])
    assert last.checkpoint(last.finished["kept_epoch"]) is not None
