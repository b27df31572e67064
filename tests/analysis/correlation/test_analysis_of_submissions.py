"""The analysis of a table: the published example, slices, directions, and what is left out."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.correlation import Columns, Options, analyse, parse_noise, read_table
from analysis.correlation.contrasts import setting_columns
from analysis.examples import example

BIRDCLEF = Columns(("local_auc",), "public_auc", "exp", by=("backbone", "voice"))


@pytest.fixture(scope="module")
def birdclef():
    table = read_table(example("birdclef2025_detkov"), BIRDCLEF)
    return analyse(table, BIRDCLEF, Options(noise={"local_auc": parse_noise("0.0105 range")}))


def made(n=30, groups=3, between=5.0, within=0.0, seed=0):
    rng = np.random.default_rng(seed)
    level = np.arange(n) % groups
    x = rng.normal(size=n)
    y = within * x + rng.normal(size=n)
    columns = {"auc": x + between * level, "lb": y + between * level, "era": [f"e{one}" for one in level]}
    return pd.DataFrame(columns, index=[f"r{k}" for k in range(n)])


ERA = Columns(("auc",), "lb", by=("era",))
FEW = Options(resamples=500)


def test_the_published_table_gives_what_was_computed_from_it_before(birdclef):
    (one,) = birdclef.headlines
    assert (one.n, one.verdict) == (13, "no evidence")
    assert one.pearson.value == pytest.approx(0.0753, abs=5e-5)
    assert one.spearman.value == pytest.approx(0.1044, abs=5e-5)
    assert one.kendall.value == pytest.approx(0.1026, abs=5e-5)
    assert (one.spearman.low, one.spearman.high) == pytest.approx((-0.46, 0.62), abs=0.03)
    assert one.kendall.p == pytest.approx(0.6754, abs=5e-5)
    assert one.regret.value == pytest.approx(0.779 - 0.773)
    assert [reason.code for reason in one.reasons][:2] == ["not_shown", "within_noise"]


def test_the_runs_that_differ_in_voices_only_go_against_each_other(birdclef):
    (contrast,) = birdclef.headlines[0].contrasts
    assert [member.id for member in contrast.members] == ["011-1", "011-2", "011-3"]
    assert (contrast.column, contrast.opposite, contrast.same_way) == ("voice", 3, 0)
    assert "flipped" in [reason.code for reason in birdclef.headlines[0].reasons]


def test_everything_is_json_with_none_for_what_is_not_defined(birdclef):
    told = json.loads(json.dumps(birdclef.as_json(), allow_nan=False))
    assert told["schema"] == 1 and told["thresholds"]["version"]
    for one in told["slices"]:
        assert {"n", "pearson", "spearman", "kendall", "regret", "verdict", "reasons"} <= set(one)
        assert all({"code", "sentence", "numbers"} == set(reason) for reason in one["reasons"])
    assert [one["n"] for one in told["slices"] if one["value"] == "b2"] == [1]


def test_a_mixture_of_groups_is_no_relation():
    (mixed,) = analyse(made(), ERA, FEW).headlines
    assert mixed.spearman.value > 0.6 and mixed.spearman.p < 0.01
    assert (mixed.verdict, mixed.reasons[0].code) == ("no evidence", "not_within")
    (real,) = analyse(made(within=3.0), ERA, FEW).headlines
    assert real.verdict == "usable"
    (reversed_,) = analyse(made(within=-3.0), ERA, FEW).headlines
    assert (reversed_.verdict, reversed_.reasons[0].code) == ("misleading", "reversed_within")


def test_protocols_are_judged_one_by_one_and_never_together():
    columns = Columns(("auc",), "lb", protocol="era")
    found = analyse(made(within=3.0), columns, FEW)
    assert {one.verdict for one in found.slices if one.kind == "all"} == {"not comparable"}
    assert [(one.value, one.n) for one in found.headlines] == [("e0", 10), ("e1", 10), ("e2", 10)]
    table = made(within=3.0)
    alone = analyse(table[table["era"] == "e0"], columns, FEW).headlines[0]
    assert alone.kind == "all"
    assert found.headlines[0].p_corrected == pytest.approx(min(1, 3 * alone.p_corrected))


def test_a_protocol_that_is_not_stated_is_not_comparable():
    table = made(groups=1, within=3.0)
    table.loc["r0", "era"] = ""
    found = analyse(table, Columns(("auc",), "lb", protocol="era"), FEW)
    (together,) = (one for one in found.slices if one.kind == "all")
    assert (together.verdict, together.reasons[0].code) == ("not comparable", "protocol_unknown")
    assert found.headlines[0].n == 29


def test_a_loss_is_turned_so_that_positive_means_agreement():
    table = made(groups=1, within=3.0).assign(loss=lambda rows: -rows["auc"])
    columns = Columns(("loss",), "lb")
    (one,) = analyse(table, columns, Options(lower_is_better=frozenset({"loss"}), resamples=200)).headlines
    assert one.verdict == "usable"
    assert one.spearman.value == pytest.approx(-stats.spearmanr(table["loss"], table["lb"]).statistic)


def test_each_of_many_scores_is_judged_as_one_of_all_that_were_tried():
    rng = np.random.default_rng(7)
    table = pd.DataFrame(rng.normal(size=(20, 26)), columns=[f"auc{k}" for k in range(26)])
    table["lb"] = table["auc0"] + rng.normal(size=20) * 1.8
    scores = tuple(f"auc{k}" for k in range(26))
    alone = analyse(table, Columns(("auc0",), "lb"), FEW).headlines[0]
    among = analyse(table, Columns(scores, "lb"), Options(resamples=20)).headlines[0]
    assert alone.p_corrected == alone.spearman.p < 0.05
    assert (among.spearman.p, among.tried) == (alone.spearman.p, 26)
    assert (alone.verdict, among.verdict) == ("usable", "no evidence")
    assert "best_of" in [reason.code for reason in among.reasons]


def test_rows_without_a_score_are_left_out_and_counted():
    table = made()
    table.loc["r0", "lb"] = np.nan
    table.loc["r1", "auc"] = np.nan
    found = analyse(table, ERA, FEW)
    assert found.headlines[0].n == 28
    assert found.excluded == {"no_leaderboard_score": 1, "no_validation_score": 1}


def test_results_and_names_are_no_settings():
    table = made().assign(note=[f"n{k}" for k in range(30)], loss=np.arange(30.0), constant="x")
    assert setting_columns(table, ["auc", "lb"]) == ["era", "constant"]
