"""Agreement between judges, against worked examples and against scipy on the resampled answers themselves."""

import math

import krippendorff
import numpy as np
import pytest
from scipy import stats

from llavapose.evaluation.statistics.agreement import (
    _alpha_sums,
    _disagreements,
    alpha,
    kendall,
    model_ranking,
    spearman,
    weighted_kappa,
)
from llavapose.evaluation.statistics.intervals import resampling_weights

_ = math.nan
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): four coders, twelve units.
CODERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


def test_krippendorffs_own_example():
    units = np.array(CODERS, float).T
    assert round(alpha(units, list(range(12))).value, 3) == 0.849


@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_that_of_the_library(seed):
    draw = np.random.default_rng(seed)
    units = draw.integers(1, 11, (90, 4)) + draw.normal(0, 0.5, (90, 4))
    units[draw.random(units.shape) < 0.2] = np.nan
    expected = krippendorff.alpha(reliability_data=units.T, level_of_measurement="interval")
    assert alpha(units, list(range(90))).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("num_images", [12, 70])
def test_alphas_interval_is_of_the_librarys_own_values(num_images):
    """Every resample, and every image left out of few, is told by sums: by the library it is the same number."""
    rng = np.random.default_rng(6)
    images = np.repeat(np.arange(num_images), 3)
    units = rng.integers(2, 21, (3 * num_images, 3)) / 2
    units[rng.random(units.shape) < 0.1] = np.nan
    found = alpha(units, images.tolist())

    def of(rows):
        return krippendorff.alpha(reliability_data=units[rows].T, level_of_measurement="interval")

    assert found.value == of(slice(None))
    if num_images < 60:
        without = np.array([of(images != image) for image in range(num_images)])
        se = math.sqrt((num_images - 1) / num_images * ((without - without.mean()) ** 2).sum())
        assert found.se == pytest.approx(se, abs=1e-12)
        return
    sums = _alpha_sums(units, images, num_images)
    for weights in resampling_weights(num_images, 0)[:50]:
        rows = np.concatenate([np.flatnonzero(images == image) for image in np.repeat(np.arange(num_images),
                                                                                     weights.astype(int))])  # fmt: skip
        observed, expected = _disagreements(weights[None] @ sums)
        assert 1 - observed[0] / expected[0] == pytest.approx(of(rows), abs=1e-12)


def test_alpha_of_ratings_of_very_many_values_needs_no_memory():
    """The library lays out answers x values x values: 90 billion numbers here."""
    rng = np.random.default_rng(7)
    first = rng.normal(60, 20, 4500)
    found = alpha(np.array([first, first + rng.normal(0, 5, 4500)]).T, np.repeat(np.arange(90), 50).tolist())
    assert 0.93 < found.low < found.value < found.high < 0.99


def test_his_nominal_alpha_from_the_same_sums():
    """Nominal disagreement is half the squared distance of indicator columns, so the same two sums give it."""
    units = np.array(CODERS, float).T
    parts = []
    for value in (1, 2, 3, 4, 5):
        sums = _alpha_sums(np.where(np.isnan(units), np.nan, units == value), np.arange(12), 12)
        parts.append(_disagreements(sums.sum(0, keepdims=True)))
    observed, expected = np.sum(parts, axis=0)[:, 0]
    assert round(1 - observed / expected, 3) == 0.743


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [([1, 2, 3], [1, 2, 3], 1.0), ([1, 2, 1], [1, 2, 2], 0.4), ([1, 2, 3, 1, 2, 2, 3], [1, 2, 3, 1, 2, 3, 2], 0.75)],
)
def test_weighted_kappa_by_hand(first, second, kappa):
    assert weighted_kappa(first, second, list(range(len(first)))).value == pytest.approx(kappa)


def test_weighted_kappa_of_published_ratings():
    """Two pathologists, 118 slides (A. Agresti, Categorical Data Analysis, 2002, 10.5): 0.78 with squared weights."""
    table = np.array([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]])
    first, second = (np.repeat(values.ravel(), table.ravel()) for values in np.indices((4, 4)))
    assert len(first) == 118 and round(weighted_kappa(first, second, list(range(118))).value, 2) == 0.78


