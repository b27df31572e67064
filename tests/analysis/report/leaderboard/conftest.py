"""Subjects of the leaderboard's page: the published example, and a table with hostile names."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.correlation import Columns, Directions, Options, parse_noise
from analysis.correlation.file import read_submissions_file
from analysis.examples import example
from analysis.report.leaderboard import Subject, examine, leaderboard_page
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.from_table import subject_of_table

HOSTILE = "</script><script>document.title='owned'</script><b>x</b>&lt;%{y}'\"`;rm -rf 🦉=HYPERLINK(1)\u202e"
Make = Callable[..., Subject]


@pytest.fixture(scope="session")
def detkov() -> Examined:
    """What is found in the 13 submissions of the example."""
    path, columns = example("birdclef2025_detkov"), Columns(("local_auc",), "public_auc", "exp")
    assert path is not None
    noise = {"local_auc": parse_noise("0.0105 range")}
    table, options = read_submissions_file(path, columns, Options(noise=noise), Directions())
    return examine(subject_of_table("birdclef2025_detkov", table, columns, options, "platform leaderboard analyse X"))


@pytest.fixture(scope="session")
def detkov_page(detkov: Examined) -> str:
    return leaderboard_page(detkov)


@pytest.fixture(scope="session")
def make() -> Make:
    """Makes a subject of n submissions with two validation scores, two settings, and names that would do harm."""

    def made(n: int, private: bool = False, waiting: int = 0, name: str = "run") -> Subject:
        rng = np.random.default_rng(0)
        truth = rng.normal(size=n + waiting)
        table = pd.DataFrame(
            {
                "auc": 0.9 + truth / 100 + rng.normal(0, 0.02, n + waiting),
                f"map {name}": 0.5 + truth / 10,
                "public": 0.7 + truth / 50,
                "private": 0.7 + truth / 50 + rng.normal(0, 0.002, n + waiting),
                f"loss {name}": rng.choice(["bce", f"ce {name}"], n + waiting),
                "lr": rng.choice(["0.1", "0.2", "0.3"], n + waiting),
            },
            index=[f"{name} {k}" for k in range(n + waiting)],
        )
        boards = ["public", "private"]
        table.loc[table.index[n:], boards] = np.nan
        columns = Columns(("auc", f"map {name}"), "public", private="private" if private else None)
        kept = table if private else table.drop(columns="private")
        return subject_of_table(name, kept, columns, Options(resamples=500), "")

    return made


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes a page into a file of its own."""

    def write(page: str) -> Path:
        path = tmp_path_factory.mktemp("page") / "page.html"
        path.write_text(page, encoding="utf-8")
        return path

    return write
