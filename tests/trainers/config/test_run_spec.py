"""RunSpec: strict files, overrides, switching variants, the key of a run, messages."""

import inspect
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from analysis.metrics import METRICS
from trainers.config.build import (
    FIELDS,
    TAGS,
    Layer,
    build_spec,
    load_recipe,
    parse_overrides,
    recipe_names,
    unknown_field,
)
from trainers.config.paths import flatten, get_path, variants
from trainers.config.yamlfile import as_yaml, load_document, parse_document, parse_value
from trainers.errors import SpecError
from trainers.losses.spec import CeSpec
from trainers.spec import RunSpec

EMPTY = parse_document("seed: 0")


def build(*overrides: str, recipe: str = "seed: 0") -> RunSpec:
    return build_spec(parse_document(recipe), [parse_overrides(overrides)])


def sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for info in model.model_fields.values():
        for section in variants(info).values():
            found += sections(section)
    return found


# ---- files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss: {name: ce}\nseed: 1\nseed: 2", "recipe.yaml:3: found duplicate key"),
        ("a: &x 1\nb: *x", "recipe.yaml:2: an alias (*x)"),
        ("a: 1\nb: [!!python/tuple [1, 2]]", "recipe.yaml:2: a tag (!!python/tuple), want plain values"),
        ("a: 1\nb: !env [1]", "recipe.yaml:2: a tag (!env)"),
        ("a: 1\nb: !env HOME", "recipe.yaml:2: a tag (!env)"),
        ("a: !!set {b, c}", "recipe.yaml:1: a tag (!!set)"),
        ("a: !!python/object/apply:os.system ['ls']", "recipe.yaml:1: a tag (!!python/object/apply:os.system)"),
        ("a: 1\n---\nb: 2", "2 YAML documents"),
        ("", "is empty"),
        ("- 1\n- 2", "holds a list, want a mapping"),
        ("just text", "want a mapping"),
        ("seed: .nan", "recipe.yaml:1: nan is not a finite number"),
        ("optimizer:\n  lr: .inf", "recipe.yaml:2: inf is not a finite number"),
        ("seed:\n\t- 1", "Try: spaces in place of the tab"),
        ("seed: [1", "not valid YAML"),
    ],
)
def test_what_yaml_would_pass_silently_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_document(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert str(caught.value).count("Try: ") == 1
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_an_error(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        load_document(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(SpecError, match="UTF-8"):
        load_document(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("no", "no"), ("off", "off"), ("010", 10), ("1:30", "1:30"), ("true", True), ("null", None),
        ("", None), ("[a, 2]", ["a", 2]), ("007", 7), ("0x10", 16), ("'1'", "1"),
        ("2024-1-1", "2024-1-1"), ("2024-01-01T12:00:00", "2024-01-01T12:00:00"),
    ],
)  # fmt: skip
def test_values_mean_what_yaml_1_2_says(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -0.25, 1e-05, 1e16, "bce", "8", "no", "null", "true", "1:30", "1e-3", "", " ", "a: b", "a, b",
        "[x", "it's", '"', "#a", "a #b", "*a", "-", "é", "a\nb", "\x1b", "!t", "@x", "$x / 2", "2024-01-01",
        "2024-01-01 12:00:00", {"2024-01-01": 3},
        "val/macro_f1@site:worst", [], [[2, 3], [None]], {}, {"a": {"$b": ["8", 8]}, "9": {"x: y": 0.1}},
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_in_one_line_of_yaml_reads_as_itself(value):
    text = as_yaml(value)
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)
    assert "\n" not in text


def test_every_key_knows_its_line():
    document = parse_document("seed: 1\nloss:\n  name: focal\n  gamma: 2", Path("r.yaml"))
    assert document.place(("loss", "gamma")) == "r.yaml:4"
    assert document.place(("loss", "alpha")) == "r.yaml:2"
    assert document.place(("data",)) == "r.yaml"


# ---- recipes, layers, overrides


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_that_ships_is_valid(name):
    assert isinstance(build_spec(load_recipe(name)), RunSpec)


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(SpecError, match=r"recipe 'corus' does not exist\. Known: .*chorus"):
        load_recipe("corus")


def test_the_default_spec_comes_from_an_empty_recipe():
    assert build() == RunSpec()


def test_later_layers_win():
    layers = [Layer({"optimizer.lr": 0.1, "seed": 5}), parse_overrides(["optimizer.lr=0.2"])]
    spec = build_spec(parse_document("optimizer: {lr: 0.05, weight_decay: 0.5}"), layers)
    assert (spec.optimizer.lr, spec.optimizer.weight_decay, spec.seed) == (0.2, 0.5, 5)


def test_a_mapping_sets_its_leaves_and_leaves_its_neighbours():
    spec = build_spec(EMPTY, [Layer({"data": {"split": {"n_folds": 7}}})])
    assert spec.data.split.n_folds == 7
    assert spec.data.split.scheme == RunSpec().data.split.scheme


def test_switching_a_variant_drops_what_the_recipe_set_for_the_old_one():
    recipe = "loss: {name: focal, gamma: 3.5, alpha: 0.9}"
    assert build("loss.name=ce", recipe=recipe).loss == CeSpec()
    assert build("loss.name=focal_bce", recipe=recipe).loss.gamma == 2.0
    assert build("loss.name=focal", recipe=recipe).loss.gamma == 3.5


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_overrides_does_not_matter(order):
    settings = ["loss.name=focal", "loss.gamma=3", "mixing.name=mixup", "mixing.alpha=null", "seed=4"][::order]
    assert build(*settings).loss.gamma == 3
    assert build(*settings) == build(*sorted(settings))


def test_what_was_set_with_the_new_variant_and_does_not_fit_is_an_error():
    message = r"loss.gamma does not exist for loss.name=ce; it belongs to focal, focal_bce \(command line\)"
    with pytest.raises(SpecError, match=message):
        build("loss.name=ce", "loss.gamma=2")


@pytest.mark.parametrize("texts", [["seed"], ["=3"], ["seed=1", "seed=2"], ["seed=[1"], ["seed=.nan"]])
def test_an_override_that_sets_nothing_or_twice_is_an_error(texts):
    with pytest.raises(SpecError):
        parse_overrides(texts)


# ---- messages


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("seed: 1\nloss:\n  name: focal\n  gamma: -1", "loss.gamma must be >= 0, got -1 (r.yaml:4)"),
        ("seed: 1\noptimizer: {lr: 0}", "optimizer.lr must be > 0, got 0 (r.yaml:2)"),
        ("optimizer: {lr: 11}", "optimizer.lr must be <= 10, got 11 (r.yaml:1)"),
        ("targets: {smoothing: 1.0}", "targets.smoothing must be < 1, got 1.0 (r.yaml:1)"),
        (
            "loss: {name: hinge}",
            "loss.name must be one of bce, ce, focal, focal_bce, asymmetric, got 'hinge' (r.y",
        ),
        ("targets: {mode: firm}", "targets.mode must be one of 'soft' or 'hard', got 'firm' (r.yaml:1)"),
        ("training: {epochs: '3'}", "training.epochs should be a valid integer, got '3' (r.yaml:1)"),
        ("training: {epochs: 2.5}", "training.epochs"),
        ("training: {channels_last: no}", "training.channels_last should be a valid boolean, got 'no' (r.yaml:1)"),
        ("optimizer: {learning_rate: 1}", "optimizer.learning_rate is no field."),
        ("optimiser: {lr: 1}", "optimiser is no field. Did you mean optimizer?"),
        ("gamma: 2", "gamma is no field. Did you mean loss.gamma?"),
        ("loss: ce", "loss must be a mapping of fields, got 'ce'. Did you mean loss.name=ce? (r.yaml:1)"),
        ("data: {split: null}", "data.split must be a mapping of fields, got null (r.yaml:1)"),
        ("loss: {}", "loss.name must be one of bce, ce, focal, focal_bce, asymmetric, got null (r.yaml:1)"),
        ("data: {fold: 4}", "data.fold must be < data.split.n_folds (4), got 4"),
        ("front_end: {f_min: 500, f_max: 400}", "front_end.f_max must be > f_min (500"),
        ("front_end: {hop_length: 2048}", "front_end.hop_length must be <= n_fft (1024), got 2048"),
        ("front_end: {win_length: 2048}", "front_end.win_length must be <= n_fft (1024), got 2048"),
        ("front_end: {f_max: 9000}", "front_end.f_max must be below data.sample_rate / 2 (8000 Hz), got 9000 Hz"),
        ("front_end: {f_min: 8000}", "front_end.f_min must be below data.sample_rate / 2 (8000 Hz), got 8000 Hz"),
        ("segments: {duration_s: 0.06}", "front_end.n_fft must be <= the samples of a segment (960 in 0.06 s)"),
        ("training: {monitor: val/auc}", "training.monitor must be one of train/loss, val/loss, val/macro_auc, "),
        ("data: {predict: [1]}", "data.predict.0"),
        ("data: {fold: 1, predict: [a, 3]}", "data.predict.1 should be a valid string, got 3 (r.yaml:1)"),
        ("front_end: {norm: none}", "front_end.norm must be 'slaney' or null, got 'none' (r.yaml:1)"),
        ("training: {grad_clip: 0}", "training.grad_clip must be > 0 or null, got 0 (r.yaml:1)"),
        ("model: {out_indices: []}", "model.out_indices must not be empty, got [] (r.yaml:1)"),
        ("model: {backbone: ''}", "model.backbone must not be empty, got '' (r.yaml:1)"),
        ("pooling: gem", "pooling must be a mapping of fields, got 'gem'. Did you mean pooling.name=gem? (r.yaml:1)"),
        ("pooling: {p: 2}", "pooling.p does not exist for pooling.name=avg; it belongs to gem (r.yaml:1)"),
        ("model: {name: ast, backbone: x}", "model.backbone does not exist for model.name=ast; it belongs to timm"),
        (
            "seed: 1\naugmentation:\n  gain:\n    p: 1\n    max_db: -20",
            "augmentation.gain.max_db must be >= min_db (-15), got -20 (r.yaml:5)",
        ),
        (
            "augmentation: {noise: {q: 1}}",
            "augmentation.noise.q is no field. Known: augmentation.noise.p, ",
        ),
        ("spec_augment: {p: 1}", "spec_augment is no field. Did you mean augmentation.spec_augment? (r.yaml:1)"),
        (
            "loss: {x: 1}",
            "loss.x is no field. Known: loss.class_weight_temperature, loss.class_weight_scale,",
        ),
        ("x: 1", "x is no field. Known: data, segments, sampling,"),
        ("mixing: {name: mix2, alpha: -1}", "mixing.alpha must be > 0, got -1 (r.yaml:1)"),
        (
            "mixing: {name: manifold_mixup, layers: [stem]}",
            "mixing.layers must be embedding, stage0, stage1, ..., got 'stem' (r.yaml:1)",
        ),
        ("data: {predict: target}", "data.predict must be a list, got 'target' (r.yaml:1)"),
    ],
)
def test_a_mistake_names_field_value_rule_and_place(recipe, message):
    with pytest.raises(SpecError) as caught:
        build_spec(parse_document(recipe, Path("r.yaml")))
    assert message in str(caught.value)
    assert "r.yaml" in str(caught.value)
    assert len(str(caught.value)) < 1500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("augmentation.noise.min_snr_db=50", "augmentation.noise.max_snr_db must be >= min_snr_db (50), got 40"),
        ("augmentation={noise: {p: 2}}", "augmentation.noise.p must be <= 1, got 2"),
        ("data.predict=[3]", "data.predict.0 should be a valid string, got 3"),
        ("data.split.n_folds=0", "data.split.n_folds must be >= 2, got 0"),
        ("data.fold=9", "data.fold must be < data.split.n_folds (4), got 9"),
        ("data.sample_rate=1000", "front_end.f_min must be"),
        ("optimiser.lr=1", "optimiser is no field. Did you mean optimizer?"),
    ],
)
def test_a_mistake_of_the_command_line_is_not_blamed_on_the_recipe(setting, message):
    recipe = parse_document("data: {fold: 1}\nfront_end: {f_min: 600}", Path("r.yaml"))
    with pytest.raises(SpecError) as caught:
        build_spec(recipe, [parse_overrides([setting])])
    assert str(caught.value).startswith(message)
    if "f_min" in message:  # whose field it is; that the rate made it wrong is in the words
        assert "data.sample_rate / 2 (500 Hz), got 600 Hz (command line)" in str(caught.value)
    else:
        assert str(caught.value).endswith("(command line)")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("optimizer.learning_rate", "optimizer.lr"),
        ("learning_rate", "optimizer.lr"),
        ("training.lr", "optimizer.lr"),
        ("optimizer.wd", "optimizer.weight_decay"),
        ("training.num_epochs", "training.epochs"),
        ("front_end.hop", "front_end.hop_length"),
        ("front_end.fmax", "front_end.f_max"),
        ("data.folds", "data.fold"),
        ("los.name", "loss.name"),
    ],
)
def test_a_path_is_told_by_what_its_last_part_means(path, meant):
    assert unknown_field(path) == f"{path} is no field. Did you mean {meant}?"


