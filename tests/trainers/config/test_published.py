"""docs/published.md: every command sets up a run, every published number is there, different runs are different."""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

from analysis.metrics.names import metric_refusal
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.errors import SpecError
from trainers.mixing.spec import MultiMixSpec
from trainers.spec import RunSpec

DOCUMENT = (Path(__file__).parents[3] / "docs" / "published.md").read_text()
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<published>[^|]+) \| `(?P<command>platform train [^`]+)` \|$", re.M)
SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.M | re.S)

RUNS = """
    nfnet_l1-soft-ce-spec-mixup_prob1_bs64 .808             effnet-b0-soft-ce-fft_2048 .777
    eca_nfnet_l0_soft_ce_spec_params .788                   effnet-b0-hard-ce .774
    eca_nfnet_l0_soft_ce .675                               effnet_b0_soft_bce .758
    effnet_b0_soft_focal .741                               effnet-b0-hard-ce-no_audio_augments .762
    effnet-b0-soft-focalbce-fft_2048 .759                   effnet_b0_hard_bce .766
    effnet-b0-soft-ce-fft_2048-loss_weights .766            effnet_b0_hard_bce_no_audio_augments .737
    effnet_b0_soft_ce_bs256 .764
    efficientnet_b0_softlabels_ce_softmax_metric_augmentations .775
    effnet-b0-soft-ce-fft_2048-random_pieces .770
    efficientnet_b0-soft_bce_sigmoid_no_audio_augments .759
"""
"""The 16 runs of BirdCLEF 2025's list, with their public leaderboard score."""
NUMBERS = {
    "BirdCLEF+ 2025": """
        .778 .786 .780 .788  .782 .808 .789 .796 .798 .801  .759 .775 .766 .774 .741  .777 .764 .770 .737 .762
        .623 .716  38,334,440  368 1,320
    """,
    "Mix2": """
        61.6 52.0 14.8 34.9  62.3 53.9 9.9 33.2  68.4 56.8 15.7 37.8
        86.3 72.4 35.4 48.2  88.9 75.5 45.6 56.2  86.7 74.41 47.0 56.6  87.0 74.2 46.9
        87.4 74.3 44.9 55.2  86.8 88.0 75.1 46.1 56.3  88.6 76.6 51.7 60.5  88.5 75.7 47.8 57.7
        88.1 48.4 58.0  89.2 77.1 51.8 60.8
        83.9 56.3 65.9  87.2 83.5 55.0 64.9  86.6 62.0 70.4  88.8 84.4 60.6 69.0  58.8 67.7  89.5 67.4
    """,
    "ICBHI 2017": """
        .6756 .6147 .75 .7033  .4853 .6565 .3849 .8031  .5805 .6356 .5674 .7532  .6282 .6223 .6342 .7875
    """,
    "Freesound 2018": ".950 .917",
}
TABLES_OF_MIX2 = {
    "Mix2": "89.2 (0.1) / 77.1 (0.1) / 51.8 (0.4) / 60.8 (0.3)",
    "Mixup": "87.4 (0.2) / 74.3 (0.5) / 44.9 (0.4) / 55.2 (0.4)",
    "Mixup + Manifold Mixup": "88.6 (0.1) / 76.6 (0.2) / 51.7 (1.1) / 60.5 (0.8)",
    "+TimeShift": "87.0 (0.2) / 74.2 (0.0) / 46.9 (1.0) / 56.6 (0.7)",
    "AnuraSet-36N, Mix2": "88.9 (0.2) / 86.6 (0.3) / 62.0 (0.5) / 70.4 (0.3)",
    "AnuraSet-36, Mix2": "89.5 (0.1) / 86.8 (0.2) / 67.4 (0.6) / 74.2 (0.5)",
    "AnuraSet-36, no mixing": "88.8 (0.3) / 84.4 (0.2) / 60.6 (0.7) / 69.0 (0.4)",
}


@dataclass(frozen=True)
class Row:
    what: str
    published: str
    command: str

    @cached_property
    def spec(self) -> RunSpec:
        return build(shlex.split(self.command))

    @cached_property
    def resolved(self) -> str:
        return json.dumps(self.spec.resolved())

    @property
    def name(self) -> str:
        """The run's name, where the row has one: `effnet-b0-hard-ce`."""
        return self.what.removeprefix("`").split("`")[0]


recipe_of = cache(load_recipe)


def build(words: Sequence[str]) -> RunSpec:
    """The run of `platform train RECIPE path=value ...`."""
    _, _, recipe, *overrides = words
    return build_spec(recipe_of(recipe), [parse_overrides(overrides)])


ROWS = [Row(*match.groups()) for match in ROW.finditer(DOCUMENT)]


def row(name: str) -> Row:
    """The row of that name; of two, the first."""
    return next(found for found in ROWS if found.name == name)


def test_every_command_stands_in_a_row_that_was_read():
    assert len(ROWS) == DOCUMENT.count("`platform train ")
    assert len(ROWS) >= 16 + 18 + 14 + 6 + 3


@pytest.mark.parametrize("found", ROWS, ids=lambda found: found.what)
def test_every_command_sets_up_a_run(found):
    assert isinstance(found.spec, RunSpec)


@pytest.mark.parametrize("found", ROWS, ids=lambda found: found.what)
def test_every_override_changes_something(found):
    """An override that says what the recipe says already is a slip."""
    words = shlex.split(found.command)
    for left_out in words[3:]:
        try:
            assert build([word for word in words if word != left_out]) != found.spec, left_out
        except SpecError:  # the others need it
            continue


