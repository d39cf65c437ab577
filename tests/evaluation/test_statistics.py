"""Intervals are by image: copies of a question about one picture are no new evidence."""

import math
import time

import numpy as np
import pytest

from llavapose.evaluation.statistics import balanced_accuracy, mean_by_image, paired_difference


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
