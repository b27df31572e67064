"""Partners from the training set: uniform over those that are meant, never the clip itself unless it is alone."""

import numpy as np
import pytest
from scipy import stats

from trainers.errors import SpecError
from trainers.mixing.partners import PARTNERS, PartnerPool, draw_partners, hours
from trainers.mixing.spec import MixupSpec

SITE = np.array([0, 0, 0, 5, 5, -1, -1, 2])
HOUR = np.array([6, 7, 6, 6, -1, 23, 23, 0])
TARGETS = np.array(
    [
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0.8, 0.2, 0, 0],
        [0, 0, 0, 0],
        [1, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 0],
    ],
    np.float32,
)  # nobody has the last class
POOL = PartnerPool(TARGETS, SITE, HOUR)
CLASSES = [{0}, {0}, {1}, {0}, set(), {0, 1, 2}, {2}, {2}]


def pool_of(n: int, seed: int = 0) -> PartnerPool:
    rng = np.random.default_rng(seed)
    return PartnerPool(np.eye(5)[rng.integers(0, 5, n)], rng.integers(-1, 4, n), rng.integers(-1, 24, n))


def draws(kind: str, clip: int, n: int = 4000) -> np.ndarray:
    """(clips,) how often each is drawn for `clip`."""
    partners = draw_partners(kind, POOL, np.full(n, clip), np.random.default_rng(1))
    return np.bincount(partners, minlength=len(SITE))


def assert_shares(counts: np.ndarray, shares: dict[int, float]) -> None:
    expected = np.array([shares.get(clip, 0.0) for clip in range(len(counts))])
    assert (counts[expected == 0] == 0).all()
    if (expected > 0).sum() > 1:
        assert stats.chisquare(counts[expected > 0], counts.sum() * expected[expected > 0]).pvalue > 1e-3


def test_every_kind_that_a_spec_can_name_is_there():
    kinds = set(MixupSpec.model_fields["partner"].annotation.__args__)  # type: ignore[union-attr]
    assert set(PARTNERS) == kinds - {"batch"}


@pytest.fixture(params=sorted(PARTNERS))
def kind(request) -> str:
    return request.param


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_partners_are_clips_of_the_pool_drawn_from_the_generator_alone(kind, size):
    pool, index = pool_of(100), np.random.default_rng(5).integers(0, 100, size)
    before = index.copy()
    one = draw_partners(kind, pool, index, np.random.default_rng(2))
    again = draw_partners(kind, pool_of(100), index, np.random.default_rng(2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(index, before)
    assert one.shape == (size,)
    assert np.issubdtype(one.dtype, np.integer)
    assert ((one >= 0) & (one < 100)).all()
    assert PARTNERS[kind].__doc__


def test_uniform_is_any_other_clip():
    for clip in range(8):
        assert_shares(draws("uniform", clip), {other: 1 / 7 for other in range(8) if other != clip})


@pytest.mark.parametrize("clip", range(8))
def test_same_site_is_uniform_over_the_others_there_and_itself_when_there_is_none(clip):
    others = [o for o in range(8) if o != clip and SITE[o] == SITE[clip] >= 0] or [clip]
    assert_shares(draws("same_site", clip), {other: 1 / len(others) for other in others})


@pytest.mark.parametrize("clip", range(8))
def test_same_hour_is_uniform_over_the_others_then_and_itself_when_there_is_none(clip):
    others = [o for o in range(8) if o != clip and HOUR[o] == HOUR[clip] >= 0] or [clip]
    assert_shares(draws("same_hour", clip), {other: 1 / len(others) for other in others})


@pytest.mark.parametrize("clip", range(8))
def test_balanced_draws_a_class_the_clip_has_not_then_one_of_its_clips(clip):
    classes = {0, 1, 2} - CLASSES[clip] or {0, 1, 2}
    shares = dict.fromkeys(range(8), 0.0)
    for c in classes:
        members = [other for other in range(8) if c in CLASSES[other]]
        for other in members:
            shares[other] += 1 / len(classes) / len(members)
    assert_shares(draws("balanced", clip), {other: share for other, share in shares.items() if share})


def test_balanced_is_uniform_where_nothing_is_active():
    pool = PartnerPool(np.zeros((3, 4)), np.zeros(3, int), np.zeros(3, int))
    partners = draw_partners("balanced", pool, np.zeros(200, int), np.random.default_rng(0))
    assert set(partners) == {1, 2}


@pytest.mark.parametrize(("kind", "column"), [("same_site", "site"), ("same_hour", "recorded_at")])
def test_sites_or_hours_that_nobody_shares_are_refused_since_nothing_would_ever_be_mixed(kind, column):
    unknown = np.full(4, -1)
    for codes in (unknown, np.arange(4)):
        with pytest.raises(SpecError, match=rf"mixing\.partner={kind} .* column {column}"):
            draw_partners(kind, PartnerPool(np.eye(4), codes, codes), np.arange(4), np.random.default_rng(0))


def test_a_single_training_clip_is_its_own_partner():
    pool = PartnerPool(np.ones((1, 1)), np.zeros(1, int), np.zeros(1, int))
    for kind in ("uniform", "balanced"):
        assert draw_partners(kind, pool, np.zeros(3, int), np.random.default_rng(0)).tolist() == [0, 0, 0]


def test_hours_are_read_as_written_and_anything_else_is_unknown():
    moments = {
        "2025-04-27T06:30": 6,
        "2025-04-27 23:59:59": 23,
        "20250427T000000Z": 0,
        "2025-04-27T18:00:00+02:00": 18,
        "2025-04-27": -1,  # a day alone is not midnight
        "20250427": -1,
        "2025-00-00 06:00": -1,
        "early morning": -1,
        "06:10": -1,
        "": -1,
        None: -1,
    }
    np.testing.assert_array_equal(hours(list(moments)), list(moments.values()))
    assert hours([float("nan")]).tolist() == [-1]  # type: ignore[list-item]  # pandas' missing value
    assert hours([]).dtype == np.int64
