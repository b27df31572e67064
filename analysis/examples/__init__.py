"""Published tables to try an analysis on.

- `birdclef2025_detkov.csv`: 13 submissions to BirdCLEF+ 2025 with their local and public macro AUC, from the table
  "Results" in the README of github.com/detkov/BirdCLEFplus_2025 (EfficientNet, fold 0 of `StratifiedKFold(5, seed
  2025)`, best epoch). `voice` is what run 011 did with human voices. Five folds of one configuration there span
  0.94544 to 0.95592: a range of 0.0105.
- `birdclef2025_losses.csv`: the 16 submissions to BirdCLEF+ 2025 of github.com/te1ord/BirdCLEF2025 with their public
  macro AUC; no local score was published. `source` says where each is from: `list` is the list of runs in the picture
  assets/experiments.jpg, `text` the README. Settings are those that a run's name, the text or the code states. What the
  name of an EfficientNet-B0 run leaves out is taken to be as in the first configurations (n_fft 1024, 128 mels, 20 Hz
  to 16 kHz, batch 16, 10 epochs, mixup 0.5, centred pieces): an assumption. `unstated` is what nobody knows; of f_range
  that it was changed and its upper end are known. `epochs` were trained; v14 and v19 are the epochs submitted, from 0.
  The final configuration also has a hop length of 256, three channels and features of two stages, and the loss of
  soft BCE was, for half a day, computed of sigmoids: whether that concerns any of these runs isn't known.
  Six epochs of one run (nfnet_l1) scored 0.782 to 0.808: a range that most differences between runs don't exceed.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def example(name: str) -> Path | None:
    """The file of the example of that name, with or without `.csv`; None where there is none."""
    path = FOLDER / f"{Path(name).name.removesuffix('.csv')}.csv"
    return path if path.is_file() and Path(name).name == name else None
