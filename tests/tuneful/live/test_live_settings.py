"""Settings are shown by what tells trials apart, in few characters, and never as control codes."""

import pytest

from tuneful.live.settings import differing, settings_text, short_names, value_text


def test_only_what_differs_is_shown_and_a_missing_setting_is_a_difference():
    trials = [{"a.x": 1, "a.y": 2, "z": 5}, {"a.x": 1, "a.y": 3, "z": 5}, {"a.x": 1, "a.y": 2}]
    assert differing(trials) == ["a.y", "z"]
    assert differing(trials[:1]) == ["a.x", "a.y", "z"]
    assert differing([]) == []
    assert differing([{"a": 1}, {"a": 1}]) == []


def test_an_equal_number_of_another_type_is_another_setting():
    assert differing([{"a": 1}, {"a": True}]) == ["a"]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["optimizer.lr", "loss.gamma"], ["lr", "gamma"]),
        (["loss.name", "mixing.name", "loss.gamma"], ["loss.name", "mixing.name", "gamma"]),
        (["name", "loss.name"], ["name", "loss.name"]),
        (["a.b.c", "x.b.c"], ["a.b.c", "x.b.c"]),
        (["$base_lr", "optimizer.lr"], ["$base_lr", "lr"]),
    ],
)
def test_names_are_as_short_as_they_can_be_told_apart(paths, names):
    short = short_names(paths)
    assert [short[path] for path in paths] == names
    assert len(set(short.values())) == len(paths)


def test_values_are_short_and_printable():
    assert value_text(0.00123456) == "0.00123"
    assert [value_text(f_max) for f_max in (4800.0, 999.5, 1e6)] == ["4800", "1000", "1e+06"]
    assert value_text("x" * 100) == "x" * 23 + "…"
    assert value_text("a\x1b[31mb\n") == "a\\x1b[31mb\\n"
    assert value_text([1, 2]) == "[1, 2]"
    assert settings_text({"a.b": "[red]", "c": None}) == "a.b=[red] c=None"
