"""Rules about several sections of a RunSpec at once. Each returns what is wrong, or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis.metrics.names import INFERENCE_COST
from analysis.proxies.names import REPORTED
from trainers.proxies.spec import proxy_label

if TYPE_CHECKING:
    from trainers.spec import RunSpec


def frequencies_exist(spec: RunSpec) -> str | None:
    """What the front end asks for lies below half the sample rate."""
    nyquist, mel = spec.data.sample_rate / 2, spec.front_end
    too_high = {"f_max": (mel.f_max or 0) > nyquist, "f_min": mel.f_min >= nyquist}
    too_high |= {name: (getattr(mel, name) or 0) >= nyquist for name in ("highpass_hz", "lowpass_hz")}
    for name, wrong in too_high.items():
        if wrong:
            value = getattr(mel, name)
            return f"front_end.{name} must be below data.sample_rate / 2 ({nyquist:g} Hz), got {value:g} Hz"
    return None


def segments_hold_an_fft(spec: RunSpec) -> str | None:
    """A segment is at least one FFT long."""
    samples, n_fft = spec.segment_samples, spec.front_end.n_fft
    if samples >= n_fft:
        return None
    seconds = spec.segments.duration_s
    return f"front_end.n_fft must be <= the samples of a segment ({samples} in {seconds:g} s), got {n_fft}"


def unions_make_sense(spec: RunSpec) -> str | None:
    """Mixtures of a whole batch have soft targets."""
    name = spec.mixing.name
    if name not in ("multimix", "mix2") or spec.targets.mode == "soft":
        return None
    return f"targets.mode must be soft for mixing.name={name}: the union over a whole batch is every class"


def released_mixing_has_a_linear_loss(spec: RunSpec) -> str | None:
    """Mix2's code weighs losses by the mean lambda, which is a mixture of targets for linear losses only."""
    if getattr(spec.mixing, "variant", None) != "as_released" or spec.loss.name in ("bce", "ce"):
        return None
    return (
        f"loss.name must be bce or ce for mixing.variant=as_released, got {spec.loss.name}: its loss is weighed by "
        "the mean lambda, which is defined for losses that are linear in the targets"
    )


def released_mixing_has_square_batches(spec: RunSpec) -> str | None:
    """Mix2's code applies the lambda of sample i to mel band i."""
    mixing, batch, mels = spec.mixing, spec.training.batch_size, spec.front_end.n_mels
    if mixing.name != "mix2" or mixing.variant != "as_released" or not mixing.p_mixup or batch == mels:
        return None
    return (
        f"training.batch_size must be front_end.n_mels ({mels}) for mixing.variant=as_released, got {batch}: its mixup "
        "draws one lambda per sample and applies it per mel band"
    )


def encoders_have_no_spectrogram(spec: RunSpec) -> str | None:
    """Encoders of transformers make their own input of waveforms."""
    mixing = spec.mixing
    if spec.model.name == "timm" or mixing.name not in ("mixup", "mix2") or mixing.on == "waveform":
        return None
    return f"mixing.on must be waveform for model.name={spec.model.name}, got spectrogram"


def monitor_is_measured(spec: RunSpec) -> str | None:
    """Training looks at a metric that is measured."""
    refusal = not_measured(spec.training.monitor, spec)
    return f"training.monitor {refusal}" if refusal else None


def validation_exists(spec: RunSpec) -> str | None:
    """Without validation clips nothing is decided by a validation metric, which is NaN."""
    training = spec.training
    if spec.data.split.scheme != "none" or not training.monitor.startswith("val/"):
        return None
    deciding = {
        "training.keep=best": training.keep == "best",
        "training.early_stopping_patience": training.early_stopping_patience is not None,
        "schedule.name=plateau": spec.schedule.name == "plateau",
    }
    for setting, asked in deciding.items():
        if asked:
            return (
                f"data.split.scheme must not be none for {setting}: it validates on nothing, so {training.monitor} is "
                "never known"
            )
    return None


def proxies_differ(spec: RunSpec) -> str | None:
    """Every proxy has metrics of its own."""
    labels = [proxy_label(proxy) for proxy in spec.proxies]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    return f"proxies must differ in name or label, got {twice} twice" if twice else None


def proxies_have_a_source(spec: RunSpec) -> str | None:
    """What is compared with the target, or heard in its background, are validation clips."""
    if not spec.proxies or spec.data.split.scheme != "none":
        return None
    return "proxies must be empty for data.split.scheme=none: they need validation clips"


def proxies_have_a_target(spec: RunSpec) -> str | None:
    """The target's predictions are stored."""
    for proxy in spec.proxies:
        if proxy.subset not in spec.data.predict:
            known = ", ".join(spec.data.predict) or "nothing"
            return f"proxies: the subset of {proxy.name} must be named in data.predict ({known}), got {proxy.subset!r}"
    return None


def not_measured(metric: str, spec: RunSpec) -> str | None:
    """Why runs of this spec don't report a metric (`val/macro_f1@rare`, `rerender/macro_auc`), or None where they do.

    A group by a column's value (`@site=INCT17`) is taken on trust: which values there are, the data say.
    """
    _, _, group = metric.partition("@")
    if metric == INFERENCE_COST:
        return None
    if "/" in metric and metric.partition("/")[0] not in ("train", "val"):
        return _not_of_a_proxy(metric, spec)
    asked = spec.evaluation
    bounds = asked.rare_below is not None or asked.frequent_above is not None
    needed = {
        "rare": (asked.rare_below is not None, "evaluation.rare_below"),
        "frequent": (asked.frequent_above is not None, "evaluation.frequent_above"),
        "common": (bounds, "evaluation.rare_below or evaluation.frequent_above"),
        "tuned": (asked.tune_thresholds, "evaluation.tune_thresholds=true"),
    }
    column = group.partition("=")[0].partition(":")[0]
    needed["class"] = (asked.per_class, "evaluation.per_class=true")
    needed["polyphony"] = (asked.polyphony, "evaluation.polyphony=true")
    measured, setting = needed.get(column, (not group or column in asked.by, f"evaluation.by=[{column}]"))
    return None if measured else f"is {metric}, which is measured with {setting} only"


def _not_of_a_proxy(metric: str, spec: RunSpec) -> str | None:
    label, _, name = metric.partition("/")
    proxy = next((proxy for proxy in spec.proxies if proxy_label(proxy) == label), None)
    if proxy is None:
        return f"is {metric}, which is measured with proxies=[{{name: {label}}}] only"
    reported = list(REPORTED[proxy.name])
    if proxy.name == "robustness":
        reported = [f"{one}@snr={snr:g}" for one in reported for snr in proxy.snr_db]
    if name in reported:
        return None
    return f"is {metric}, but the proxy {label} reports {', '.join(reported)}"


RULES: tuple[Callable[[RunSpec], str | None], ...] = (
    frequencies_exist,
    segments_hold_an_fft,
    unions_make_sense,
    released_mixing_has_a_linear_loss,
    released_mixing_has_square_batches,
    encoders_have_no_spectrogram,
    monitor_is_measured,
    validation_exists,
    proxies_differ,
    proxies_have_a_source,
    proxies_have_a_target,
)
