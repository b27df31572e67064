"""Species: made-up names, and three song types each (main, alternative, rare); some are sisters of another one."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from trainers.data.sources.chorus.songs import KINDS, Song, draw_song, vary
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.streams import Stream, generator

_EPITHETS = (
    "Ashen Brindled Copper Dusky Ember Fen Gilded Hollow Ivory Jade Kelp Lantern Marsh Northern Ochre Pale Quiet Russet"
    " Saffron Tawny Umber Velvet Willow Yarrow Amber Birch Cinder Dappled Elder Frosted Grey Heath Indigo Juniper"
    " Lowland Mottled Nettle Onyx Plain Rufous Sable Thorn Upland Violet Wandering Zephyr Basalt Cobalt"
)
EPITHETS = _EPITHETS.split()  # no two begin with the same three letters: so codes are unique

NOUNS = {
    "whistle": ["Plover", "Bellbird", "Tinamou", "Oriole", "Whistler", "Redshank"],
    "chirp": ["Sparrow", "Bunting", "Finch", "Kinglet", "Siskin", "Pipit"],
    "trill": ["Wren", "Treefrog", "Junco", "Serin", "Dunlin", "Froglet"],
    "stack": ["Parakeet", "Heron", "Gull", "Jay", "Macaw", "Corella"],
    "sweep": ["Nightjar", "Cardinal", "Starling", "Tanager", "Cowbird", "Swift"],
    "buzz": ["Grasshopper", "Bushcricket", "Hermit", "Manakin", "Grassbird", "Cicada"],
    "two-note": ["Cuckoo", "Chickadee", "Phoebe", "Rail", "Lapwing", "Hoopoe"],
    "warble": ["Warbler", "Thrush", "Vireo", "Lark", "Blackcap", "Curlew"],
}


@dataclass(frozen=True)
class Species:
    """A class of the competition: its code, made-up name, and songs (main, alternative, rare)."""

    index: int
    code: str
    name: str
    songs: tuple[Song, Song, Song]

    @property
    def kind(self) -> str:
        """Kind of the main song."""
        return self.songs[0].kind


def _sister(song: Song, rng: np.random.Generator) -> Song:
    """Return a song easily mistaken for ``song``: .15-.3 octaves away and a little faster or slower."""
    pitch, tempo = rng.uniform(0.15, 0.3), rng.uniform(0.2, 0.4)
    side = -1.0 if song.f0_hz > 2400 else 1.0  # away from the edge of the band
    return vary(song, side * pitch, float(tempo * rng.choice([-1.0, 1.0])))


def _main_song(index: int, others: list[Species], rng: np.random.Generator) -> Song:
    """Draw a main song; every second species of the second round of kinds is a sister of one of the first."""
    kinds = list(KINDS)
    kind, elder = kinds[index % len(kinds)], index - len(kinds)
    if elder >= 0 and index % 2 == 0:
        return _sister(others[elder].songs[0], rng)
    for _ in range(50):
        song = draw_song(kind, rng)
        same = [other.songs[0].f0_hz for other in others if other.kind == kind]
        if all(abs(np.log2(song.f0_hz / f0)) > 0.4 for f0 in same):
            break
    return song


def _other_songs(main: Song, rng: np.random.Generator) -> tuple[Song, Song]:
    """Draw the alternative song (the same kind, elsewhere in pitch and tempo) and the rare one (another kind)."""
    alternative = draw_song(main.kind, rng)
    others = [kind for kind in KINDS if kind != main.kind]
    return alternative, draw_song(others[int(rng.integers(len(others)))], rng)


@cache
def make_species(spec: ChorusSpec) -> tuple[Species, ...]:
    """Invent the species of a competition."""
    epithets = generator(spec, Stream.NAMES).permutation(EPITHETS)
    made: list[Species] = []
    for index in range(spec.n_species):
        rng = generator(spec, Stream.SPECIES, index)
        main = _main_song(index, made, rng)
        noun = NOUNS[main.kind][index // len(KINDS)]
        code = (epithets[index][:3] + noun[:3]).lower()
        made.append(Species(index, code, f"{epithets[index]} {noun}", (main, *_other_songs(main, rng))))
    return tuple(made)


def draw_individual(
    spec: ChorusSpec, species: Species, shares: tuple[float, float, float], rng: np.random.Generator
) -> tuple[int, Song]:
    """Draw which song type an individual sings and its own version of it."""
    kind = int(rng.choice(3, p=np.array(shares) / sum(shares)))
    pitch = rng.normal(0, 1) * spec.individual_pitch_sd_oct
    tempo = rng.normal(0, 1) * spec.individual_tempo_sd_oct
    return kind, vary(species.songs[kind], float(pitch), float(tempo))
