"""The runs of a simulated competition: what people try on a tagging task, sixteen configurations."""

from collections.abc import Sequence

from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.spec import RunSpec

COMMON = (
    "data.split.scheme=stratified",
    "data.predict=[target, test]",
    "training.epochs=8",
    "mixing.p=1.0",
    "augmentation.spec_augment.p=0.5",
    "proxies=[{name: rerender}, {name: rerender, label: rerender_equalized, equalize: true}, "
    "{name: robustness, snr_db: [10, 0], scenes: 100}, {name: unlabelled}, {name: augmented}, {name: embeddings}]",
)

POOL: dict[str, tuple[str, ...]] = {
    "bce": (),
    "bce, hard labels": ("targets.mode=hard",),
    "bce, no mixup": ("mixing.name=none",),
    "bce, not normalised": ("front_end.normalization=none",),
    "focal": ("loss.name=focal",),
    "focal + bce": ("loss.name=focal_bce",),
    "ce": ("loss.name=ce",),
    "ce, hard labels": ("loss.name=ce", "targets.mode=hard"),
    "ce, mixup .5": ("loss.name=ce", "mixing.p=0.5"),
    "ce, no mixup, no SpecAugment": ("loss.name=ce", "mixing.name=none", "augmentation.spec_augment.p=0"),
    "ce, min-max": ("loss.name=ce", "front_end.normalization=minmax"),
    "ce, lr 1e-3": ("loss.name=ce", "optimizer.lr=1e-3"),
    "ce, batch 32": ("loss.name=ce", "training.batch_size=32", "optimizer.lr=6e-3"),
    "ce, n_fft 512, 32 mels": ("loss.name=ce", "front_end.n_fft=512", "front_end.n_mels=32"),
    "ce, f_min 500 Hz": ("loss.name=ce", "front_end.f_min=500"),
    "ce, ResNet": ("loss.name=ce", "model.backbone=test_resnet"),
}
"""Name -> overrides."""


def pool_spec(config: str, data: str, seed: int = 0, changes: Sequence[str] = ()) -> RunSpec:
    """The run of one configuration of the pool on the catalogue `data`, with `changes` to what all runs share."""
    layers = [*COMMON, f"data.name={data}", f"seed={seed}"], list(changes), list(POOL[config])
    return build_spec(load_recipe("chorus"), [parse_overrides(layer) for layer in layers])
