"""Published tables to try an analysis on.

- `birdclef2025_detkov.csv`: 13 submissions to BirdCLEF+ 2025 with their local and public macro AUC, from the table
  "Results" in the README of github.com/detkov/BirdCLEFplus_2025 (EfficientNet, fold 0 of `StratifiedKFold(5, seed
  2025)`, best epoch). `voice` is what run 011 did with human voices. Five folds of one configuration there span
  0.94544 to 0.95592: a range of 0.0105.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def example(name: str) -> Path | None:
    """The file of the example of that name, with or without `.csv`; None where there is none."""
    path = FOLDER / f"{Path(name).name.removesuffix('.csv')}.csv"
    return path if path.is_file() and Path(name).name == name else None
