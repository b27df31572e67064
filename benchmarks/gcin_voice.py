"""Real recordings: the Debian package gcin-voice, 2,358 spoken Mandarin syllables by two speakers, as a table.

    python benchmarks/gcin_voice.py FOLDER        # FOLDER/gcin.csv beside the unpacked package
    platform data add csv FOLDER/gcin.csv --name gcin
    python benchmarks/speaker_gap.py FOLDER       # what random folds promise that a new speaker does not keep

A folder of the package is a syllable in Bopomofo with its tone (ㄊㄢ3), a file in it a speaker (3.ogg, 5.ogg): the
tags of a recording are its 1-3 sounds and its tone. Needs apt-get, dpkg and Debian's package index; no root.
"""

import csv
import subprocess
import sys
from pathlib import Path

TONES = {"1": "tone5", "2": "tone2", "3": "tone3", "4": "tone4"}
"""As the package names its folders: no digit for the first tone, 1 for the neutral one."""


def fetch(folder: Path) -> Path:
    """Download and unpack the package below `folder`, once; returns the table's path.

    Raises:
        RuntimeError: the package can't be downloaded here.
    """
    table = folder / "gcin.csv"
    if table.exists():
        return table
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["apt-get", "download", "-q", "gcin-voice"], cwd=folder, capture_output=True, text=True)
    packages = sorted(folder.glob("gcin-voice*.deb"))
    if done.returncode or not packages:
        raise RuntimeError(f"apt-get download gcin-voice failed: {done.stderr.strip()[-200:]}")
    subprocess.run(["dpkg", "-x", packages[0], folder / "gcin"], check=True)
    write_table(folder, table)
    return table


def write_table(folder: Path, table: Path) -> None:
    """One row per recording: path, labels, author (the speaker)."""
    rows = [(path, tags(path.parent.name), f"speaker{path.stem}") for path in sorted(folder.rglob("*.ogg"))]
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "labels", "author"])
        writer.writerows((str(path.relative_to(folder)), ";".join(labels), author) for path, labels, author in rows)


def tags(syllable: str) -> list[str]:
    """`ㄊㄢ3` -> ["ㄊ", "ㄢ", "tone3"]."""
    sounds = [sound for sound in syllable if not sound.isdigit()]
    tone = TONES[syllable[-1]] if syllable[-1].isdigit() else "tone1"
    return [*sounds, tone]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(fetch(Path(sys.argv[1])))
