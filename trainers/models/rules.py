"""What a network can't do, said before it is built. Without torch."""

from trainers.errors import SpecError
from trainers.spec import RunSpec


def refuse_spectrogram_settings(spec: RunSpec) -> None:
    """An audio encoder takes waveforms and pools by itself: settings that would have no effect are errors.

    Raises:
        SpecError: an augmentation of spectrograms is on, or a pooling of feature maps is chosen.
    """
    encoder = f"for model.name={spec.model.name}"
    augmentation = spec.augmentation
    for name in ("spec_augment", "random_erasing"):
        p = getattr(augmentation, name).p
        if p > 0:
            raise SpecError(f"augmentation.{name}.p must be 0 {encoder}, which has no spectrogram to change; got {p:g}")
    for name in ("time_shift", "reverse"):
        section = getattr(augmentation, name)
        if section.p > 0 and section.on == "spectrogram":
            raise SpecError(f"augmentation.{name}.on must be waveform {encoder}, got spectrogram")
    if spec.pooling.name != "avg":
        raise SpecError(
            f"pooling.name must be avg {encoder}, which takes the mean over tokens; got {spec.pooling.name}"
        )


def refuse_missing_stages(spec: RunSpec, stages: int, first_output: int | None) -> None:
    """Manifold mixup needs the stages that it names.

    Args:
        spec: the run.
        stages: how many stages the network has.
        first_output: the first stage whose features are used beside later ones; None: only the last one's are.

    Raises:
        SpecError: a layer of `mixing.layers` isn't there, or mixes after features were already taken.
    """
    if spec.mixing.name != "manifold_mixup":
        return
    for layer in spec.mixing.layers:
        number = -1 if layer == "embedding" else int(layer.removeprefix("stage"))
        if number >= stages:
            known = ", ".join(["embedding", *(f"stage{n}" for n in range(stages))])
            raise SpecError(f"mixing.layers must be among those of this model ({known}), got {layer}")
        if first_output is not None and number > first_output:
            raise SpecError(
                f"mixing.layers must be at or before stage{first_output}, the first of model.out_indices, got {layer}: "
                "features taken before would stay unmixed"
            )
