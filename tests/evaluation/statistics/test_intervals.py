"""Intervals are by image: copies of a question about one picture are no new evidence."""

import math
import time

import numpy as np
import pytest
from scipy import stats

from llavapose.evaluation.statistics.crossed import crossed_difference, crossed_mean
from llavapose.evaluation.statistics.intervals import (
    NUM_RESAMPLES,
    SMALL,
    balanced_accuracy,
    mean_by_image,
    paired_difference,
    ratio_by_image,
    resampling_weights,
)
from llavapose.evaluation.statistics.power import smallest_gap


def test_mean_and_interval_of_independent_images_match_the_normal_theory():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = mean_by_image(values.tolist(), list(range(400)))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.05)
    assert found.high == pytest.approx(values.mean() + half, abs=0.05)
    assert found.num == 400


def test_copies_within_an_image_do_not_narrow_the_interval():
    values = np.random.default_rng(1).normal(5, 2, 60)
    once = mean_by_image(values.tolist(), list(range(60)))
    copied = mean_by_image(np.repeat(values, 10).tolist(), np.repeat(np.arange(60), 10).tolist())
    as_if_independent = mean_by_image(np.repeat(values, 10).tolist(), list(range(600)))
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.01)
    assert as_if_independent.high - as_if_independent.low < 0.5 * (copied.high - copied.low)


