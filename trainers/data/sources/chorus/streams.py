"""Random streams: each thing that is drawn has its own, so that nothing depends on the order or number of the rest."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from trainers.data.sources.chorus.spec import ChorusSpec

Audio = npt.NDArray[np.float32]


class Stream(IntEnum):
    """What a random stream is for. The values are part of the recipe of every file: never renumber."""

    SPECIES = 0
    AUTHOR = 1
    PLAN = 2
    FOCAL = 3
    SITE = 4
    DIALECT = 5
    TEST = 6
    TARGET = 7
    DUPLICATE = 8
    PARTS = 9
    NAMES = 10
    GAPS = 11


def to_audio(values: npt.ArrayLike) -> Audio:
    """Return samples as float32."""
    return np.asarray(values, dtype=np.float32)


def generator(spec: ChorusSpec, stream: Stream, *index: int) -> np.random.Generator:
    """Return the generator of one thing: the same for the same seed, stream and index."""
    sequence = np.random.SeedSequence(spec.seed, spawn_key=(int(stream), *index))
    return np.random.Generator(np.random.PCG64(sequence))
