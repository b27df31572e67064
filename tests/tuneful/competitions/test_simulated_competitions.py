"""Simulated competitions: each its own shift, kinds that do what they say, finished pools compared."""

import json

import numpy as np
import pytest

from analysis.selection.rules import RULES
from trainers.data.sources.chorus.link import through_telephone, with_gaps
from tuneful.competitions.pool import POOL, pool_spec
from tuneful.competitions.rules import finished, rules_over
from tuneful.competitions.run import competition_folder, read_runs
from tuneful.competitions.shift import KINDS, RANGES, competition_name, competition_spec

RATE = 16_000
RNG = np.random.default_rng(0)


def test_a_seed_gives_a_shift_of_its_own_and_the_same_again():
    assert competition_spec(3) == competition_spec(3)
    one, other = competition_spec(3), competition_spec(4)
    assert all(getattr(one, name) != getattr(other, name) for name in RANGES)
    for name, (low, high) in RANGES.items():
        assert low <= getattr(one, name) <= high


def test_a_kind_changes_what_it_names_alone():
    plain = competition_spec(5).model_dump()
    for kind, changes in KINDS.items():
        changed = {name for name, value in competition_spec(5, kind).model_dump().items() if value != plain[name]}
        assert changed == set(changes)
    assert len({competition_name(5, kind) for kind in KINDS}) == len(KINDS)


def test_a_telephone_takes_what_lies_above_4_khz():
    noise = (0.05 * RNG.standard_normal(2 * RATE)).astype(np.float32)
    power = np.abs(np.fft.rfft(through_telephone(noise, RATE, 1.0))) ** 2
    f = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    assert power[f > 4200].mean() < 1e-3 * power[(f > 500) & (f < 3500)].mean()
    np.testing.assert_allclose(through_telephone(noise, RATE, 0.0), noise, atol=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_gaps_lose_about_the_share_that_was_asked_for(share):
    sound = np.ones(30 * RATE, np.float32)
    lost = (with_gaps(sound, RATE, share, np.random.default_rng(1)) == 0).mean()
    assert 0.6 * share < lost <= share + 0.02  # gaps may overlap
    assert sound.all()


def test_every_configuration_of_the_pool_is_another_run():
    assert len({pool_spec(config, "x").key("d", 1, "fp32") for config in POOL}) == len(POOL) == 16


def test_only_whole_pools_are_compared_and_a_torn_line_is_no_run(tmp_path):
    for number, name in enumerate(("a", "b", "c")):
        folder = competition_folder(tmp_path, name)
        folder.mkdir(parents=True)
        rng = np.random.default_rng(number)
        lines = []
        for config in list(POOL)[: 16 if name != "c" else 15]:
            auc = float(rng.random())
            epochs = [{"val/macro_auc": auc, "rerender/macro_auc": 1 - auc}]
            hidden = {"public": 1 - auc, "private": 1 - auc}
            lines.append(json.dumps({"key": config, "config": config, "seed": 0, "epochs": epochs, **hidden}))
        (folder / "runs.jsonl").write_text("\n".join(lines) + '\n{"key": "torn')
    assert len(read_runs(competition_folder(tmp_path, "a"))) == 16
    assert finished(tmp_path, ["a", "b", "c"]) == ["a", "b"]
    rules = {name: rule for name, rule in RULES.items() if name in ("val/macro_auc", "rerender/macro_auc")}
    best, worst = rules_over(tmp_path, ["a", "b"], rules)
    assert (best.rule, best.regret.value, best.spearman.value) == ("rerender/macro_auc", 0.0, pytest.approx(1.0))
    assert (worst.better, worst.competitions) == (0, 2)
    assert worst.regret.value > 0.5


def test_changes_reach_every_run_of_a_pool_but_not_what_a_configuration_is_about():
    changes = ("data.split.scheme=stratified_group", "front_end.n_mels=48")
    for config in POOL:
        own, changed = pool_spec(config, "x"), pool_spec(config, "x", changes=changes)
        assert (own.data.split.scheme, changed.data.split.scheme) == ("stratified", "stratified_group")
        assert (changed.loss, changed.mixing) == (own.loss, own.mixing)
        assert changed.front_end.n_mels == (32 if "32 mels" in config else 48)
