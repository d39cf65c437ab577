"""Means with intervals by bootstrap over images: the questions of one picture stand or fall together.

Resampling questions would count the answers about one picture as independent evidence; here whole pictures are drawn
again, and every statistic is a ratio of sums over pictures, so that one call serves means, differences and recalls.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

# Fifty resamples lie beyond either end of a 95% interval.
NUM_RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; ``num`` is how many observations stand behind it."""

    value: float
    low: float
    high: float
    num: int


HOLE = Estimate(value=float("nan"), low=float("nan"), high=float("nan"), num=0)
"""What there is to say about nothing."""


def _percentile_interval(statistic, num_images: int, seed: int) -> tuple[float, float]:
    """The 95% percentile interval of ``statistic(weights: float[R, I]) -> float[R]`` over redrawn images.

    Args:
        statistic: takes how often each of I images was drawn, one row a resample.
        num_images: I.
        seed: the same seed gives the same interval.
    """

    def of_draws(draws: np.ndarray, axis: int = -1) -> np.ndarray:
        draws = np.atleast_2d(np.moveaxis(draws, axis, -1)).astype(np.int64)  # [R, I]
        # One count for all resamples: row r numbers its images from r x I on.
        rows = np.arange(len(draws))[:, None] * num_images
        weights = np.bincount((draws + rows).ravel(), minlength=len(draws) * num_images)
        return statistic(weights.reshape(len(draws), num_images).astype(float))  # [R, I]

    # One picture drawn again is always itself: that would be an interval of no width.
    if num_images < 2:
        return float("nan"), float("nan")
    result = bootstrap(
        (np.arange(num_images),),
        of_draws,
        n_resamples=NUM_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    # Percentiles are taken here so that a resample without any observation is left out instead of spoiling both ends.
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(result.bootstrap_distribution, [tail, 100 - tail])
    return float(low), float(high)


def mean_by_image(values: Sequence[float], images: Sequence[Hashable], seed: int = 0) -> Estimate:
    """The mean over all values, its interval by bootstrap over images.

    Args:
        values: one number an observation, float[N].
        images: the picture of each observation, N of them.
        seed: of the resampling.
    """
    if not len(values):
        return HOLE
    data = np.asarray(values, float)
    index = image_index(images)
    num_images = int(index.max()) + 1
    sums = np.bincount(index, data, minlength=num_images)  # [I]
    counts = np.bincount(index, minlength=num_images).astype(float)  # [I]
    # A ratio of sums: pictures with more observations weigh more, as they do in the mean itself.
    low, high = _percentile_interval(lambda weights: (weights @ sums) / (weights @ counts), num_images, seed)
    return Estimate(value=float(data.mean()), low=low, high=high, num=len(data))


def paired_difference(
    first: Sequence[float], second: Sequence[float], images: Sequence[Hashable], seed: int = 0
) -> Estimate:
    """The mean of ``first - second`` over the same observations, its interval by bootstrap over images."""
    return mean_by_image(np.subtract(np.asarray(first, float), np.asarray(second, float)).tolist(), images, seed)


def balanced_accuracy(
    right: Sequence[float], sides: Sequence[tuple[Hashable, Hashable]], images: Sequence[Hashable], seed: int = 0
) -> Estimate:
    """Mean recall over the truth values of each cell, averaged over cells by their number of items.

    Args:
        right: 1 for right, 0 for wrong (or a mean over seeds), float[N].
        sides: (cell, truth value) of each item; a cell is one two-way fact.
        images: the picture of each item.
        seed: of the resampling.
    """
    if not len(right):
        return HOLE
    # In order of appearance, not a set's: the same input gives the same digits.
    names = list(dict.fromkeys(sides))
    cells = list(dict.fromkeys(cell for cell, _ in names))
    side = np.array([names.index(name) for name in sides])
    member = np.array([[cell == of for cell in cells] for of, _ in names], float)  # [S, C]
    index = image_index(images)
    num_images = int(index.max()) + 1
    # Counts by picture and side, so that a resample is one product of matrices.
    flat = index * len(names) + side
    shape = (num_images, len(names))
    hits = np.bincount(flat, np.asarray(right, float), minlength=num_images * len(names)).reshape(shape)
    counts = np.bincount(flat, minlength=num_images * len(names)).astype(float).reshape(shape)

    def statistic(weights: np.ndarray) -> np.ndarray:
        drawn, drawn_hits = weights @ counts, weights @ hits  # [R, S]
        # A side that no drawn picture has carries no recall: the cell's mean is over the others.
        present = drawn > 0
        recall = np.divide(drawn_hits, drawn, out=np.zeros_like(drawn), where=present)
        num_sides = present @ member  # [R, C]
        cell_recall = np.divide(recall @ member, num_sides, out=np.zeros_like(num_sides), where=num_sides > 0)
        size = drawn @ member
        return (cell_recall * size).sum(-1) / size.sum(-1)

    low, high = _percentile_interval(statistic, num_images, seed)
    value = float(statistic(np.ones((1, num_images)))[0])
    return Estimate(value=value, low=low, high=high, num=len(side))


def image_index(images: Sequence[Hashable]) -> np.ndarray:
    """Number the images 0..I-1 in order of first appearance, int[N]."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(image, len(numbers)) for image in images], np.int64)