def test_an_unknown_path_gets_the_nearest_name_and_a_section_its_fields():
    assert unknown_field("loss.gamma") is None
    assert unknown_field("loss.gama") == "loss.gama is no field. Did you mean loss.gamma?"
    assert "loss is a section" in unknown_field("loss")


# ---- the tree


@pytest.mark.parametrize("path", sorted(FIELDS))
def test_every_field_says_what_it_means(path):
    description = FIELDS[path].info.description
    assert path in TAGS or path.endswith(".name") or (description and description == description.strip())


@pytest.mark.parametrize("section", sections(RunSpec))
def test_every_section_says_what_it_is_and_is_strict_and_frozen(section):
    assert inspect.getdoc(section) not in (None, inspect.getdoc(BaseModel))
    assert {"extra": "forbid", "frozen": True, "strict": True}.items() <= section.model_config.items()


def test_every_field_has_a_default_and_every_default_is_valid():
    for section in sections(RunSpec):
        section.model_validate(section().model_dump())


@pytest.mark.parametrize("path", sorted(FIELDS))
def test_every_field_can_be_set_by_its_path(path):
    tags = () if path in TAGS else FIELDS[path].tags
    variant = {f"{path.rsplit('.', 1)[0]}.name": tags[0]} if tags else {}
    value = get_path(build_spec(EMPTY, [Layer(variant)]).resolved(), path)
    assert get_path(build_spec(EMPTY, [Layer({**variant, path: value})]).resolved(), path) == value


