"""The proxies of a run: each asked for by name, computed of the checkpoint that the run keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from analysis.metrics import as_case, macro_auc, measure
from analysis.proxies.agreement import rank_agreement, top1_agreement
from analysis.proxies.distances import adversarial_validation, frechet_distance, mmd
from analysis.proxies.unlabelled import UNLABELLED, Unlabelled, neighbours
from analysis.records.predictions import Predictions
from trainers.data.dataset import ClipSet, RunData, windows_of
from trainers.errors import DataError
from trainers.proxies.perturb import perturbed
from trainers.proxies.scenes import Source, render, render_at
from trainers.proxies.spec import (
    AugmentedSpec,
    EmbeddingsSpec,
    ProxySpec,
    RerenderSpec,
    RobustnessSpec,
    UnlabelledSpec,
    proxy_label,
)
from trainers.proxies.weighted import weighted_macro_auc
from trainers.spec import RunSpec
from trainers.training.evaluate import as_predictions, clip_probabilities, window_probabilities


@dataclass(frozen=True)
class Scored:
    """What a proxy found: numbers by name (without its label), and predictions to be stored."""

    metrics: dict[str, float]
    parts: tuple[Predictions, ...] = ()


@dataclass(frozen=True)
class Network:
    """The evaluated network, as a proxy uses it; every worker calls both alike."""

    predict: Callable[[ClipSet], np.ndarray]
    """(windows, classes) logits of a clip set's evaluation windows"""
    embed: Callable[[ClipSet], np.ndarray]
    """(windows, features) embeddings of the same windows"""


@dataclass(frozen=True)
class Subject:
    """A run with the target that its proxies look at."""

    spec: RunSpec
    data: RunData
    network: Network
    val_logits: np.ndarray
    """(windows, classes) of validation"""
    target_logits: Mapping[str, np.ndarray]
    """(windows, classes) by subset"""

    def target(self, proxy: ProxySpec) -> ClipSet:
        """The clips of the proxy's subset; raises DataError where the run doesn't predict it."""
        if proxy.subset not in self.data.unlabelled:
            known = ", ".join(self.data.unlabelled) or "none"
            raise DataError(
                f"proxies.{proxy.name}.subset must be an unlabelled subset named in data.predict ({known}), "
                f"got {proxy.subset!r}"
            )
        return self.data.unlabelled[proxy.subset]

    @cached_property
    def val_probabilities(self) -> np.ndarray:
        """(clips, classes)"""
        return clip_probabilities(self.spec, self.data.val, self.val_logits)


def compute(proxy: ProxySpec, subject: Subject) -> Scored:
    """Compute one proxy; its metrics begin with its label: `rerender/macro_auc`.

    Raises:
        DataError: the subset isn't predicted, or has no clip as long as a segment.
    """
    found = PROXIES[proxy.name](proxy, subject)
    label = proxy_label(proxy)
    return replace(found, metrics={f"{label}/{name}": value for name, value in found.metrics.items()})


def _rerender(proxy: RerenderSpec, subject: Subject) -> Scored:
    scenes = _kept(proxy, subject, partial(render, proxy))
    logits = subject.network.predict(scenes)
    part = as_predictions(proxy_label(proxy), subject.spec, scenes, logits, labelled=True)
    return Scored(_measured(subject.spec, scenes, logits), (part,))


def _robustness(proxy: RobustnessSpec, subject: Subject) -> Scored:
    metrics: dict[str, float] = {}
    parts = []
    for snr_db in proxy.snr_db:
        scenes = _kept(proxy, subject, partial(render_at, proxy, snr_db), snr_db)
        logits = subject.network.predict(scenes)
        at = f"snr={snr_db:g}"
        metrics |= {f"{name}@{at}": value for name, value in _measured(subject.spec, scenes, logits).items()}
        parts.append(as_predictions(f"{proxy_label(proxy)}@{at}", subject.spec, scenes, logits, labelled=True))
    return Scored(metrics, tuple(parts))


def _unlabelled(proxy: UnlabelledSpec, subject: Subject) -> Scored:
    clips = subject.target(proxy)
    windows = windows_of(subject.spec, clips)
    start = clips.clips["start_s"].to_numpy(float)[windows.clip] + windows.start / subject.spec.data.sample_rate
    case = Unlabelled(
        target=window_probabilities(subject.spec, subject.target_logits[proxy.subset]),
        neighbours=neighbours(clips.codes("recording_id")[windows.clip], start),
        val=subject.val_probabilities,
        labels=subject.data.val.targets,
    )
    return Scored({name: score(case) for name, score in UNLABELLED.items()})


def _augmented(proxy: AugmentedSpec, subject: Subject) -> Scored:
    clips = perturbed(subject.target(proxy), proxy, subject.spec.data.sample_rate)
    logits = subject.network.predict(clips)
    before, after = subject.target_logits[proxy.subset], logits
    part = as_predictions(f"{proxy.subset}@augmented", subject.spec, clips, logits)
    scores = {"rank_agreement": rank_agreement(before, after), "top1_agreement": top1_agreement(before, after)}
    return Scored(scores, (part,))


def _embeddings(proxy: EmbeddingsSpec, subject: Subject) -> Scored:
    val, target, spec = subject.data.val, subject.target(proxy), subject.spec
    source_rows, target_rows = subject.network.embed(val), subject.network.embed(target)
    recording = [clips.codes("recording_id")[windows_of(spec, clips).clip] for clips in (val, target)]
    groups = np.concatenate([recording[0], recording[0].max() + 1 + recording[1]])
    adversary = adversarial_validation(source_rows, target_rows, groups)
    clip_of = windows_of(spec, val).clip
    weights = np.bincount(clip_of, adversary.weights) / np.bincount(clip_of)
    chosen = weights >= np.median(weights)
    scores = subject.val_probabilities
    return Scored(
        {
            "frechet_distance": frechet_distance(source_rows, target_rows),
            "mmd": mmd(source_rows, target_rows),
            "adversarial_auc": adversary.auc,
            "weighted_macro_auc": weighted_macro_auc(val.targets, scores, weights),
            "chosen_macro_auc": macro_auc(val.targets[chosen], scores[chosen]),
        }
    )


PROXIES: dict[str, Callable[..., Scored]] = {
    "rerender": _rerender,
    "robustness": _robustness,
    "unlabelled": _unlabelled,
    "augmented": _augmented,
    "embeddings": _embeddings,
}

_scenes: dict[tuple[str, ...], ClipSet] = {}
"""Of the data that this process saw last: rendering takes seconds, and runs of one fold share their scenes."""


def _kept(
    proxy: RerenderSpec | RobustnessSpec, subject: Subject, make: Callable[[Source], ClipSet], *at: float
) -> ClipSet:
    spec, data = subject.spec, subject.data
    same_data = (data.digest, data.protocol, str(spec.data.sample_rate))
    key = (*same_data, proxy.model_dump_json(), *map(str, at))
    if key not in _scenes:
        for other in [known for known in _scenes if known[:3] != same_data]:
            del _scenes[other]
        _scenes[key] = make(Source.of(spec, data.val, subject.target(proxy)))
    return _scenes[key]


def _measured(spec: RunSpec, scenes: ClipSet, logits: np.ndarray) -> dict[str, float]:
    return measure(as_case(scenes.targets, clip_probabilities(spec, scenes, logits)))
