"""Augmentation of spectrograms."""

from pydantic import Field

from trainers.config.section import Section


class SpecAugmentSpec(Section):
    """SpecAugment (Park et al. 2019): bands and stretches of a spectrogram set to its minimum, drawn per sample."""

    p: float = Field(0.0, ge=0, le=1, description="probability that a sample is masked; 0 turns it off")
    freq_masks: int = Field(2, ge=0, le=20, description="number of masks over bands is drawn from 1..freq_masks")
    freq_width: int = Field(8, ge=0, description="bands; a mask's width is drawn from 0..freq_width")
    time_masks: int = Field(2, ge=0, le=20, description="number of masks over frames is drawn from 1..time_masks")
    time_width: int = Field(20, ge=0, description="frames; a mask's width is drawn from 0..time_width")


class AugmentationSpec(Section):
    """What is changed on the device before the network sees a sample."""

    spec_augment: SpecAugmentSpec = SpecAugmentSpec()
