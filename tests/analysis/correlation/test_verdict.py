"""Verdicts follow from the evidence by thresholds that have a version."""

import numpy as np
import pytest

from analysis.correlation import Evidence, judge
from analysis.correlation.groups import WithinBetween
from analysis.correlation.noise import Noise, noise_floor


def evidence(**changes):
    return Evidence(**{"n": 20, "spearman": 0.7, "p_positive": 0.001, "p_negative": 1.0, **changes})


def within(greater, less, compared=20):
    return WithinBetween("era", 3, 7, compared, 0, 0.5 - greater, greater, less, 0.9)


def verdict_and_codes(given):
    verdict, reasons = judge(given)
    return verdict, [one.code for one in reasons]


NOISY = noise_floor(np.arange(5.0), Noise(9.0, "known"))


@pytest.mark.parametrize(
    ("changes", "verdict", "code"),
    [
        ({}, "usable", "shown"),
        ({"p_positive": 0.2}, "no evidence", "not_shown"),
        ({"spearman": 0.29}, "no evidence", "weak"),
        ({"spearman": -0.7, "p_positive": 1.0, "p_negative": 0.001}, "misleading", "negative"),
        ({"spearman": np.nan, "p_positive": np.nan, "p_negative": np.nan}, "no evidence", "constant"),
        ({"protocols": 2}, "not comparable", "protocols"),
        ({"protocol_unknown": 1}, "not comparable", "protocol_unknown"),
        ({"noise": NOISY}, "no evidence", "within_noise_but_shown"),
        ({"noise": NOISY, "p_positive": 0.5}, "no evidence", "not_shown"),
        ({"within": (within(0.001, 1.0),)}, "usable", "shown"),
        ({"within": (within(0.001, 1.0), within(0.3, 0.7))}, "no evidence", "not_within"),
        ({"within": (within(1.0, 0.001),)}, "misleading", "reversed_within"),
        ({"within": (within(np.nan, np.nan, compared=0),)}, "usable", "shown"),
        ({"within": (within(np.nan, np.nan, compared=4),)}, "no evidence", "not_within"),
    ],
)
def test_each_rule_decides(changes, verdict, code):
    found, codes = verdict_and_codes(evidence(**changes))
    assert (found, codes[0]) == (verdict, code)


@pytest.mark.parametrize("n", range(5))
def test_fewer_than_five_pairs_are_never_usable(n):
    assert verdict_and_codes(evidence(n=n, spearman=1.0, p_positive=0.0)) == ("no evidence", ["too_few_pairs"])


def test_every_reason_is_a_sentence_with_its_numbers():
    for changes in ({}, {"p_positive": 0.2, "noise": NOISY}, {"within": (within(1.0, 0.001),)}):
        for one in judge(evidence(**changes))[1]:
            assert one.sentence.endswith(".") and "{" not in one.sentence and one.numbers