def test_rows_have_the_same_configuration_only_where_they_say_so():
    by_spec = defaultdict(list)
    for found in ROWS:
        by_spec[found.resolved].append(found)
    for rows in by_spec.values():
        assert sum("same" not in found.what for found in rows) == 1, [found.what for found in rows]


def test_the_16_runs_of_birdclef_2025_have_their_scores_and_nothing_twice():
    expected = dict(line.split() for line in re.split(r"\n| {2,}", RUNS) if line.strip())
    assert len(expected) == 16
    assert {found.name: found.published for found in ROWS if found.name in expected} == expected
    assert len({row(name).resolved for name in expected}) == 16


@pytest.mark.parametrize("name", TABLES_OF_MIX2)
def test_rows_of_mix2_carry_their_four_numbers_in_order(name):
    assert row(name).published == TABLES_OF_MIX2[name]


@pytest.mark.parametrize("start", NUMBERS)
def test_every_published_number_is_in_its_section(start):
    (text,) = [text for title, text in SECTION.findall(DOCUMENT) if title.startswith(start)]
    found = set(re.findall(r"(?<![\d.,])\d*[.,]?\d+(?:,\d{3})*", text))
    assert set(NUMBERS[start].split()) - found == set()


def test_every_metric_that_is_named_is_one():
    named = set(re.findall(r"`(?:val|test)/([^`]+)`", DOCUMENT))
    assert len(named) >= 9
    assert {name: metric_refusal(f"val/{name}") for name in named} == dict.fromkeys(named)


# ---- that the overrides mean what the rows say


def test_no_audio_augments_keeps_spec_augment():
    spec = row("effnet-b0-hard-ce-no_audio_augments").spec
    on = {
        key for key, section in spec.resolved()["augmentation"].items() if key != "before_mixing" and section["p"] > 0
    }
    assert on == {"spec_augment"}


def test_names_with_fft_2048_are_the_only_ones_with_it():
    for found in ROWS:
        if found.name in RUNS and found.name.startswith(("effnet", "efficientnet")):
            assert found.spec.front_end.n_fft == (2048 if "fft_2048" in found.name else 1024), found.name


@pytest.mark.parametrize(
    ("name", "loss", "mode"),
    [
        ("effnet_b0_soft_bce", "bce", "soft"), ("effnet_b0_hard_bce", "bce", "hard"),
        ("effnet-b0-hard-ce", "ce", "hard"), ("effnet_b0_soft_focal", "focal", "soft"),
        ("effnet-b0-soft-focalbce-fft_2048", "focal_bce", "soft"),
    ],
)  # fmt: skip
def test_names_say_loss_and_targets(name, loss, mode):
    spec = row(name).spec
    assert (spec.loss.name, spec.targets.mode) == (loss, mode)
    if loss.startswith("focal"):
        assert (spec.loss.gamma, spec.loss.alpha) == (2.0, 0.25)


def test_class_weights_are_the_inverse_root_and_not_normalised():
    loss = row("effnet-b0-soft-ce-fft_2048-loss_weights").spec.loss
    assert (loss.name, loss.class_weight_temperature, loss.class_weight_scale) == ("ce", 0.5, "none")


def test_the_first_nfnet_differs_from_the_b0_in_all_that_the_document_names():
    mel = row("eca_nfnet_l0_soft_ce_spec_params").spec.front_end
    assert (mel.n_mels, mel.f_min, mel.f_max) == (256, 50.0, 14_000.0)
    training = row("eca_nfnet_l0_soft_ce_spec_params").spec.training
    assert (training.batch_size, training.epochs) == (32, 20)


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("Mixup + Manifold Mixup", (0.5, 0.5, 0.0)), ("Mixup + MultiMix", (0.5, 0.0, 0.5)),
        ("Manifold Mixup + MultiMix", (0.0, 0.5, 0.5)), ("Mix2", (0.25, 0.5, 0.25)),
    ],
)  # fmt: skip
def test_mixtures_of_mixups_have_their_shares(name, shares):
    mixing = row(name).spec.mixing
    assert (mixing.p_mixup, mixing.p_manifold, mixing.p_multimix) == shares


def test_single_mixings_of_mix2_mix_every_sample_with_beta_1():
    for name in ("Mixup", "Manifold Mixup"):
        mixing = row(name).spec.mixing
        assert (mixing.alpha, mixing.p) == (1.0, 1.0)
    assert row("Mixup").spec.mixing.on == "spectrogram"
    assert row("MultiMix").spec.mixing == MultiMixSpec(alpha_min=0.2, alpha_max=0.2, n_mixes=None)


def test_the_steps_of_table_1_add_one_thing_each():
    rows = [row(name).spec for name in ("MobileNetV3-Large (10 epochs)", "+90 epochs", "+SpecAug", "+TimeShift")]
    steps = [
        (spec.training.epochs, spec.augmentation.spec_augment.p, spec.augmentation.time_shift.p, spec.mixing.name)
        for spec in rows
    ]
    assert steps == [(10, 0, 0, "none"), (100, 0, 0, "none"), (100, 1, 0, "none"), (100, 1, 1, "none")]


def test_anuraset_36_drops_six_species_and_the_empty_clips():
    six = {"SCIFUS", "LEPELE", "RHISCI", "SCINAS", "LEPFLA", "SCIRIZ"}
    for name, drops in (("AnuraSet-36N, Mix2", False), ("AnuraSet-36, Mix2", True)):
        data = row(name).spec.data
        assert (set(data.exclude_classes), data.drop_empty) == (six, drops)
