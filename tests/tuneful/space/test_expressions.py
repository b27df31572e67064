"""Arithmetic of a sweep file: the values of Python's floats, and nothing but arithmetic."""

import math
import random

import pytest

from tuneful.space.expressions import FUNCTIONS, Expression

KNOWN = {"training.batch_size": 16, "seed": 3, "$base_lr": 0.25, "$n": 5, "front_end.f_max": None, "loss.name": "bce"}
VALUES = {
    "$base_lr * training.batch_size / 256": 0.25 * 16 / 256,
    "2 ** 3 ** 2 - -$n": 512 + 5,
    "(seed + 1) * 2 // 3 % 2": 8 // 3 % 2,
    "max(1, round($base_lr * 10)) + min(seed, $n, 4)": 2 + 3,
    "sqrt(training.batch_size) + log2(8) + floor(2.9)": 4 + 3 + 2,
    "exp(1) ** 2": math.e**2,
    "round(1 / 3, 2)": 0.33,
    "1e-3": 0.001,
}


@pytest.mark.parametrize("text", VALUES)
def test_the_value_is_that_of_the_same_arithmetic(text):
    assert Expression(text).value(KNOWN.__getitem__) == pytest.approx(VALUES[text], rel=1e-15)


def test_random_arithmetic_equals_pythons():
    draw = random.Random(0)
    for _ in range(200):
        a, b, c = (round(draw.uniform(0.5, 9), 3) for _ in range(3))
        text = f"{a} {draw.choice('+-*/%')} $b {draw.choice(['+', '*', '//', '**'])} ({c} - seed)"
        expected = eval(text.replace("$b", str(b)).replace("seed", "4.0"))
        if isinstance(expected, complex):
            continue
        assert Expression(text).value({"$b": b, "seed": 4}.__getitem__) == pytest.approx(expected, rel=1e-12)


def test_names_are_told_in_order_and_once():
    assert Expression("$a * front_end.n_fft / $a + data.split.n_folds").names == (
        "$a",
        "front_end.n_fft",
        "data.split.n_folds",
    )


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "open('x')",
        "[1, 2][0]",
        "'a' * 3",
        "True + 1",
        "1 if seed else 2",
        "seed < 3",
        "lambda: 1",
        "max(*seed)",
        "round(number=1.5)",
        "1 +",
        "",
        "$",
        "a$b",
        "x = 3",
        "1; 2",
        "seed.bit_length()",
        "1j",
        "-" * 600 + "1",
    ],
)
def test_what_is_no_arithmetic_is_refused_without_being_run(text):
    with pytest.raises(ValueError, match=r"is no expression|is no arithmetic|no function here|characters"):
        _ = Expression(text).names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 / (seed - 3)", "divides by zero"),
        ("seed // 0", "divides by zero"),
        ("seed % 0.0", "divides by zero"),
        ("9 ** 9 ** 9 ** 9", "too large"),
        ("exp(1000)", "too large"),
        ("(0 - seed) ** 0.5", "no finite real number"),
        ("sqrt(0 - 1)", "takes sqrt of -1, which has none"),
        ("log2(0)", "takes log2 of 0"),
        ("floor(1, 2)", "gives floor 2 numbers"),
        ("seed * loss.name", "needs loss.name as a number, it is 'bce'"),
        ("front_end.f_max / 2", "it is null"),
        ("1e308 * 10", "no finite real number"),
        ("$missing * 2", r"needs \$missing, which has no value there"),
    ],
)
def test_what_has_no_value_says_why(text, why):
    with pytest.raises(ValueError, match=why):
        Expression(text).value(KNOWN.__getitem__)


def test_every_function_is_allowed():
    assert set(FUNCTIONS) == {"min", "max", "round", "floor", "sqrt", "log2", "exp"}
    for name in FUNCTIONS:
        Expression(f"{name}(2, 3)" if name in ("min", "max") else f"{name}(2)").value(KNOWN.__getitem__)
