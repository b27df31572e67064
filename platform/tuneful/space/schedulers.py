"""`scheduler:` and `early_stop:` which trials are stopped before their last epoch."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class AshaSpec(Section):
    """Asynchronous successive halving: at each rung only the best 1/reduction_factor of the trials go on.

    Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning.
    """

    name: Literal["asha"] = "asha"
    grace_period: int = Field(2, ge=1, description="epochs every trial gets")
    reduction_factor: int = Field(3, ge=2, description="one in so many goes on past a rung")


class HyperBandSpec(Section):
    """Asynchronous HyperBand: ASHA in several brackets, each with a longer grace period than the last.

    Li et al. 2018, Hyperband; the asynchronous form of Li et al. 2020.
    """

    name: Literal["hyperband"] = "hyperband"
    grace_period: int = Field(1, ge=1, description="epochs every trial of the first bracket gets")
    reduction_factor: int = Field(3, ge=2, description="one in so many goes on past a rung")
    brackets: int = Field(3, ge=1, le=10, description="each starts reduction_factor times later than the last")


class MedianSpec(Section):
    """Median stopping: a trial stops once its best score is below the median of the others' running means.

    Golovin et al. 2017, Google Vizier.
    """

    name: Literal["median"] = "median"
    grace_period: int = Field(2, ge=1, description="epochs every trial gets")
    min_trials: int = Field(3, ge=1, description="other trials at the same epoch before any is stopped")


class PbtSpec(Section):
    """Population based training: the worst trials take over the best ones' weights and settings, and change these.

    Jaderberg et al. 2017. `trials` is the size of the population.
    """

    name: Literal["pbt"] = "pbt"
    interval: int = Field(2, ge=1, description="epochs between exploits")
    mutate: tuple[str, ...] = Field(min_length=1, description="searched settings that may change while a trial trains")
    quantile: float = Field(0.25, gt=0, le=0.5, description="share of the population that is replaced, and copied from")
    resample: float = Field(0.25, ge=0, le=1, description="how often a setting is drawn anew instead of perturbed")


class FifoSpec(Section):
    """Every trial runs all its epochs."""

    name: Literal["fifo"] = "fifo"


SchedulerSpec = Annotated[AshaSpec | HyperBandSpec | MedianSpec | PbtSpec | FifoSpec, Field(discriminator="name")]


class EarlyStopSpec(Section):
    """A trial ends where its score has stopped rising, whatever the others do. Its last score counts."""

    patience: int = Field(3, ge=1, description="epochs without a gain")
    min_gain: float = Field(0.0, ge=0, description="what counts as a gain over the best epoch so far")
    grace_period: int = Field(1, ge=1, description="epochs every trial gets")
