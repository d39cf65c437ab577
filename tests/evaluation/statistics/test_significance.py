"""Whether a difference could be chance: signs of whole images flipped, and every test of a table counted."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from llavapose.evaluation.statistics.significance import EXACT_BELOW, difference_p, holm, sign_flip


def test_few_images_are_flipped_in_every_way():
    values = [3.0, 1.0, 2.0, -0.5, 4.0, 2.5]
    total = sum(values)
    flips = [abs(sum(s * v for s, v in zip(signs, values, strict=True))) for signs in product((1, -1), repeat=6)]
    assert sign_flip(values, list(range(6))) == sum(one >= total - 1e-9 for one in flips) / 64
    assert EXACT_BELOW == 15


@pytest.mark.parametrize("num_images", [8, 14, 40, 90])
def test_it_is_scipys_permutation_test(num_images):
    values = np.random.default_rng(num_images).normal(0.25, 1, num_images)
    found = sign_flip(values.tolist(), list(range(num_images)))
    theirs = stats.permutation_test(
        (values,), lambda x, axis=-1: x.sum(axis), permutation_type="samples", vectorized=True, n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert found == pytest.approx(theirs, rel=1e-9 if num_images < EXACT_BELOW else 0.1, abs=0.003)


def test_the_questions_of_an_image_are_flipped_together():
    """Ten copies of every question are no new evidence."""
    values = np.random.default_rng(3).normal(0.5, 1, 12)
    once = sign_flip(values.tolist(), list(range(12)))
    copied, images = np.repeat(values, 10).tolist(), np.repeat(np.arange(12), 10).tolist()
    assert sign_flip(copied, images) == once
    assert sign_flip(copied, list(range(120))) < once / 5


def test_the_same_seed_gives_the_same_p_and_none_is_nought():
    values = [5.0] * 90
    assert sign_flip(values, list(range(90))) == pytest.approx(1 / 10_001)
    assert sign_flip(values, list(range(90)), seed=1) == sign_flip(values, list(range(90)), seed=1)
    assert sign_flip([0.0] * 90, list(range(90))) == 1
    assert math.isnan(sign_flip([], [])) and sign_flip([3.0], [1]) == 1, "one image proves nothing"


def test_with_several_trainings_p_knows_their_spread():
    """Images alone are sure of a gap that is one lucky training's."""
    rng = np.random.default_rng(4)
    base = rng.normal(5, 1, (90, 1))
    trained = base + np.array([[0.0, 0.1, 1.5]]) + rng.normal(0, 0.5, (90, 3))
    images = list(range(90))
    assert difference_p(trained, base, images) > 0.2
    assert difference_p(trained.mean(1, keepdims=True), base, images) < 0.001


def test_holm_by_hand():
    found = holm([0.01, 0.04, 0.03, 0.005, math.nan])
    assert found[:4] == pytest.approx([0.03, 0.06, 0.06, 0.02]) and math.isnan(found[4])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9]) and holm([]) == []
