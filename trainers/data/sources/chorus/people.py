"""People and places: who contributed which training clips, with what equipment, and where soundscapes are recorded."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from trainers.data.sources.chorus.acoustics import Microphone
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.streams import Stream, generator

Random = np.random.Generator


@dataclass(frozen=True)
class Author:
    """Somebody who contributes focal clips: equipment, home, and how often each species is sought out."""

    name: str
    microphone: Microphone
    noise_slope: float
    latitude: float
    longitude: float
    affinity: tuple[float, ...]  # per species


@dataclass(frozen=True)
class Site:
    """A place with a recorder: equipment, noise, insects, and which species live there."""

    name: str
    microphone: Microphone
    noise_slope: float
    level_db: float  # of the background, full scale = 0
    insects: tuple[tuple[float, float, float, float], ...]  # see noise.insect
    latitude: float
    longitude: float
    prevalence: tuple[float, ...]  # per species, sums to one


def _bumps(count: int, sd_db: float, rng: Random) -> tuple[tuple[float, float], ...]:
    """Draw resonances: centre (Hz) and height (dB)."""
    return tuple((float(400 * 15 ** rng.random()), float(rng.normal(0, sd_db))) for _ in range(count))


def _coordinates(rng: Random, spread: float) -> tuple[float, float]:
    """Draw a latitude and longitude in the made-up region."""
    return round(4.6 + spread * rng.normal(), 4), round(-73.1 + spread * rng.normal(), 4)


@cache
def make_author(spec: ChorusSpec, index: int) -> Author:
    """Draw an author: four favourite species, a mild microphone."""
    rng = generator(spec, Stream.AUTHOR, index)
    affinity = np.full(spec.n_species, 0.15)
    affinity[rng.permutation(spec.n_species)[:4]] = 3.0
    microphone = Microphone(float(rng.uniform(60, 250)), float(rng.uniform(6500, 9000)), 0.0, _bumps(2, 2.0, rng))
    slope = float(rng.uniform(0.3, 1.6))
    return Author(f"author-{index:02d}", microphone, slope, *_coordinates(rng, 2.0), tuple(affinity.tolist()))


def _insect_band(rng: Random) -> tuple[float, float, float, float]:
    """Draw an insect: centre (Hz), width (Hz), pulses (Hz), phrases (Hz, 0 = it never stops)."""
    phrase = rng.uniform(0.2, 2.5) if rng.random() < 0.5 else 0.0
    return float(rng.uniform(2500, 6800)), float(rng.uniform(60, 300)), float(rng.uniform(20, 90)), float(phrase)


@cache
def make_site(spec: ChorusSpec, index: int) -> Site:
    """Draw a recording site: an autonomous recorder, two insects, its own mixture of species."""
    rng = generator(spec, Stream.SITE, index)
    limits = float(rng.uniform(200, 700)), float(rng.uniform(3600, 6500))
    microphone = Microphone(*limits, float(rng.normal(-2, 2.5)), _bumps(4, 6.0, rng))
    slope, level = float(rng.uniform(0.5, 1.6)), float(rng.uniform(-42, -28))
    insects = (_insect_band(rng), _insect_band(rng))
    place = _coordinates(rng, 0.3)
    prevalence = rng.dirichlet(np.full(spec.n_species, spec.site_concentration))
    return Site(f"S{index + 1:02d}", microphone, slope, level, insects, *place, tuple(prevalence.tolist()))


@dataclass(frozen=True)
class Plan:
    """One planned training clip. ``original`` is the clip this one is another upload of, or None."""

    species: int
    author: int
    original: int | None


def clips_per_species(spec: ChorusSpec) -> list[int]:
    """Return how many training clips each species has: a long tail in random order, exact in sum."""
    rank = generator(spec, Stream.PLAN, 0).permutation(spec.n_species) + 1.0
    weight = rank**-spec.tail_exponent
    spare = spec.n_clips - spec.n_species * spec.min_clips_per_species
    # Raise to the minimum, share out the rest in proportion to what a species would have beyond it.
    beyond = np.maximum(weight / weight.sum() * spec.n_clips - spec.min_clips_per_species, 1e-9)
    exact = beyond / beyond.sum() * spare
    counts = np.floor(exact).astype(int)
    for index in np.argsort(exact - counts)[::-1][: spare - int(counts.sum())]:
        counts[index] += 1
    return [int(count) + spec.min_clips_per_species for count in counts]


def _with_duplicates(spec: ChorusSpec, plans: list[Plan], rng: Random) -> list[Plan]:
    """Turn the given share of the clips into another upload of an earlier original of the same species."""
    first = {plan.species: index for index, plan in reversed(list(enumerate(plans)))}
    repeats = [index for index, plan in enumerate(plans) if first[plan.species] != index]
    count = min(len(repeats), round(spec.near_duplicate_share * len(plans)))
    copies = set(rng.permutation(repeats)[:count].tolist())
    planned: list[Plan] = []
    originals: dict[int, list[int]] = {}
    for index, plan in enumerate(plans):
        earlier = originals.setdefault(plan.species, [])
        if index in copies:
            original = earlier[int(rng.integers(len(earlier)))]
            planned.append(Plan(plan.species, plans[original].author, original))
        else:
            earlier.append(index)
            planned.append(plan)
    return planned


@cache
def plan_clips(spec: ChorusSpec) -> tuple[Plan, ...]:
    """Plan all training clips: species in a long tail, authors by what they like, near-duplicates."""
    rng = generator(spec, Stream.PLAN, 1)
    affinity = np.array([make_author(spec, a).affinity for a in range(spec.n_authors)])
    species = np.repeat(np.arange(spec.n_species), clips_per_species(spec))
    plans = []
    for index in rng.permutation(species).tolist():
        chance = affinity[:, index] / affinity[:, index].sum()
        plans.append(Plan(index, int(rng.choice(spec.n_authors, p=chance)), None))
    return tuple(_with_duplicates(spec, plans, rng))
