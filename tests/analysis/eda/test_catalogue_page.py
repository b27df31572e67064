"""The tables and the page of a catalogue: counts against plain loops, hostile names as text."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.eda import DataView, Example, catalogue_page
from analysis.eda.labels import labels_per_clip
from analysis.eda.origins import sources_per_class
from analysis.eda.place_and_time import MOST_MARKS, coordinates, moments
from analysis.eda.problems import problem_counts

HOSTILE = "</script><script>document.title='owned'</script><b>x</b>"
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def _clips(n: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = [HOSTILE, "owl", "wren"]
    labels = [[names[i % 3]] if i % 10 else None for i in range(n)]
    return pd.DataFrame(
        {
            "clip_id": [f"c{i}" for i in range(n)],
            "path": [f"{HOSTILE}{i}.ogg" for i in range(n)],
            "recording_id": [f"r{i}" for i in range(n)],
            "content": [f"h{i}" for i in range(n)],
            "start_s": 0.0,
            "duration_s": rng.lognormal(1, 0.5, n),
            "labels": labels,
            "secondary_labels": [["owl"] if i % 4 == 0 else None for i in range(n)],
            "author": [HOSTILE if i % 3 == 0 else f"author{i % 7}" for i in range(n)],
            "site": None,
            "subject": None,
            "recorded_at": [f"2024-0{1 + i % 9}-05T{i % 24:02}:10:00" for i in range(n)],
            "rating": [float(i % 5) for i in range(n)],
            "collection": [HOSTILE, "XC"] * (n // 2),
            "subset": [None if i % 10 else HOSTILE for i in range(n)],
            "verified": None,
            "fold": None,
            "latitude": rng.uniform(-5, 5, n),
            "longitude": rng.uniform(-75, -65, n),
        }
    )


def _audio(n: int = 20) -> pd.DataFrame:
    good = {"sample_rate": 44_100, "channels": 1, "format": "OGG", "length_s": 3.0, "measured_s": 3.0}
    good |= {"peak_db": -3.0, "rms_db": -20.0, "dc_offset": 0.0, "clipped_share": 0.0, "silent_share": 0.0}
    good |= {"bandwidth_hz": 22_050.0, "floor_db": -120.0, "reason": None}
    table = pd.DataFrame([{"content": f"h{i}", **good} for i in range(n)])
    table.loc[0, ["peak_db", "rms_db", "bandwidth_hz", "silent_share"]] = [-np.inf, -np.inf, 0.0, 1.0]
    table.loc[1, "clipped_share"] = 0.02
    table.loc[[2, 3], "bandwidth_hz"] = 2000.0
    table.loc[4, ["dc_offset", "rms_db"]] = [0.1, -19.0]
    table.loc[5, "reason"] = f"{HOSTILE}: not readable"
    return table


@pytest.fixture(scope="module")
def view() -> DataView:
    example = Example(HOSTILE, "train", HOSTILE, DOT, 2.0)
    return DataView("data", "csv", "0", _clips(), _audio(), (example,), 16_000, {"author": [["Ann", "ann"]]})


@pytest.fixture(scope="module")
def page(view: DataView) -> str:
    return catalogue_page(view)


def test_classes_and_sources_are_counted_as_a_loop_does(view: DataView) -> None:
    primary: Counter[str] = Counter()
    sources: dict[str, Counter[str]] = {}
    for row in view.clips.itertuples():
        for label in row.labels or []:
            primary[label] += 1
            sources.setdefault(label, Counter())[row.author] += 1
    assert view.classes["clips"].to_dict() == dict(primary)
    table = sources_per_class(view, "author")
    for label, authors in sources.items():
        assert table.at[label, "sources"] == len(authors)
        assert table.at[label, "share"] == pytest.approx(max(authors.values()) / authors.total())


def test_a_label_that_is_both_counts_once(view: DataView) -> None:
    both = zip(view.labelled["labels"], view.labelled["secondary_labels"], strict=True)
    assert labels_per_clip(view).tolist() == [len({*one, *(other or [])}) for one, other in both]


def test_a_day_without_a_time_has_a_month_and_no_hour() -> None:
    hours, months = moments(pd.Series(["2024-05-06", "2024-06-07T03:00:00+05:00", "whenever", None]))
    assert hours.tolist() == [3]
    assert months.tolist() == [5, 6]


def test_places_keep_every_clip_and_are_few() -> None:
    rng = np.random.default_rng(0)
    clips = pd.DataFrame({"latitude": rng.uniform(-60, 60, 20_000), "longitude": rng.uniform(-180, 180, 20_000)})
    clips.loc[0, "latitude"] = np.nan
    clips.loc[1, "latitude"] = 91.0
    found = coordinates(DataView("x", "csv", "0", clips))
    assert found["clips"].sum() == 19_998
    assert 500 < len(found) <= MOST_MARKS == 2000


def test_each_planted_problem_is_counted(view: DataView) -> None:
    assert problem_counts(view) == {"silent": 1, "half silent": 0, "clipped": 1, "offset": 1, "narrow": 2}


def test_empty_parts_are_said_and_not_drawn(view: DataView) -> None:
    bare = view.clips.assign(
        secondary_labels=None, author=None, recorded_at=None, rating=None, collection=None, subset=None, latitude=np.nan
    )
    said = catalogue_page(DataView("bare", "csv", "0", bare))
    for words in ("single-label data", "names an author", "no clip has coordinates", "no recording was measured"):
        assert words in said
    assert len(re.findall(r'class="plot"', said)) < 8


def test_the_page_fetches_nothing_and_hostile_names_are_text(page: str) -> None:
    assert "default-src 'none'" in page
    assert "<script>document.title" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page.split("<script>")[0])


def test_the_page_opens_in_a_browser_without_a_word(browser: Any, page: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    metrics = {"width": 800, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("browser")  # what an earlier page said
    browser.get((tmp_path / "page.html").as_uri())
    drawn = "return [...document.querySelectorAll('.plot')].map(p => !!p.querySelector('.main-svg'))"
    assert all(browser.execute_script(drawn))
    assert browser.title == "data · data"
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 800
