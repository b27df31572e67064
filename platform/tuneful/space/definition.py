"""The sweep file as typed sections (design, section 5). Imports nothing heavy."""

from math import ceil
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from trainers.config.section import Section
from tuneful.space.objective_spec import ObjectiveSpec
from tuneful.space.ranges import AnyEntry
from tuneful.space.schedulers import EarlyStopSpec, FifoSpec, SchedulerSpec

SplitScheme = Literal["stratified", "group", "stratified_group", "multilabel", "multilabel_group", "official"]
"""Those of `data.split.scheme` that validate on something."""
Sampler = Literal["tpe", "random", "grid", "qmc", "cmaes", "gp", "nsga2", "nsga3"]


class OptunaSpec(Section):
    """Optuna draws the trials."""

    name: Literal["optuna"] = "optuna"
    sampler: Sampler = Field("tpe", description="tpe learns from finished trials; grid takes every combination once")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the sampler; not of the training")
    population: int = Field(16, ge=4, le=10_000, description="trials of a generation: cmaes, nsga2, nsga3")


Folds = tuple[Annotated[int, Field(ge=0)], ...]


class RaceSpec(Section):
    """Finalists that are not told apart yet are repeated with further seeds; those that fell behind are not."""

    max_repeats: int = Field(8, ge=2, le=1000, description="paired seeds per fold at most")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="two-sided level at which a finalist is behind the leader")


class ConfirmSpec(Section):
    """The best trials trained again on more folds and seeds, without a scheduler."""

    top: int = Field(3, ge=1, description="how many trials")
    folds: Folds = Field((0,), min_length=1, description="the default is the sweep's folds")
    repeats: int = Field(3, ge=1, le=1000, description="paired seeds per fold")
    splits: tuple[SplitScheme, ...] = Field((), description="split schemes to train under; empty: the recipe's own")
    race: RaceSpec | None = Field(None, description="more seeds where it is undecided")


class StallSpec(Section):
    """The search ends when its last trials brought nothing."""

    trials: int = Field(20, ge=1, description="finished trials in a row")
    gain: float = Field(0.0, ge=0, description="the best score must have risen by more")


class ResourcesSpec(Section):
    """What one trial occupies, and how many run at once."""

    workers: int = Field(1, ge=1, le=4096, description="processes that train one run together")
    cpus_per_worker: int = Field(1, ge=1, description="CPU cores, and threads of torch")
    gpus_per_worker: float = Field(
        0, ge=0, allow_inf_nan=False, description="GPUs; a fraction shares one between trials"
    )
    max_concurrent_trials: int | None = Field(None, ge=1, description="at once at most; null: as many as fit")

    @field_validator("gpus_per_worker")
    @classmethod
    def _whole_cards(cls, gpus: float, others: ValidationInfo) -> float:
        """Ray divides single cards only, and NCCL takes no two workers of a run on one."""
        workers = others.data.get("workers", 1)
        if gpus == int(gpus) or (gpus < 1 and workers == 1):
            return gpus
        if gpus > 1:
            why, fix = "where it is above 1 (a fraction is part of one GPU)", f"gpus_per_worker: {ceil(gpus)}"
        else:
            why, fix = f"where there are {workers} workers (no two can share a GPU)", "gpus_per_worker: 1"
        raise ValueError(f"resources.gpus_per_worker must be a whole number {why}, got {gpus:g}. Try: {fix}")


class WandbSpec(Section):
    """Weights & Biases. The key comes from the environment only; without key or network runs are kept offline."""

    project: str = Field(min_length=1, max_length=128)
    entity: str | None = Field(None, description="user or team; null: the key's own")
    mode: Literal["auto", "online", "offline"] = Field(
        "auto", description="auto: online where key and server are there"
    )
    checkpoints: bool = Field(False, description="upload the kept checkpoint of each complete trial as an artifact")


class TrackingSpec(Section):
    """Where results are sent beside the results folder."""

    wandb: WandbSpec | None = None


class SweepDefinition(Section):
    """A sweep file, every default written out."""

    version: Literal[1] = 1
    name: str | None = Field(None, description="name of the sweep; null: the file's")
    recipe: str = Field("chorus", min_length=1, description="the base experiment: a name or a path to YAML")
    recipe_data: dict[str, Any] | None = Field(
        None, description="what the recipe held when the sweep was first resolved; used in place of `recipe`"
    )
    set: dict[str, Any] = Field({}, description="settings of every trial, by dotted path")
    derive: dict[str, str] = Field({}, description="settings computed from others, such as front_end.n_fft / 4")
    search: dict[str, tuple[AnyEntry, ...]] = Field(min_length=1, description="what differs, by dotted path")
    published: tuple[dict[str, Any] | Literal["recipe"], ...] = Field(
        (), description="configurations tried first: settings by path, or `recipe` for the recipe's own"
    )
    objective: ObjectiveSpec = Field(ObjectiveSpec(), description="or a list: schedulers and tables use the first")
    further_objectives: tuple[ObjectiveSpec, ...] = ()
    """Those after the first, where the file's `objective` is a list."""
    search_algorithm: OptunaSpec = OptunaSpec()
    scheduler: SchedulerSpec = FifoSpec()
    early_stop: EarlyStopSpec | None = None
    trials: int = Field(20, ge=1, le=1_000_000, description="how many configurations are drawn")
    folds: Folds = Field((0,), min_length=1, description="folds each trial is trained on")
    repeats: int = Field(1, ge=1, le=1000, description="paired seeds per fold")
    confirm: ConfirmSpec | None = None
    resources: ResourcesSpec = ResourcesSpec()
    max_hours: float | None = Field(None, gt=0, description="h of wall time, after which it ends")
    max_gpu_hours: float | None = Field(None, gt=0, description="h of GPUs that trials occupied, after which it ends")
    stall: StallSpec | None = Field(None, description="end when the last trials gained nothing")
    reuse: bool = Field(True, description="take runs of the same key from other sweeps of the results folder")
    warm_start: tuple[str, ...] = Field((), description="sweeps whose finished trials the search learns from")
    tracking: TrackingSpec = TrackingSpec()
    allow: tuple[str, ...] = Field((), description="codes of checks whose errors don't stop the sweep")
