"""Datasets in miniature, byte for byte in the layouts in which they are published, with what is odd about them.

Each function writes one into an empty folder and returns the folder. Recordings are a tone per class in noise, mostly
under a second long, with the same samples in every run (Ogg files differ in their streams' random serial numbers).
"""

import csv
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 0.8
BIRDS = ("abethr1", "barswa", "1139490")
"""eBird codes, and a taxon of iNaturalist."""
ONLY_SECONDARY, NEVER_HEARD, NOT_SCORED = "compau", "zitcis1", "rocdov"
FROGS = ("SPHSUR", "BOABIS", "SCIPER", "DENNAH", "LEPLAT", "RHIICT")
ONLY_TRAIN, ONLY_TEST = "LEPLAT", "RHIICT"
"""As the six species that AnuraSet-36N leaves out."""
SOUNDS_2018 = ("Acoustic_guitar", "Bark", "Cello")
SOUNDS_2019 = ("Accelerating_and_revving_and_vroom", "Bark", "Zipper_(clothing)")


def write_audio(path: Path, label: str, seconds: float = SECONDS, rate: int = 22_050) -> None:
    """A recording of a label's tone in noise that no other recording has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    t = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * (300 + zlib.crc32(label.encode()) % 2500) * t)
    soundfile.write(path, 0.3 * tone + 0.05 * rng.normal(size=len(t)), rate)


def write_table(path: Path, rows: Sequence[Sequence[object]], crlf: bool = False, bom: bool = False) -> None:
    """A CSV file as pandas writes it; with Windows' line ends or a byte order mark."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n" if crlf else "\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode())


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


# ---- BirdCLEF

COLUMNS_2025 = (
    "primary_label", "secondary_labels", "type", "filename", "collection", "rating", "url", "latitude", "longitude",
    "scientific_name", "common_name", "author", "license",
)  # fmt: skip
COLUMNS_2021 = (
    "primary_label", "secondary_labels", "type", "latitude", "longitude", "scientific_name", "common_name", "author",
    "date", "filename", "license", "rating", "time", "url",
)  # fmt: skip
PER_BIRD = 6
SOUNDSCAPE_S = 10.0


def make_birdclef(
    folder: Path, year: int = 2025, corrupt: bool = False, crlf: bool = False, bom: bool = False, bad_list: bool = False
) -> Path:
    """A BirdCLEF competition: three species with six recordings each, soundscapes, tables.

    It has missing coordinates, unknown authors, ratings of 0, a name that isn't ASCII, a class that is only a secondary
    label, a class of the submission without a clip, and a label that the submission doesn't have.

    Args:
        folder: where to.
        year: 2021 (short names, dates, labelled soundscapes), 2024 (no collection, unlabelled soundscapes), 2025 or
            2026 (a part of the soundscapes is labelled, with repeated rows).
        corrupt: cut a recording in half.
        crlf: line ends of Windows.
        bom: a byte order mark.
        bad_list: secondary labels that are no list in the last row.
    """
    columns = (
        COLUMNS_2021 if year == 2021 else tuple(name for name in COLUMNS_2025 if year > 2024 or name != "collection")
    )
    audio = "train_short_audio" if year == 2021 else "train_audio"
    rows = [_bird(number, year) for number in range(len(BIRDS) * PER_BIRD)]
    for row in rows:
        write_audio(
            folder / audio / f"{row['primary_label']}/{Path(row['filename']).name}", row["primary_label"], rate=32_000
        )
    if bad_list:
        rows[-1]["secondary_labels"] = "['barswa'"
    table = [columns, *([row[name] for name in columns] for row in rows)]
    write_table(folder / ("train.csv" if year > 2024 else "train_metadata.csv"), table, crlf, bom)
    if corrupt:
        first = folder / audio / BIRDS[0] / Path(rows[0]["filename"]).name
        write_audio(first, BIRDS[0], 4 * SECONDS, 32_000)  # half a shorter Ogg file has no samples at all
        cut(first)
    _write_soundscapes(folder, year)
    _write_class_lists(folder, year)
    return folder