def test_a_resolved_spec_is_the_spec_again():
    for spec in (
        RunSpec(),
        build("loss.name=focal", "mixing.name=mixup", "data.predict=[a, b]", "schedule.name=constant"),
    ):
        assert RunSpec.model_validate_json(json.dumps(spec.resolved())) == spec
        assert build_spec(EMPTY, [Layer(dict(flatten(spec.resolved())))]) == spec


def test_a_spec_can_not_be_changed():
    with pytest.raises(ValidationError):
        RunSpec().seed = 1


@pytest.mark.parametrize("name", METRICS)
def test_what_is_measured_can_be_monitored(name):
    assert build(f"training.monitor=val/{name}").training.monitor == f"val/{name}"


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("val/macro_f1@rare", "evaluation.rare_below=20"),
        ("val/macro_f1@frequent", "evaluation.frequent_above=50"),
        ("val/macro_f1@common", "evaluation.rare_below=20"),
        ("val/macro_f1@polyphony=2", "evaluation.polyphony=true"),
        ("val/macro_f1@class=robin", "evaluation.per_class=true"),
        ("val/macro_f1@tuned", "evaluation.tune_thresholds=true"),
        ("val/macro_f1@site:mean", "evaluation.by=[site]"),
        ("val/macro_f1@site=S4", "evaluation.by=[site]"),
    ],
)
def test_what_is_measured_only_when_asked_for_can_be_monitored_only_then(name, setting):
    with pytest.raises(SpecError, match=rf"training.monitor is {name}, which is measured with {setting.split('=')[0]}"):
        build(f"training.monitor={name}")
    assert build(f"training.monitor={name}", setting).training.monitor == name


