"""`platform data pseudo`: which runs are meant, what is made of them, what is said, and what is refused."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from analysis.records.predictions import Predictions, write_predictions
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from trainers.config.build import Layer, build_spec, load_recipe, parse_overrides
from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.prepare import open_catalogue
from tuneful.repeat import train_command

CLASSES = ("bat", "owl")
SURE = ((3.0, -3.0), (0.0, 4.0), (-9.0, -9.0))
"""Logits of the windows of the subset `target`: bat, owl over a possible bat, nothing"""
RECIPE = "chorus"
BASE = {"data.name": "birds", "data.sample_rate": 8000, "segments.duration_s": 2.0, "data.exclude_classes": ["lark"]}
OBJECTIVE = {"metric": "val/macro_auc", "mode": "max", "epoch": "last"}


@pytest.fixture
def birds(platform, tmp_path, monkeypatch):
    """A catalogue of two labelled clips and one long unlabelled one, in a home of its own; no audio is needed."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    return save_catalogue("birds", "csv", tmp_path, clips())


def clips(**columns):
    table = {
        "clip_id": ["a", "b", "t"],
        "path": ["a.wav", "b.wav", "t.wav"],
        "recording_id": ["a", "b", "t"],
        "start_s": [0.0, 0.0, 0.0],
        "duration_s": [2.0, 2.0, 5.0],
        "labels": [["bat"], ["owl"], None],
        "secondary_labels": [[], [], []],
        "subset": ["train", "train", "target"],
        "content": ["1", "2", "3"],
    }
    return pd.DataFrame({**table, **columns})


def spec_of(**settings):
    return build_spec(load_recipe(RECIPE), [Layer(BASE), Layer(settings)])


def save(path, logits, subset, ids):
    val = Predictions("val", ("a",), np.zeros(1), np.zeros((1, 2), np.float32))
    parts = [val, Predictions(subset, ids, np.array([0.0, 2.0, 3.0]), np.array(logits, np.float32))]
    write_predictions(path / "predictions.parquet", parts if subset else [val], CLASSES)


def publish(folder, key, logits=SURE, subset="target", ids=("t",) * 3, states=("running", "finished")):
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    for epoch, state in enumerate(states, 1):
        record = {"epoch": epoch, "state": state, "metrics": {}, "protocol": "p", "kept_epoch": epoch}
        ledger.publish(record, None if state == "diverged" else lambda path: save(path, logits, subset, ids))


class Lab:
    """Writes sweeps as the platform does."""

    def __init__(self, results, catalogue):
        self.results, self.digest = results, catalogue.digest

    def sweep(self, name="loss", **definition) -> SweepFolder:
        folder = sweep_folder(self.results, name)
        folder.write_definition({"name": name, "recipe": RECIPE, "objective": OBJECTIVE, **definition})
        return folder

    def trial(self, folder, specs, score=0.5, stage=SEARCH, state="complete", **logits):
        workers = (folder.definition().get("resources") or {"workers": 1})["workers"]
        runs = tuple(
            RunPlan(spec.key(self.digest, workers, "fp32"), spec.resolved(), spec.data.fold, spec.seed, 0, "stratified")
            for spec in specs
        )
        plan = TrialPlan(stage, folder.next_number(stage), {}, {}, runs)
        folder.ask(plan)
        for run in runs:
            publish(folder, run.key, **logits)
        if state is not None:
            folder.end(plan, TrialEnd(state, ((2, score),)))
        return plan


@pytest.fixture
def lab(birds, tmp_path):
    return Lab(tmp_path / "results", birds)


