"""Effects of settings: the published table's known confounders, and tables whose truth is made."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.correlation import Columns, Options, parse_noise, read_table
from analysis.correlation.noise import Noise
from analysis.errors import UserError
from analysis.examples import example
from analysis.leaderboard.confounded import Step
from analysis.leaderboard.differences import Yardstick, difference
from analysis.leaderboard.effect_words import confounded_sentence, effect_sentence, effects_json
from analysis.leaderboard.effects import Effect, Effects, effects

LOSSES = Columns((), "public_auc", "run")
BOARD = Columns((), "lb")
BOTH = Columns(("cv",), "lb")


def published(noise: str | None = None) -> Effects:
    table = read_table(example("birdclef2025_losses"), LOSSES)
    return effects(table, LOSSES, options=Options(noise={"public_auc": parse_noise(noise)} if noise else {}))


def made(rows: list[tuple], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split(), index=[f"s{k}" for k in range(len(rows))])


def of(found: Effects, setting: str, before: str, after: str) -> Effect:
    return next(one for one in found.effects if one.step == Step(setting, before, after))


def test_removing_augmentations_hurts_in_two_of_three_published_pairs():
    found = published()
    effect = of(found, "audio_augmentations", "yes", "no")
    assert sorted(effect.leaderboard.gains) == pytest.approx([-0.029, -0.012, 0.001])
    assert (effect.leaderboard.worse, effect.leaderboard.better) == (2, 1)
    assert "worse in 2 of 3 pairs" in effect_sentence(found, effect)
    assert all("augmentations" in after or "no_audio" in after for _, after in effect.pairs)


def test_confounders_of_the_published_table_are_named():
    told = [(one.settings, one.pairs, confounded_sentence(one)) for one in published().confounded]
    l0 = ("backbone", "n_mels", "f_range", "batch_size", "epochs")
    sentences = {settings: sentence for settings, _, sentence in told}
    assert "changed together in 13 of 13 pairs, and n_fft changed or is not stated" in sentences[l0]
    assert sentences["loss", "n_fft"].startswith("loss and n_fft changed together in 4 of 4 pairs")
    assert "bce -> focalbce" in sentences["loss", "n_fft"]
    assert not any("audio_augmentations" in settings for settings in sentences)


def test_one_run_s_own_epochs_spread_wider_than_any_published_effect():
    found = published("0.782-0.808 of 6")
    assert {one.leaderboard.status for one in found.effects} == {"not shown"}
    assert {one.leaderboard.status for one in published().effects} == {"unknown", "not shown"}


def test_the_source_of_a_row_is_no_setting():
    assert published().left_out == ("source",)


def test_noise_is_pooled_over_repeats_and_effects_are_those_of_means():
    rows = [("a", "x", 0.70), ("a", "x", 0.72), ("a", "x", 0.74), ("b", "x", 0.80), ("b", "x", 0.82), ("b", "y", 0.9)]
    found = effects(made(rows, "one two lb"), BOARD, ("one", "two"))
    pooled = math.sqrt((2 * 0.02**2 + 2 * 0.01**2) / 3)
    assert found.noise["lb"].sd == pytest.approx(pooled)
    effect = of(found, "one", "b", "a").leaderboard
    margin = stats.t.ppf(1 - 0.05 / (2 * 2), 3) * pooled * math.sqrt(1 / 3 + 1 / 2)
    assert effect.mean == pytest.approx(-0.09)
    assert (effect.low, effect.high) == pytest.approx((-0.09 - margin, -0.09 + margin))
    assert (found.submissions, found.configurations) == (6, 3)


def test_without_noise_the_interval_is_that_of_the_paired_t_test():
    gains = [0.01, 0.03, 0.02, 0.05]
    found = difference(gains, [2.0] * 4, Yardstick(tests=1))
    interval = stats.ttest_1samp(gains, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.status == ("shown" if interval.low > 0 else "not shown")


def test_a_single_pair_without_known_noise_tells_nothing():
    assert difference([0.2], [2.0], Yardstick()).status == "unknown"
    assert difference([math.nan], [2.0], Yardstick(0.01)).status == "unknown"


def test_chance_is_rarely_called_an_effect():
    rng, tests = np.random.default_rng(0), 10
    wrong = 0
    for _ in range(300):
        gains = rng.normal(0, 0.01 * math.sqrt(2), (tests, 3))
        wrong += any(difference(row, [2.0] * 3, Yardstick(0.01, tests=tests)).status != "not shown" for row in gains)
    assert wrong <= stats.binom.ppf(0.999, 300, 0.05)


def test_gains_and_losses_beyond_noise_are_mixed():
    assert difference([0.1, -0.1], [2.0, 2.0], Yardstick(0.01)).status == "mixed"
    assert difference([0.1, -0.01], [2.0, 2.0], Yardstick(0.01)).status == "shown"


def test_a_score_that_falls_while_the_leaderboard_rises_is_flipped():
    rows = [("a", 1, 0.9, 0.7), ("b", 1, 0.8, 0.8), ("a", 2, 0.95, 0.6), ("b", 2, 0.85, 0.75)]
    found = effects(made(rows, "one two cv lb"), BOTH, ("one", "two"))
    effect = of(found, "one", "a", "b")
    assert (effect.opposite("cv"), effect.flipped("cv")) == (2, True)
    assert "sign flipped: cv and lb go against each other in 2 of 2 pairs" in effect_sentence(found, effect)
    rows = [(one, two, lb, lb) for one, two, _, lb in rows]
    alike = of(effects(made(rows, "one two cv lb"), BOTH, ("one", "two")), "one", "a", "b")
    assert (alike.opposite("cv"), alike.flipped("cv")) == (0, False)


def test_losses_are_turned_so_that_a_gain_is_positive():
    rows = [("a", 1, 0.5, 0.7), ("b", 1, 0.4, 0.8), ("b", 2, math.nan, 0.9)]
    options = Options(lower_is_better=frozenset({"cv"}))
    found = effects(made(rows, "one two cv lb"), BOTH, ("one", "two"), options)
    assert of(found, "one", "b", "a").cv["cv"].gains == pytest.approx((-0.1,))
    assert not of(found, "one", "b", "a").flipped("cv")
    assert math.isnan(of(found, "two", "1", "2").cv["cv"].gains[0])
    assert of(found, "two", "1", "2").leaderboard.gains == pytest.approx((0.1,))


def test_what_nobody_states_is_not_held_fixed():
    rows = [("a", "x", 0.7), ("b", "unstated", 0.8), ("c", "x", 0.9)]
    found = effects(made(rows, "one two lb"), BOARD, ("one", "two"))
    assert [one.step for one in found.effects] == [Step("one", "a", "c")]
    alone = [one for one in found.confounded if one.steps == (Step("one", "a", "b"),)]
    assert [(one.settings, one.not_held, one.pairs) for one in alone] == [(("one",), ("two",), 1)]
    assert "was never changed alone in 1 pair: two changed too or is not stated" in confounded_sentence(alone[0])


def test_numbers_ascend_and_given_noise_counts_before_repeats():
    rows = [(2048, "x", 0.7), (1024, "x", 0.6), (1024, "x", 0.62), (1024, "y", 0.6)]
    options = Options(noise={"lb": Noise(0.5, "given")})
    found = effects(made(rows, "n_fft two lb"), BOARD, ("n_fft", "two"), options)
    assert of(found, "n_fft", "1024", "2048").leaderboard.status == "not shown"
    assert found.noise["lb"].sd == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [(("one",), "1 settings, at least 2"), (("lb", "one"), "no setting is called 'lb'"), (("gone",), "'gone'")],
)
def test_too_few_or_unknown_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        effects(made([("a", 1, 0.7), ("b", 1, 0.8)], "one two lb"), BOARD, settings)


def test_json_has_null_where_nothing_is_defined():
    told = effects_json(published())
    single = next(one for one in told["effects"] if one["step"]["setting"] == "n_fft")
    assert single["leaderboard"]["low"] is None
    assert single["leaderboard"]["gains"] == pytest.approx([0.002])
    assert single["sentence"].startswith("n_fft 1024 -> 2048: public_auc +0.002; one pair and no known noise")