# ---- the key


def key(spec: RunSpec, data: str = "d", world_size: int = 1, precision: str = "fp32") -> str:
    return spec.key(data, world_size, precision)


def test_the_same_spec_has_the_same_key_however_it_was_written():
    texts = ["loss.name=focal", "loss.gamma=3", "optimizer.lr=1e-2", "data.fold=1", "mixing.name=mixup"]
    keys = set()
    for seed in range(10):
        random.Random(seed).shuffle(texts)
        keys.add(key(build(*texts)))
    recipe = "mixing: {name: mixup}\ndata: {fold: 1}\noptimizer: {lr: 0.01}\nloss: {gamma: 3.0, name: focal}"
    keys.add(key(build(recipe=recipe)))
    assert len(keys) == 1


def test_a_key_is_the_same_in_another_process():
    code = "from trainers.spec import RunSpec; print(RunSpec(seed=3).key('d', 1, 'fp32'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == key(RunSpec(seed=3))


def test_the_key_is_16_hexadecimal_digits():
    assert len(key(RunSpec())) == 16
    int(key(RunSpec()), 16)


@pytest.mark.parametrize("change", [{"data": "e"}, {"world_size": 2}, {"precision": "bf16"}])
def test_the_key_changes_with_data_world_size_and_precision(change):
    assert key(RunSpec(), **change) != key(RunSpec())