def made_by(platform, *args, name="more"):
    done = platform("data", "pseudo", name, *args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def keys(said):
    return [run["run"] for run in said["runs"]]


# ---- which runs


def test_a_sweep_stands_for_its_best_complete_trial(platform, lab):
    folder = lab.sweep()
    lab.trial(folder, [spec_of(seed=1)], 0.7)
    best = lab.trial(folder, [spec_of(seed=2)], 0.8)
    lab.trial(folder, [spec_of(seed=3)], 0.9, state="pruned", states=("running",))
    lab.trial(folder, [spec_of(seed=4)], state=None, states=("running",))
    assert keys(made_by(platform, "--from", "loss")) == [best.runs[0].key]


def test_of_a_sweep_that_minimises_the_lowest_is_best(platform, lab):
    folder = lab.sweep(objective={"metric": "val/loss", "mode": "min", "epoch": "last"})
    best = lab.trial(folder, [spec_of(seed=1)], 0.7)
    lab.trial(folder, [spec_of(seed=2)], 0.8)
    assert keys(made_by(platform, "--from", "loss")) == [best.runs[0].key]


def test_a_trial_is_named_by_number_or_name_and_a_run_by_its_key(platform, lab):
    folder = lab.sweep()
    first = lab.trial(folder, [spec_of(seed=1), spec_of(seed=2)], 0.7)
    lab.trial(folder, [spec_of(seed=3)], 0.8)
    confirm = lab.trial(folder, [spec_of(seed=4)], stage=CONFIRM)
    both = [run.key for run in first.runs]
    for text, expected in {
        "loss:0": both,
        "loss:search-0000": both,
        "loss:confirm-0000": [confirm.runs[0].key],
        f"loss:{both[1]}": both[1:],
    }.items():
        assert keys(made_by(platform, "--from", text)) == expected, text


def test_several_runs_are_an_ensemble_and_each_counts_once(platform, lab):
    one = lab.trial(lab.sweep("one"), [spec_of(seed=1)], logits=((8, -8), (-8, -8), (0, 0)))
    two = lab.trial(lab.sweep("two"), [spec_of(seed=2)], logits=((-8, -8), (-8, -8), (8, -8)))
    said = made_by(platform, "--from", "one", "--from", "two:0", "--from", "one", "--primary-label-min-prob", "0.4")
    assert keys(said) == [one.runs[0].key, two.runs[0].key]
    pseudo = load_catalogue("more").subset("pseudo")
    assert list(pseudo["clip_id"]) == ["pseudo:t@0", "pseudo:t@3"]
    low, high = 1 / (1 + np.exp(8)), 1 / (1 + np.exp(-8))
    assert list(pseudo["label_weights"][0]) == pytest.approx([(low + high) / 2], abs=1e-9)
    assert list(pseudo["label_weights"][1]) == pytest.approx([(0.5 + high) / 2, (0.5 + low) / 2], abs=1e-9)
    assert pseudo["extra_pseudo_from"][0] == ";".join(keys(said))


# ---- what is made and said


def test_the_catalogue_holds_the_old_rows_and_the_new_and_the_summary_counts_them(platform, lab):
    lab.trial(lab.sweep(), [spec_of()])
    done = platform("data", "pseudo", "more", "--from", "loss")
    assert done.returncode == 0, done.stderr
    more = load_catalogue("more")
    assert list(more.clips["clip_id"]) == ["a", "b", "t", "pseudo:t@0", "pseudo:t@2"]
    assert list(more.subset("pseudo")["labels"].map(list)) == [["bat"], ["owl", "bat"]]
    assert (more.source, more.folder) == ("pseudo", load_catalogue("birds").folder)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("loss search-0000 run ")
    assert lines[0].endswith(", fold 0")
    assert [line.split() for line in lines[1:4]] == [
        ["class", "train", "pseudo", "first", "mean_weight"],
        ["bat", "1", "2", "1", "0.7263"],
        ["owl", "1", "1", "1", "0.982"],
    ]
    assert lines[4].startswith(
        "Added more: birds and 2 pseudo-labelled clips of 3 windows of target. Try: platform train chorus "
    )
    assert len(lines) == 5


def test_the_command_it_ends_with_trains_the_same_run_on_it(platform, lab):
    teacher = spec_of(**{"loss.name": "focal", "loss.gamma": 1.5, "data.fold": 2, "optimizer.lr": 1e-5, "seed": 7})
    lab.trial(lab.sweep(recipe="gone.yaml"), [teacher])
    said = made_by(platform, "--from", "loss", "--into", "soft")
    words = shlex.split(said["command"])
    assert words[:3] == ["platform", "train", RECIPE]
    changes = {"data.name": "more", "data.extra_train": ["soft"], "sampling.extra_share": 0.4}
    again = build_spec(load_recipe(RECIPE), [parse_overrides(words[3:])])
    assert again == build_spec(load_recipe(RECIPE), [Layer({**settings_of(teacher), **changes})])
    assert again.loss == teacher.loss
    assert again.data.fold == 2


def settings_of(spec):
    return {**BASE, "loss": spec.resolved()["loss"], "data.fold": spec.data.fold, "optimizer.lr": 1e-5, "seed": 7}


def test_a_switched_section_is_told_whole(tmp_path):
    """`alpha` of another mixing is not the recipe's, even where both are the same number."""
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("loss: {name: focal, gamma: 2.5, alpha: 0.4}\n")
    spec = build_spec(load_recipe(RECIPE), [Layer({"loss": {"name": "focal_bce", "gamma": 2.5, "alpha": 0.4}})])
    words = shlex.split(train_command(str(recipe), spec, {}))
    assert words[2] == str(recipe)
    assert build_spec(load_recipe(str(recipe)), [parse_overrides(words[3:])]) == spec


def test_runs_that_held_out_different_clips_are_said_to_flatter(platform, lab):
    folder = lab.sweep()
    lab.trial(folder, [spec_of(**{"data.fold": fold}) for fold in (0, 1)])
    lab.trial(folder, [spec_of(seed=seed) for seed in (1, 2)])
    (note,) = made_by(platform, "--from", "loss:0")["notes"]
    assert "validation after this is flattered" in note
    assert made_by(platform, "--from", "loss:1")["notes"] == []
    assert f"Note: {note}." in platform("data", "pseudo", "more", "--from", "loss:0").stdout


def test_windows_of_labelled_recordings_are_told(platform, lab, tmp_path):
    copy = clips().iloc[:1].assign(clip_id="u", path="u.wav", recording_id="u", labels=[None], subset="target")
    lab.digest = save_catalogue("birds", "csv", tmp_path, pd.concat([clips(), copy])).digest
    lab.trial(lab.sweep(), [spec_of()], ids=("u", "t", "t"), logits=((3, 0), (3, -3), (-9, -9)))
    done = platform("data", "pseudo", "more", "--from", "loss")
    assert "1 windows were left out: their recordings are labelled training clips already." in done.stdout
    assert "1 pseudo-labelled clips of 3 windows" in done.stdout


def test_json_is_all_that_is_printed_and_says_how_much_was_left_out(platform, lab):
    lab.trial(lab.sweep(), [spec_of()])
    said = made_by(platform, "--from", "loss", "--primary-label-min-prob", "0.97", "--trim-min-prob", "0.6")
    assert {name: said[name] for name in ("name", "extends", "subsets", "windows", "labelled", "kept")} == {
        "name": "more",
        "extends": "birds",
        "subsets": ["target"],
        "windows": 3,
        "labelled": 0,
        "kept": 1,
    }
    assert said["digest"] == load_catalogue("more").digest
    assert [(row["class"], row["pseudo"]) for row in said["classes"]] == [("owl", 1), ("bat", 0)]
    assert said["runs"][0]["sweep"] == "loss"


def test_the_same_name_again_replaces_pseudo_labels_only(platform, lab, tmp_path):
    lab.trial(lab.sweep(), [spec_of()])
    first = made_by(platform, "--from", "loss")
    again = made_by(platform, "--from", "loss")
    other = made_by(platform, "--from", "loss", "--primary-label-min-prob", "0.97")
    assert first == again
    assert (first["kept"], other["kept"]) == (2, 1)
    save_catalogue("own", "csv", tmp_path, clips())
    refused = platform("data", "pseudo", "own", "--from", "loss")
    assert refused.returncode == 2
    assert "own is a catalogue of recordings, not of pseudo-labels. Try: another name" in refused.stderr
    assert len(load_catalogue("own").clips) == 3


def test_a_run_of_several_workers_is_known_as_one_of_these_data(platform, lab):
    lab.trial(lab.sweep(resources={"workers": 2}), [spec_of()])
    assert made_by(platform, "--from", "loss")["kept"] == 2


# ---- what is refused


def no_runs(lab):
    lab.sweep()


def unfinished(lab):
    lab.trial(lab.sweep(), [spec_of()], state="pruned", states=("running",))


def diverged(lab):
    lab.trial(lab.sweep(), [spec_of()], state="diverged", states=("running", "diverged"))


def only_validation(lab):
    lab.trial(lab.sweep(), [spec_of()], subset="")


def damaged(lab):
    lab.trial(lab.sweep(), [spec_of()])
    for path in lab.results.rglob("predictions.parquet"):
        path.write_bytes(path.read_bytes()[:-1])


def other_data(lab):
    lab.trial(lab.sweep(), [spec_of()])
    save_catalogue("birds", "csv", lab.results, clips(content=["1", "2", "4"]))


def other_catalogue(lab):
    lab.trial(lab.sweep(), [spec_of()])
    lab.trial(lab.sweep("frogs"), [spec_of(**{"data.name": "frogs"})])


def other_version(lab):
    plan = lab.trial(lab.sweep(), [spec_of()])
    (run,) = plan.runs
    run.spec["loss"]["delta"] = 1
    lab.sweep().ask(plan)
    lab.sweep().end(plan, TrialEnd("complete", ((2, 0.5),)))


def fine(lab):
    lab.trial(lab.sweep(), [spec_of()])


REFUSED = {
    "no sweep": (no_runs, ["--from", "los"], 2, ["no sweep is called 'los'. Did you mean loss?"]),
    "no trial": (no_runs, ["--from", "loss"], 2, ["no trial of loss is complete. Try: platform status loss"]),
    "no such trial": (fine, ["--from", "loss:7"], 2, ["loss has no trial or run '7'", "search-0000"]),
    "pruned": (unfinished, ["--from", "loss:0"], 2, ["loss search-0000 run ", "has not finished: 1 epochs"]),
    "diverged": (
        diverged,
        ["--from", "loss:0"],
        2,
        ["diverged: 2 epochs are on record. Try: a trial that is complete"],
    ),
    "no unlabelled logits": (only_validation, ["--from", "loss"], 2, ["unlabelled", "data.predict=[target]"]),
    "no such subset": (fine, ["--from", "loss", "--subset", "test"], 2, ["the subset 'test'", "data.predict=[test]"]),
    "a damaged checkpoint": (damaged, ["--from", "loss"], 3, ["the checkpoint of epoch 2 is damaged or gone"]),
    "data that changed": (other_data, ["--from", "loss"], 2, ["was trained on other data than birds holds now"]),
    "two catalogues": (
        other_catalogue,
        ["--from", "loss", "--from", "frogs"],
        2,
        ["was trained on frogs, not on birds"],
    ),
    "another version": (other_version, ["--from", "loss"], 2, ["is of another version of tuneful"]),
    "thresholds": (fine, ["--from", "loss", "--trim-min-prob", "0.7"], 2, ["trim_min_prob must be > 0 and <= "]),
    "a subset that is there": (fine, ["--from", "loss", "--into", "target"], 2, ["a subset 'target' already"]),
    "nothing sure": (fine, ["--from", "loss", "--primary-label-min-prob", "1"], 2, ["the highest is 0.982"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_is_one_message_and_makes_no_catalogue(platform, lab, tmp_path, what):
    prepare, args, code, parts = REFUSED[what]
    prepare(lab)
    done = platform("data", "pseudo", "more", *args)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Try: " in done.stderr
    assert done.stdout == ""
    for part in parts:
        assert part in done.stderr
    assert not (tmp_path / "own-home" / "catalogues" / "more").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("birds", "birds is what the runs were trained on, and stays as it is"),
        ("chorus", "chorus is a built-in catalogue"),
        ("../up", "can't be used"),
    ],
)
def test_a_name_that_is_taken_is_refused(platform, lab, name, message):
    fine(lab)
    done = platform("data", "pseudo", name, "--from", "loss")
    assert done.returncode == 2
    assert message in done.stderr
    assert open_catalogue("birds").digest == lab.digest


# ---- with a run that really trained

SMALL = (
    "data.name=half",
    "data.sample_rate=8000",
    "data.split.n_folds=2",
    "segments.duration_s=0.25",
    "front_end.n_fft=256",
    "front_end.hop_length=128",
    "front_end.n_mels=32",
    "training.batch_size=8",
    "training.epochs=1",
)


def half_labelled(tones_csv, folder):
    """The tones, every second one without labels and of the subset `target`."""
    table = pd.read_csv(tones_csv, keep_default_na=False)
    table["subset"] = ["target" if (number // 4) % 2 else "train" for number in range(len(table))]
    table.to_csv(folder / "half.csv", index=False)
    return str(folder / "half.csv"), str(tones_csv.parent)


def test_what_a_run_predicts_can_be_trained_on_by_the_command_it_ends_with(birds, platform, tones_csv, tmp_path):
    table, root = half_labelled(tones_csv, tmp_path)
    assert platform("data", "add", "csv", table, "--root", root, "--name", "half").returncode == 0
    done = platform("train", "chorus", *SMALL, "--name", "teacher")
    assert done.returncode == 0, done.stderr
    said = made_by(platform, "--from", "teacher", "--primary-label-min-prob", "0.01", "--trim-min-prob", "0.01")
    half = load_catalogue("half")
    assert said["kept"] == said["windows"] > len(half.subset("target")), "clips are longer than a window"
    done = platform(*shlex.split(said["command"])[1:], "--name", "student")
    assert done.returncode == 0, done.stderr
    ((plan, end),) = sweep_folder(tmp_path / "results", "student").trials(SEARCH)
    assert end.state == "complete"
    assert plan.runs[0].spec["data"]["extra_train"] == ["pseudo"]