def test_weighted_kappa_is_cohens_table():
    """The definition: one minus the weighted observed table over the weighted table of the margins."""
    rng = np.random.default_rng(0)
    first = rng.integers(1, 11, 200)
    second = np.clip(first + rng.integers(-3, 4, 200), 1, 10)
    observed = np.zeros((10, 10))
    np.add.at(observed, (first - 1, second - 1), 1)
    expected = np.outer(observed.sum(1), observed.sum(0)) / 200
    weights = (np.arange(10)[:, None] - np.arange(10)) ** 2
    kappa = 1 - (weights * observed).sum() / (weights * expected).sum()
    assert weighted_kappa(first, second, list(range(200))).value == pytest.approx(kappa)


@pytest.mark.parametrize("ours", [spearman, kendall])
def test_rank_correlations_are_scipys_with_ends_of_scipys_on_every_resample(ours):
    theirs = {spearman: lambda x, y: stats.spearmanr(x, y).statistic, kendall: lambda x, y: stats.kendalltau(x, y)[0]}
    rng = np.random.default_rng(1)
    images = np.repeat(np.arange(60), 3)
    first = rng.integers(1, 11, 180).astype(float)
    second = np.round(0.6 * first + rng.normal(2, 2, 180))
    found = ours(first, second, images.tolist())
    assert found.value == pytest.approx(theirs[ours](first, second)) and found.num == 180
    values = []
    for weights in resampling_weights(60, 0)[:200]:
        drawn = np.repeat(np.arange(60), weights.astype(int))
        rows = np.concatenate([np.flatnonzero(images == image) for image in drawn])
        values.append(theirs[ours](first[rows], second[rows]))
    assert found.low == pytest.approx(np.percentile(values, 2.5), abs=0.03)
    assert found.high == pytest.approx(np.percentile(values, 97.5), abs=0.03)


def test_a_judge_that_rates_all_alike_agrees_with_nobody():
    images = list(range(70))
    values = np.random.default_rng(2).integers(1, 11, 70)
    for measure in (spearman, kendall):
        assert math.isnan(measure([5.0] * 70, values, images).value)
    assert weighted_kappa([5.0] * 70, values, images).value == pytest.approx(0)
    assert math.isnan(weighted_kappa([5.0] * 70, [5.0] * 70, images).value), "nothing varies: nothing to agree on"
    assert math.isnan(alpha(np.full((70, 2), 5.0), images).value) and math.isnan(spearman([], [], []).value)


def test_copies_within_an_image_do_not_narrow_agreement():
    rng = np.random.default_rng(3)
    first = rng.normal(5, 2, 80)
    second = first + rng.normal(0, 2, 80)
    for measure in (spearman, kendall, weighted_kappa):
        once = measure(first, second, list(range(80)))
        copied = measure(np.repeat(first, 4), np.repeat(second, 4), np.repeat(np.arange(80), 4).tolist())
        assert copied.value == pytest.approx(once.value, abs=0.01)
        assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.1)


def test_the_ranking_of_models_is_by_their_means():
    arms = ["a", "b", "c"] * 70
    images = np.repeat(np.arange(70), 3).tolist()
    rng = np.random.default_rng(4)
    first = np.tile([8.0, 6.0, 4.0], 70) + rng.normal(0, 0.5, 210)
    other = np.tile([7.0, 5.0, 2.0], 70) + rng.normal(0, 0.5, 210)
    found = model_ranking(first, other, arms, images)
    assert (found["spearman"].value, found["kendall"].value, found["spearman"].num) == (1, 1, 3)
    assert model_ranking(first, -other, arms, images)["kendall"].high == -1
    assert math.isnan(model_ranking(first, other, ["a"] * 210, images)["kendall"].value), "one model has no ranking"