def test_auto_is_the_precision_that_it_turns_out_to_be():
    assert key(build("training.precision=fp32")) == key(build("training.precision=auto"))


CHANGED = {bool: lambda v: not v, int: lambda v: v + 1, float: lambda v: v * 0.5 + 0.1, str: lambda v: f"{v}x"}
OTHER = {
    "augmentation.noise.min_amplitude": 0.002, "augmentation.time_stretch.max_rate": 1.3, "data.exclude_classes": ["a"],
    "data.extra_train": ["pseudo"], "data.fold": 1, "data.predict": ["other"], "data.split.group_by": ["site"],
    "data.split.holdout": 0.2, "data.split.stratify_by": ["site"], "data.split.test_fold": 3,
    "data.split.validate_where": {"verified": True},
    "evaluation.by": ["site"], "evaluation.frequent_above": 9, "evaluation.rare_below": 9, "front_end.f_max": 4000.0,
    "front_end.highpass_hz": 100.0, "front_end.lowpass_hz": 4000.0, "front_end.norm": "slaney",
    "front_end.win_length": 512, "mixing.alpha_max": 0.3, "mixing.alpha_min": 0.1, "mixing.layers": ["stage1"],
    "proxies": [{"name": "unlabelled"}],
    "mixing.n_mixes": 7, "model.out_indices": [1], "model.weights": "w.safetensors", "optimizer.lr": 0.5,
    "sampling.extra_share": 0.5, "segments.smoothing_width": 5, "segments.trim_db": 60.0, "start.checkpoint": "c",
    "training.early_stopping_patience": 3, "training.ema_decay": 0.9, "training.grad_clip": 1.0,
    "training.monitor": "val/loss",
    # the three must sum to 1, as exactly as floats do
    "mixing.p_mixup": 0.2500004, "mixing.p_manifold": 0.5000004, "mixing.p_multimix": 0.2500004,
}  # fmt: skip
WITH = {"front_end.deltas": {"front_end.in_chans": 3}}
"""What else must be set for the change to be a legal one."""


def other_values(path: str, value: object) -> list[object]:
    annotation = FIELDS[path].info.annotation
    if path in TAGS:
        return [tag for tag in FIELDS[path].tags if tag != value]
    if path in OTHER:
        return [OTHER[path]]
    if get_origin(annotation) is Literal:  # none where there is one choice so far
        return [choice for choice in get_args(annotation) if choice != value]
    return [CHANGED[type(value)](value)]


@pytest.mark.parametrize("path", sorted(set(FIELDS) - {"training.precision"}))
def test_the_key_changes_with_every_field(path):
    tags = () if path in TAGS else FIELDS[path].tags
    variant = {f"{path.rsplit('.', 1)[0]}.name": tags[0]} if tags else {}
    variant |= WITH.get(path, {})
    base = build_spec(EMPTY, [Layer(variant)])
    for value in other_values(path, get_path(base.resolved(), path)):
        assert key(build_spec(EMPTY, [Layer({**variant, path: value})])) != key(base), value


@settings(max_examples=50)
@given(st.integers(0, 2**31 - 1), st.integers(0, 3), st.floats(1e-6, 10))
def test_different_runs_have_different_keys(seed, fold, lr):
    spec = build_spec(EMPTY, [Layer({"seed": seed, "data.fold": fold, "optimizer.lr": lr})])
    same = (seed, fold, lr) == (0, 0, 1e-3)
    assert (key(spec) == key(RunSpec())) == same


def test_weights_count_by_their_content_and_not_by_their_path(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(content)
        (tmp_path / f"{name}.pth").write_bytes(content)
    for field, ending in (("model.weights", ".pth"), ("start.checkpoint", ""), ("model.checkpoint", "")):
        model = ("model.name=ast",) if field == "model.checkpoint" else ()
        a, b, c = (key(build(*model, f"{field}={tmp_path / name}{ending}")) for name in "abc")
        assert a == b != c
        before = key(build(*model, f"{field}={tmp_path / 'c'}{ending}"))
        target = tmp_path / f"c{ending}"
        (target / "model.safetensors" if target.is_dir() else target).write_bytes(b"three")
        assert key(build(*model, f"{field}={tmp_path / 'c'}{ending}")) != before
        (target / "model.safetensors" if target.is_dir() else target).write_bytes(b"2")
    assert key(build("model.name=ast", "model.checkpoint=x/y")) != key(build("model.name=ast", "model.checkpoint=x/z"))
