"""Tables of submissions are read strictly: value, line, rule and fix of what is wrong."""

import numpy as np
import pytest

from analysis.correlation import Columns, check_pairs, read_table
from analysis.correlation.pairs import average_repeats
from analysis.errors import UserError

COLUMNS = Columns(cv=("auc",), public="lb", id="exp")
GOOD = "exp,auc,lb\nNA,0.9,0.7\n007,0.8,0.6\n1e5,0.7,0.5\nd,0.6,0.4\ne,0.5,0.3\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.csv"


def read(path, text, columns=COLUMNS, **more):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, columns, **more)


def test_ids_stay_text_and_bytes_before_the_header_do_not_matter(path):
    for text in (GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace("\n", "\n\n")):
        table = read(path, text)
        assert list(table.index) == ["NA", "007", "1e5", "d", "e"]
        assert table["auc"].tolist() == [0.9, 0.8, 0.7, 0.6, 0.5]


def test_missing_scores_are_missing_and_lines_name_rows_without_ids(path):
    table = read(path, "auc,lb\n0.9,\n-,0.6\n", Columns(("auc",), "lb"))
    assert np.isnan(table["lb"].iloc[0]) and np.isnan(table["auc"].iloc[1])
    assert list(table.index) == ["line 2", "line 3"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("0.8", "nan"), r"t.csv:3: auc is 'nan', want a finite number. Try: an empty cell"),
        (GOOD.replace("0.6\n", "inf\n"), r"t.csv:3: lb is 'inf', want a finite number"),
        (GOOD.replace("0.8", "85%"), r"t.csv:3: auc is '85%', want a number. Try: a share such as 0.85"),
        (GOOD.replace("0.8", '"0,8"'), r"t.csv:3: auc is '0,8', want a number. Try: a decimal point, 0.8"),
        (GOOD.replace("0.8", "0,8"), r"t.csv:3: 4 cells, the header has 3. Try: quote .* decimals with a point"),
        (GOOD.replace("0.8", "1_0"), r"t.csv:3: auc is '1_0'"),
        (GOOD.replace("007", "NA"), r"t.csv:3: exp 'NA' is there 2 times, first in line 2 \(5 rows, 4 submissions"),
        (GOOD.replace("007", " "), r"t.csv:3: exp is empty"),
        (GOOD.replace(",", ";"), r"t.csv:1: cells are not separated by commas \(got 'exp;auc;lb'\)"),
        (GOOD.replace(",", "\t"), r"t.csv:1: cells are not separated by commas"),
        (GOOD.replace("exp", "auc"), r"t.csv:1: the column 'auc' is there twice"),
        (GOOD.replace("auc", "AUC"), r"t.csv:1: no column is called 'auc'. Did you mean 'AUC'\?"),
        (GOOD.replace("auc", "zzz"), r"no column is called 'auc'. Known: 'exp', 'zzz', 'lb'"),
        (GOOD.replace("007", "é").encode("latin-1"), r"t.csv:3: not UTF-8 text .* Try: iconv"),
        ('exp,auc,lb\n"a"b,1,1\n', r"t.csv:2: not valid CSV"),
        ("", r"t.csv: the file is empty"),
        ("exp,auc,lb\n", r"t.csv: no rows below the header"),
        (b"exp,auc,lb\n\0,1,1\n", r"t.csv:2: a NUL byte, so no UTF-8 text"),
    ],
)
def test_what_is_wrong_is_named_with_line_value_and_fix(path, text, said):
    with pytest.raises(UserError, match=said) as refused:
        read(path, text)
    assert "Try: " in str(refused.value) or "Did you mean" in str(refused.value) or "Known: " in str(refused.value)


def test_a_table_that_can_say_nothing_is_refused_with_both_counts(path):
    table = read(path, GOOD.replace("0.9", "").replace("0.3", ""))
    with pytest.raises(UserError, match=r"3 rows have both, at least 5 are needed \(4 rows have 'auc', 4 have 'lb'\)"):
        check_pairs(path, table, COLUMNS, 5)
    flat = read(path, GOOD.translate(str.maketrans("98765", "55555", "")))
    with pytest.raises(UserError, match=r"'auc' is 0.5 in all 5 rows"):
        check_pairs(path, flat, COLUMNS, 5)


@pytest.mark.parametrize(
    "columns",
    [Columns(("auc",), "auc", "exp"), Columns(("auc", "auc"), "lb", "exp"), Columns(("auc",), "lb", "exp", by=("lb",))],
)
def test_a_column_has_one_role(path, columns):
    with pytest.raises(UserError, match=r"given two roles|can't be a setting"):
        read(path, GOOD, columns)


def test_repeats_are_averaged_and_show_the_noise(path):
    table = read(path, "exp,auc,lb\na,1,5\nb,2,6\na,3,5\n", repeats=True)
    averaged, noise = average_repeats(table, COLUMNS.scores)
    assert averaged["auc"].to_dict() == {"a": 2, "b": 2}
    assert noise["auc"].sd == pytest.approx(np.sqrt(2))
    assert "lb" not in noise
