"""Predicts recordings with the runs of this bundle. Needs no network, and nothing of tuneful but `source/`.

    python inference.py AUDIO... --out submission.csv [--format birdclef] [--sample sample_submission.csv]

Python packages: torch, torchaudio, timm, numpy, scipy, soundfile, soxr, safetensors, pydantic.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "source"))

from analysis.errors import UserError  # noqa: E402  # from source/
from trainers.inference.audio import Ensemble  # noqa: E402
from trainers.inference.command import Wanted, predict_files  # noqa: E402
from trainers.inference.predictor import Predictor  # noqa: E402
from trainers.spec import RunSpec  # noqa: E402
from trainers.training.device import pick_device  # noqa: E402


def main() -> None:
    """Parse, check the bundle, predict."""
    parser = argparse.ArgumentParser(description="Predict recordings with the runs of this bundle.")
    parser.add_argument("audio", nargs="+", type=Path, help="recordings, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="the table to write")
    parser.add_argument("--format", default="birdclef", help="csv or birdclef")
    parser.add_argument("--sample", type=Path, help="sample_submission.csv: its rows and columns")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    asked = parser.parse_args()
    try:
        check_sums()
        wanted = Wanted(tuple(asked.audio), asked.out, asked.format, asked.sample)
        rows = predict_files(ensemble(asked.device), wanted)
    except UserError as error:
        sys.exit(f"Error: {error}")
    print(f"{asked.out}: {rows} rows")


def ensemble(device: str) -> Ensemble:
    """The runs of the bundle."""
    classes = tuple(json.loads((HERE / "classes.json").read_text()))
    members = json.loads((HERE / "bundle.json").read_text())["members"]
    folders = [HERE / member["folder"] for member in members]
    specs = [RunSpec.model_validate_json((folder / "spec.json").read_text()) for folder in folders]
    where = pick_device(device)
    return Ensemble([Predictor(spec, classes, folder, where) for spec, folder in zip(specs, folders, strict=True)])


def check_sums() -> None:
    """Refuse a bundle with a damaged or missing file."""
    sums = json.loads((HERE / "MANIFEST.json").read_text())
    for name, wanted in sums.items():
        path = HERE / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise UserError(f"{path}: damaged or missing. Try: copy the bundle again")


if __name__ == "__main__":
    main()