def test_paired_difference_sees_a_constant_gap_that_unpaired_noise_would_hide():
    noise = np.random.default_rng(2).normal(5, 3, 90)
    images = [i // 3 for i in range(90)]
    found = paired_difference((noise + 0.5).tolist(), noise.tolist(), images)
    assert found.low == pytest.approx(0.5) and found.high == pytest.approx(0.5)


def test_an_answerer_that_always_says_the_same_is_at_half_in_every_cell():
    sides = [("elbow", "bent")] * 90 + [("elbow", "straight")] * 10
    right = [1.0] * 90 + [0.0] * 10
    assert balanced_accuracy(right, sides, list(range(100))).value == pytest.approx(0.5)


def test_cells_are_weighted_by_their_items():
    sides = [("a", 0), ("a", 1)] * 30 + [("b", 0), ("b", 1)] * 10
    right = [1.0] * 60 + [0.0] * 20
    assert balanced_accuracy(right, sides, list(range(80))).value == pytest.approx(0.75)


def test_no_observation_is_a_hole_and_one_image_has_no_interval():
    assert math.isnan(mean_by_image([], []).value)
    assert balanced_accuracy([], [], []).num == 0
    one = mean_by_image([3.0, 5.0], [7, 7])
    assert one.value == 4.0 and math.isnan(one.low)


def test_the_same_seed_gives_the_same_interval_quickly():
    rng = np.random.default_rng(3)
    right = rng.integers(0, 2, 1500).astype(float).tolist()
    sides = [(f"cell {i % 40}", i // 40 % 2) for i in range(1500)]
    images = rng.integers(0, 300, 1500).tolist()
    start = time.process_time()
    first = balanced_accuracy(right, sides, images, seed=4)
    assert time.process_time() - start < 2
    assert first == balanced_accuracy(right, sides, images, seed=4)
    assert first != balanced_accuracy(right, sides, images, seed=5)


@pytest.mark.parametrize("num_images", [2, 30, 90])
def test_the_draws_are_scipys_own(num_images):
    """What is drawn directly is what ``scipy.stats.bootstrap`` draws, and so are the ends of the interval."""
    values = np.random.default_rng(7).normal(5, 2, num_images)
    ours = np.percentile(resampling_weights(num_images, 0) @ values / num_images, [2.5, 97.5])
    theirs = stats.bootstrap((values,), np.mean, n_resamples=NUM_RESAMPLES, method="percentile",
                             rng=np.random.default_rng(0))  # fmt: skip
    assert ours == pytest.approx(list(theirs.confidence_interval))


def test_from_sixty_images_on_the_numbers_stay_what_they_were():
    """Written down before there was any other method than the bootstrap."""
    rng = np.random.default_rng(11)
    values, images = rng.normal(5, 2, 270), np.repeat(np.arange(90), 3)
    found = mean_by_image(values.tolist(), images.tolist())
    assert found.how == "bootstrap"
    assert (found.value, found.low, found.high) == pytest.approx((5.064754122, 4.862242472, 5.276357875), abs=1e-9)


def test_below_sixty_images_the_interval_is_students_over_image_means():
    rng = np.random.default_rng(5)
    values = rng.normal(5, 2, (30, 3)) + rng.normal(0, 1, (30, 1))
    found = mean_by_image(values.ravel().tolist(), np.repeat(np.arange(30), 3).tolist())
    means = values.mean(1)
    low, high = stats.t.interval(0.95, 29, means.mean(), stats.sem(means))
    assert found.how == "t" and found.df == 29 and SMALL == 60
    assert (found.low, found.high, found.se) == pytest.approx((low, high, stats.sem(means)))


def test_images_with_more_questions_weigh_more_in_value_and_spread():
    """A ratio of sums: the spread is that of the images' residual sums, by hand for three images."""
    values, images = [1.0, 3.0, 5.0, 4.0, 8.0], ["a", "a", "a", "b", "c"]
    found = mean_by_image(values, images)
    residuals = np.array([9 - 3 * 4.2, 4 - 4.2, 8 - 4.2]) / (5 / 3)
    assert found.value == pytest.approx(4.2)
    assert found.se == pytest.approx(math.sqrt((residuals**2).sum() / (3 * 2)))


def test_a_ratio_is_that_of_the_sums():
    found = ratio_by_image([2.0, 1.0, 3.0], [10.0, 20.0, 30.0], [1, 2, 3])
    assert found.value == pytest.approx(0.1) and found.low < 0.1 < found.high
    assert math.isnan(ratio_by_image([0.0, 0.0], [0.0, 0.0], [1, 2]).value)


def test_training_seeds_widen_the_interval_by_their_own_spread():
    """Two-way random effects by hand: mean squares of images, seeds and what is left."""
    rng = np.random.default_rng(8)
    z = rng.normal(0, 1, (20, 1)) + rng.normal(0, 2, (1, 3)) + rng.normal(0, 0.5, (20, 3))
    found = crossed_mean(z, list(range(20)))
    by_image, by_seed, rest = z.mean(1), z.mean(0), z - z.mean(1, keepdims=True) - z.mean(0) + z.mean()
    image, seed = 3 * by_image.var(ddof=1), 20 * by_seed.var(ddof=1)
    left = (rest**2).sum() / (19 * 2)
    variance = (image + seed - left) / 60
    df = (image + seed - left) ** 2 / (image**2 / 19 + seed**2 / 2 + left**2 / 38)
    half = stats.t.ppf(0.975, df) * math.sqrt(variance)
    assert found.how == "crossed t" and found.num == 20
    assert (found.value, found.se, found.df) == pytest.approx((z.mean(), math.sqrt(variance), df))
    assert (found.low, found.high) == pytest.approx((z.mean() - half, z.mean() + half))
    alone = mean_by_image(by_image.tolist(), list(range(20)))
    assert found.high - found.low > 3 * (alone.high - alone.low)


def test_of_two_seeds_each_part_has_its_own_t():
    rng = np.random.default_rng(8)
    z = rng.normal(0, 1, (20, 1)) + np.array([[-0.5, 0.5]]) + rng.normal(0, 0.5, (20, 2))
    found = crossed_mean(z, list(range(20)))
    rest = ((z - z.mean(1, keepdims=True) - z.mean(0) + z.mean()) ** 2).sum() / 19
    image, seed = z.mean(1).var(ddof=1) / 20, (20 * z.mean(0).var(ddof=1) - rest) / 40
    half = math.sqrt(stats.t.ppf(0.975, 19) ** 2 * image + stats.t.ppf(0.975, 1) ** 2 * seed)
    assert found.se == pytest.approx(math.sqrt(image + seed)) and 1 < found.df < 19
    assert (found.low, found.high) == pytest.approx((z.mean() - half, z.mean() + half))
    same = np.repeat(rng.normal(0, 1, (20, 1)), 2, axis=1)
    assert crossed_mean(same, list(range(20))).df == 19, "no spread of trainings, nothing to be careful about"


def test_one_seed_is_the_plain_interval_and_an_untrained_base_has_one():
    rng = np.random.default_rng(9)
    first, second = rng.normal(5, 1, (90, 1)), rng.normal(4, 1, (90, 1))
    images = list(range(90))
    assert crossed_mean(first, images) == mean_by_image(first[:, 0].tolist(), images)
    plain = paired_difference(first[:, 0].tolist(), second[:, 0].tolist(), images)
    assert crossed_difference(first, second, images) == plain
    three = first + rng.normal(0, 1, (1, 3))
    found = crossed_difference(three, second, images)
    assert found.how == "crossed t" and found.high - found.low > plain.high - plain.low
    assert crossed_difference(second, three, images).se == pytest.approx(found.se)


def test_the_smallest_gap_is_seen_four_times_in_five():
    """80% of the worlds with that gap give an interval above 0."""
    rng = np.random.default_rng(10)
    gap = smallest_gap(2 / math.sqrt(400), 399)
    assert gap == pytest.approx(2.8 * 0.1, abs=0.003)
    means = rng.normal(gap, 2, (4000, 400)).mean(1)
    assert np.mean(means > 1.966 * 0.1) == pytest.approx(0.8, abs=0.02)
    assert math.isnan(smallest_gap(math.nan, 3))
    assert math.isnan(smallest_gap(0.0, 3)), "arms that are alike on every picture do not show what could be seen"