def _bird(number: int, year: int) -> dict[str, str]:
    label, place = BIRDS[number // PER_BIRD], number % PER_BIRD
    source = ("XC", "XC", "iNat", "CSA", "XC", "XC")[place]
    name = f"{source}{1000 + number}.ogg"
    secondary = {0: f"['{ONLY_SECONDARY}', '']", 1: "[]", 2: f"['{label}', '{BIRDS[0]}']", 5: f"['{NOT_SCORED}']"}
    return {
        "primary_label": label,
        "secondary_labels": secondary.get(place, "['']"),
        "type": "['song', 'call']",
        "filename": name if year == 2021 else f"{label}/{name}",
        "collection": source,
        "rating": ("0.0", "5.0", "3.5", "0.0", "4.0", "4.5")[place],
        "url": f"https://example.org/{number}",
        "latitude": "" if place == 0 else f"{7.5 + number / 10:.4f}",
        "longitude": "" if place == 0 else f"{-75.5 + number / 10:.4f}",
        "scientific_name": f"Avis {label}",
        "common_name": "Pájaro, el cantor",
        "author": ("Ana Gómez", "Unknown", "李明", "", "Ana Gómez", 'Kim "K" Lee')[place],
        "license": "cc-by-nc-sa 4.0",
        "date": ("2013-05-04", "0000-00-00", "2013-06-00", "2020-02-29", "2021-02-29", "2019-01-01")[place],
        "time": ("05:30", "?", "07:00", "", "08:00", "5:15 pm")[place],
    }


def _write_soundscapes(folder: Path, year: int) -> None:
    names = {
        2021: ("train_soundscapes/7019_COR_20190904.ogg", "train_soundscapes/7843_SSW_20170325.ogg"),
        2024: ("unlabeled_soundscapes/1000170626.ogg",),
        2025: ("train_soundscapes/H02_20230420_074000.ogg", "train_soundscapes/H102_20230522_181500.ogg"),
        2026: (
            "train_soundscapes/BC2026_Train_0001_S01_20250101_123000.ogg",
            "train_soundscapes/BC2026_Train_0002_S19_20250102_003000.ogg",
        ),
    }[year]
    for name in (*names, "test_soundscapes/hidden_20250101.ogg"):
        write_audio(folder / name, BIRDS[1], SOUNDSCAPE_S, 32_000)
    (folder / "test_soundscapes/readme.txt").write_text("The rest is hidden.\n")
    if year == 2021:
        header = ["row_id", "site", "audio_id", "seconds", "birds"]
        rows = [
            [f"{audio}_{site}_{end}", site, audio, end, birds]
            for audio, site in (("7019", "COR"), ("7843", "SSW"))
            for end, birds in ((5, "nocall"), (10, "barswa abethr1"))
        ]
        write_table(folder / "train_soundscape_labels.csv", [header, *rows])
    if year == 2026:
        name = Path(names[0]).name
        rows = [[name, "00:00:00", "00:00:05", "barswa;1139490"], [name, "00:00:05", "00:00:10", "barswa"]]
        header = ["filename", "start", "end", "primary_label"]
        write_table(folder / "train_soundscapes_labels.csv", [header, *rows, rows[0], [*rows[1][:3], "abethr1"]])


def _write_class_lists(folder: Path, year: int) -> None:
    classes = sorted((*BIRDS, ONLY_SECONDARY, NEVER_HEARD))
    if year == 2021:
        write_table(folder / "sample_submission.csv", [["row_id", "birds"], ["7019_COR_5", "nocall"]])
        return
    write_table(folder / "sample_submission.csv", [["row_id", *classes], ["hidden_5", *["0.2"] * len(classes)]])
    if year > 2024:
        header = ["primary_label", "inat_taxon_id", "scientific_name", "common_name", "class_name"]
        rows = [[label, "1", "Avis", "Bird", "Insecta" if label.isdigit() else "Aves"] for label in classes]
        write_table(folder / "taxonomy.csv", [header, *rows])


# ---- AnuraSet

ANURASET_COLUMNS = ("sample_name", "fname", "min_t", "max_t", "site", "date", "species_number", "subset")
MINUTES = (
    ("INCT17", "20191113_040000", "train"),
    ("INCT17", "20191114_191500", "train"),
    ("INCT20955", "20190830_053000", "train"),
    ("INCT20955", "20190831_010000", "train"),
    ("INCT41", "20200309_233000", "train"),
    ("INCT4", "20200310_000000", "test"),
)
WINDOWS = 4


def make_anuraset(
    folder: Path,
    layout: str = "zenodo",
    corrupt: bool = False,
    crlf: bool = False,
    bom: bool = False,
    bad_cell: bool = False,
) -> Path:
    """AnuraSet: six minutes of sound in four overlapping windows of three seconds each, of six species.

    Some windows have no species; one species is only in the training windows, one only in the test's.

    Args:
        folder: where to.
        layout: zenodo (`audio/<SITE>/<fname>_<min_t>_<max_t>.wav`) or path (the first column is a path).
        corrupt: cut a window in half.
        crlf: line ends of Windows.
        bom: a byte order mark.
        bad_cell: a species column with a `2`.
    """
    rows = [
        _frogs(site, when, subset, minute, start)
        for minute, (site, when, subset) in enumerate(MINUTES)
        for start in range(WINDOWS)
    ]
    for row in rows:
        name = row[0]
        path = f"audio/{row[4]}/{name}.wav" if layout == "zenodo" else f"windows/{name}.wav"
        row[0] = name if layout == "zenodo" else path
        write_audio(folder / path, FROGS[sum(row[8:]) % len(FROGS)], 3.0)
    if corrupt:
        cut(folder / f"audio/{rows[0][4]}/{rows[0][0]}.wav")
    if bad_cell:
        rows[3][9] = 2
    write_table(folder / "metadata.csv", [[*ANURASET_COLUMNS, *FROGS], *rows], crlf, bom)
    return folder


def _frogs(site: str, when: str, subset: str, minute: int, start: int) -> list:
    fname, end = f"{site}_{when}", start + 3
    heard = [int((minute + start + place) % 4 == 0) for place in range(4)] if start != 3 else [0] * 4
    species = [*heard, int(subset == "train" and start == 0), int(subset == "test" and start == 0)]
    date = f"{when[:4]}-{when[4:6]}-{when[6:8]} {when[9:11]}:{when[11:13]}:00"
    return [f"{fname}_{start}_{end}", fname, start, end, site, date, sum(species), subset, *species]


# ---- ICBHI 2017

PATIENTS = (
    ("101", ("1b1_Al_sc_Meditron", "1b1_Pr_sc_Meditron")),
    ("102", ("1b1_Ar_sc_Meditron",)),
    ("107", ("2b3_Tc_mc_AKGC417L", "2b3_Al_mc_AKGC417L", "2b4_Ar_mc_AKGC417L")),
    ("130", ("1p2_Ll_mc_AKGC417L",)),
    ("156", ("2b3_Lr_mc_LittC2SE", "5b3_Pl_mc_LittC2SE")),
    ("226", ("1b1_Pl_sc_Litt3200",)),
)
TORN_PATIENT = "156"
CYCLES = ((0.0, 0.4, 0, 0), (0.4, 0.9, 1, 0), (0.9, 1.3, 0, 1), (1.3, 1.9, 1, 1))
RATES = (44_100, 4_000, 10_000)


def make_icbhi(
    folder: Path,
    crlf: bool = False,
    corrupt: bool = False,
    empty: bool = False,
    bad_cycles: bool = False,
    tables: bool = True,
) -> Path:
    """ICBHI 2017: ten recordings of six patients with four cycles each, at several sampling rates.

    The official split has recordings of patient 156 on both sides.

    Args:
        folder: where to.
        crlf: line ends of Windows.
        corrupt: cut a recording in half.
        empty: an annotation file without a line.
        bad_cycles: a cycle that ends before it starts, and one beyond its recording.
        tables: write the official split and the diagnoses, too.
    """
    stems = [f"{patient}_{rest}" for patient, recordings in PATIENTS for rest in recordings]
    newline = "\r\n" if crlf else "\n"
    for number, stem in enumerate(stems):
        write_audio(folder / f"{stem}.wav", stem, 2.0, RATES[number % len(RATES)])
        _write_cycles(folder / f"{stem}.txt", CYCLES, newline)
    if empty:
        (folder / f"{stems[1]}.txt").write_bytes(b"")
    if bad_cycles:
        _write_cycles(folder / f"{stems[2]}.txt", (*CYCLES, (1.9, 1.5, 0, 0), (1.9, 2.6, 0, 1)), newline)
    if corrupt:
        cut(folder / f"{stems[0]}.wav")
    if tables:
        _write_tables(folder, stems, newline)
    (folder / "filename_format.txt").write_text("The elements are separated by underscores.\n")
    return folder


def _write_cycles(path: Path, cycles: Sequence[tuple[float, float, int, int]], newline: str) -> None:
    lines = ("\t".join((f"{start:.3f}", f"{end:.3f}", str(c), str(w))) for start, end, c, w in cycles)
    path.write_bytes("".join(line + newline for line in lines).encode())


def _write_tables(folder: Path, stems: Sequence[str], newline: str) -> None:
    sides = ["test" if stem.startswith(("226", f"{TORN_PATIENT}_5b3")) else "train" for stem in stems]
    split = "".join(f"{stem}\t{side}{newline}" for stem, side in zip(stems, sides, strict=True))
    (folder / "ICBHI_challenge_train_test.txt").write_bytes(split.encode())
    ills = ("URTI", "Healthy", "COPD", "COPD", "COPD", "Pneumonia")
    table = "".join(f"{patient},{ill}{newline}" for (patient, _), ill in zip(PATIENTS, ills, strict=True))
    (folder / "patient_diagnosis.csv").write_bytes(table.encode())
    (folder / "demographic_info.txt").write_text("101 3 F NA 19 99\n")


# ---- Freesound

PER_SOUND = 8


def make_fsdkaggle2018(
    folder: Path, layout: str = "kaggle", corrupt: bool = False, crlf: bool = False, bom: bool = False
) -> Path:
    """FSDKaggle2018: three classes of eight training clips, two thirds not verified; a test with usage columns.

    Args:
        folder: where to.
        layout: kaggle, or zenodo (folders with the dataset's name, freesound_id and license).
        corrupt: an empty recording among the test's, as there are three in the published one.
        crlf: line ends of Windows.
        bom: a byte order mark.
    """
    zenodo = layout == "zenodo"
    before, meta = ("FSDKaggle2018.", folder / "FSDKaggle2018.meta") if zenodo else ("", folder)
    more = ["freesound_id", "license"] if zenodo else []
    clips = [(f"00{number:06x}.wav", SOUNDS_2018[number % 3]) for number in range(3 * PER_SOUND)]
    for fname, label in clips:
        write_audio(folder / f"{before}audio_train" / fname, label, rate=44_100)
    rows = [
        [fname, label, int(number % 3 == 0), *[str(number), "CC0"][: len(more)]]
        for number, (fname, label) in enumerate(clips)
    ]
    name = "train_post_competition.csv" if zenodo else "train.csv"
    write_table(meta / name, [["fname", "label", "manually_verified", *more], *rows], crlf, bom)
    test = [("fe000000.wav", "Bark", "Public"), ("fe000001.wav", "Cello", "Private")]
    test += [] if zenodo else [("fe000002.wav", "None", "Ignored")]
    for fname, label, _ in test:
        write_audio(folder / f"{before}audio_test" / fname, label, rate=44_100)
    name = "test_post_competition_scoring_clips.csv" if zenodo else "test_post_competition.csv"
    rows = [[*clip, *["7", "CC-BY"][: len(more)]] for clip in test]
    write_table(meta / name, [["fname", "label", "usage", *more], *rows], crlf, bom)
    if corrupt:
        (folder / f"{before}audio_test" / test[0][0]).write_bytes(b"")
    return folder


def make_fsdkaggle2019(folder: Path, corrupt: bool = False, crlf: bool = False, bom: bool = False) -> Path:
    """FSDKaggle2019: curated and noisy clips with one or several labels, and a test without labels.

    Args:
        folder: where to.
        corrupt: cut a noisy recording in half.
        crlf: line ends of Windows.
        bom: a byte order mark.
    """
    for part, per_class in (("curated", 5), ("noisy", 3)):
        rows: list[list[str]] = [["fname", "labels"]]
        for number in range(3 * per_class):
            labels = [SOUNDS_2019[number % 3], *([SOUNDS_2019[(number + 1) % 3]] if number % 4 == 0 else [])]
            fname = f"{part[0]}{number:07x}.wav"
            write_audio(folder / f"train_{part}" / fname, labels[0], rate=44_100)
            rows.append([fname, ",".join(labels)])
        write_table(folder / f"train_{part}.csv", rows, crlf, bom)
    if corrupt:
        cut(folder / "train_noisy/n0000000.wav")
    write_audio(folder / "test/e0000000.wav", SOUNDS_2019[0], rate=44_100)
    submission = [["fname", *SOUNDS_2019, "Yell"], ["e0000000.wav", "0", "0", "0", "0"]]
    write_table(folder / "sample_submission.csv", submission)
    return folder


# ---- a folder per class


def make_folders(folder: Path, corrupt: bool = False) -> Path:
    """Two classes in folders, one of them with folders of its own, in every format; with hidden files and notes.

    Args:
        folder: where to.
        corrupt: cut a recording in half.
    """
    for name in ("owl/1.wav", "owl/2.flac", "owl/night/deep/3.ogg", "Käuzchen, klein/1.WAV", "Käuzchen, klein/2.ogg"):
        write_audio(folder / name, name.split("/")[0])
    soundfile.write(folder / "owl/4.opus", np.zeros(16_000), 16_000, format="OGG", subtype="OPUS")
    soundfile.write(folder / "owl/5.mp3", np.zeros(16_000), 16_000)
    for hidden in (".trash/9.wav", "owl/.hidden.wav"):
        write_audio(folder / hidden, "hidden")
    (folder / "owl/notes.txt").write_text("heard at night\n")
    if corrupt:
        cut(folder / "owl/1.wav")
    return folder
