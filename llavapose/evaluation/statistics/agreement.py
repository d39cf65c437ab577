"""Do two judges agree? Rank correlations, weighted kappa and Krippendorff's alpha, each with the image as the unit.

Every measure is written over weighted images, so that all resamples are told at once. Alpha itself is computed by the
library ``krippendorff``, and its resamples by sums that the tests hold against it; rank correlations are held against
scipy's ``spearmanr`` and ``kendalltau``, kappa against published ratings.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from llavapose.evaluation.statistics.intervals import HOLE, Estimate, by_image, image_index

MOST_AT_ONCE = 4_000_000
"""Ranks of resamples times answers that are held at once: 32 MB each, whatever the number of answers."""

# Pairs are rated on a scale of 19 to 73 values; percents of a reference have as many values as there are answers.
MOST_IN_TABLES = 20_000_000
"""Cells of the library's tables, answers x values x values: 160 MB each, of which it holds several."""


def spearman(first: Sequence[float], second: Sequence[float], images: Sequence[Hashable]) -> Estimate:
    """Spearman's rank correlation of two judges' ratings of the same answers; NaN where one rates all alike."""
    if not len(first):
        return HOLE
    index = image_index(images)
    levels = [np.unique(np.asarray(values, float), return_inverse=True)[1] for values in (first, second)]

    def of_some(weights: np.ndarray) -> np.ndarray:
        drawn = weights[:, index]  # [R, N]
        ranks = [_ranks(drawn, level) for level in levels]
        total = drawn.sum(1)
        x, y = (rank - ((drawn * rank).sum(1) / total)[:, None] for rank in ranks)
        return _ratio((drawn * x * y).sum(1), np.sqrt((drawn * x * x).sum(1) * (drawn * y * y).sum(1)))

    def statistic(weights: np.ndarray) -> np.ndarray:
        num_parts = -(-len(weights) * len(index) // MOST_AT_ONCE)
        return np.concatenate([of_some(part) for part in np.array_split(weights, num_parts)])

    return by_image(statistic, int(index.max()) + 1, len(index))


def _ranks(drawn: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Ranks among the drawn answers, ties at their middle: float[R, N] from counts float[R, N] and levels int[N]."""
    order = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[order], np.arange(level.max() + 1))
    sizes = np.add.reduceat(drawn[:, order], starts, axis=1)  # [R, levels]
    return (np.cumsum(sizes, axis=1) - sizes / 2)[:, level]


def kendall(first: Sequence[float], second: Sequence[float], images: Sequence[Hashable]) -> Estimate:
    """Kendall's tau-b of two judges' ratings of the same answers; NaN where one rates all alike."""
    if not len(first):
        return HOLE
    index = image_index(images)
    num_images = int(index.max()) + 1
    order = np.argsort(index, kind="stable")
    x, y = np.asarray(first, float)[order], np.asarray(second, float)[order]
    starts = np.searchsorted(index[order], np.arange(num_images))
    # Pairs of answers counted by their two images, [I, I]: in the same order less in the other, and untied in each.
    counts = np.zeros((3, num_images, num_images))
    for image, rows in enumerate(np.split(np.arange(len(x)), starts[1:])):
        a, b = (np.sign(values[rows, None] - values) for values in (x, y))  # [rows, N]
        for place, signs in enumerate((a * b, a * a, b * b)):
            counts[place, image] = np.add.reduceat(signs.sum(0), starts)

    def statistic(weights: np.ndarray) -> np.ndarray:
        concordant, untied_x, untied_y = (((weights @ pairs) * weights).sum(1) for pairs in counts)
        return _ratio(concordant, np.sqrt(untied_x * untied_y))

    return by_image(statistic, num_images, len(index))


def weighted_kappa(first: Sequence[float], second: Sequence[float], images: Sequence[Hashable]) -> Estimate:
    """Cohen's kappa with quadratic weights (Cohen 1968).

    With these weights both tables, the observed one and that of the margins, enter by their moments alone, so that
    ratings need not be whole numbers: 1 - mean (x - y)^2 / (var x + var y + (mean x - mean y)^2).
    """
    if not len(first):
        return HOLE
    index = image_index(images)
    num_images = int(index.max()) + 1
    x, y = np.asarray(first, float), np.asarray(second, float)
    x, y = x - x.mean(), y - x.mean()  # about a common middle: squares of large numbers would eat the digits
    sums = [np.bincount(index, part, minlength=num_images) for part in (np.ones(len(x)), x, y, x * x, y * y, x * y)]

    def statistic(weights: np.ndarray) -> np.ndarray:
        num, sum_x, sum_y, xx, yy, xy = (weights @ part for part in sums)
        observed = (xx + yy - 2 * xy) / num
        # var x + var y + (mean x - mean y)^2, with the means' squares taken together.
        expected = (xx + yy) / num - 2 * sum_x * sum_y / num**2
        return 1 - _ratio(observed, expected)

    return by_image(statistic, num_images, len(x))


def alpha(units: np.ndarray, images: Sequence[Hashable]) -> Estimate:
    """Krippendorff's alpha for interval data, of any number of judges; an answer that only one rated tells nothing.

    Args:
        units: a row an answer, a column a judge, NaN where it did not rate, float[U, J].
        images: the picture of each answer.
    """
    if not len(units):
        return HOLE
    index = image_index(images)
    num_images = int(index.max()) + 1
    sums = _alpha_sums(units, index, num_images)

    def statistic(weights: np.ndarray) -> np.ndarray:
        observed, expected = _disagreements(weights @ sums)
        return 1 - _ratio(observed, expected)

    paired = (~np.isnan(units)).sum(1) > 1
    if not paired.any():
        return HOLE
    found = by_image(statistic, num_images, int(paired.sum()))
    return replace(found, value=_library_alpha(units[paired], found.value))


def _library_alpha(units: np.ndarray, otherwise: float) -> float:
    """Alpha by the library; ``otherwise``, the same by sums, where its tables would not fit or nothing varies."""
    num_values = len(np.unique(units[~np.isnan(units)]))
    if num_values < 2 or len(units) * num_values**2 > MOST_IN_TABLES:
        return otherwise
    import krippendorff  # only who compares judges needs it

    return float(krippendorff.alpha(reliability_data=units.T, level_of_measurement="interval"))


def _alpha_sums(units: np.ndarray, index: np.ndarray, num_images: int) -> np.ndarray:
    """By image: observed squared distances within answers, number, sum and squares of ratings, float[I, 4]."""
    rated = ~np.isnan(units)
    paired = rated.sum(1) > 1
    values = np.where(rated, units - np.nanmean(units[paired]), 0.0) * paired[:, None] if paired.any() else 0 * units
    num, total, squares = rated.sum(1) * paired, values.sum(1), (values**2).sum(1)
    # Of an answer with m ratings, all ordered pairs' squared distances over m - 1.
    within = (2 * num * squares - 2 * total**2) / np.maximum(num - 1, 1)
    return np.stack([np.bincount(index, part, minlength=num_images) for part in (within, num, total, squares)], axis=1)


def _disagreements(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    within, num, total, squares = sums.T
    return _ratio(within, num), _ratio(2 * num * squares - 2 * total**2, num * (num - 1))


def model_ranking(
    first: Sequence[float], second: Sequence[float], arms: Sequence[str], images: Sequence[Hashable]
) -> dict[str, Estimate]:
    """Two judges' rankings of the arms by their means: "spearman" and "kendall"; ``num`` is how many arms.

    Args:
        first: one judge's ratings, float[N].
        second: the other's of the same answers.
        arms: whose answer each is.
        images: the picture of each.
    """
    if not len(first):
        return {"spearman": HOLE, "kendall": HOLE}
    index, names = image_index(images), list(dict.fromkeys(arms))
    num_images, column = int(index.max()) + 1, np.array([names.index(arm) for arm in arms])
    shape = (num_images, len(names))
    flat = index * len(names) + column
    counts, *sums = (
        np.bincount(flat, part, minlength=num_images * len(names)).reshape(shape)
        for part in (np.ones(len(flat)), np.asarray(first, float), np.asarray(second, float))
    )

    def of_means(measure: str, weights: np.ndarray) -> np.ndarray:
        num = weights @ counts
        means = [_ratio(weights @ part, num) for part in sums]  # [R, A] each
        if measure == "spearman":
            signs = [rankdata(one, axis=1) for one in means]
            signs = [one - one.mean(1, keepdims=True) for one in signs]
        else:
            signs = [np.sign(one[:, :, None] - one[:, None, :]).reshape(len(one), -1) for one in means]
        x, y = signs
        return _ratio((x * y).sum(1), np.sqrt((x * x).sum(1) * (y * y).sum(1)))

    return {
        name: by_image(lambda weights, name=name: of_means(name, weights), num_images, len(names))
        for name in ("spearman", "kendall")
    }


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """NaN where there is nothing to divide by."""
    # What is left of nought after rounding is nought.
    some = below > 1e-12
    return np.divide(above, below, out=np.full_like(below, math.nan), where=some)
