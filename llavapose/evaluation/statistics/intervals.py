"""Means, ratios and recalls whose unit is the image: the questions of one picture stand or fall together.

Resampling questions would count the answers about one picture as independent evidence: of 1,000 simulated gaps such
intervals held less than 850 (``benchmarks/intervals.py``). Below 60 images an interval is Student's t with one degree
of freedom less than there are images; from there on, the percentiles of a bootstrap over whole images.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import t as student

# Fifty resamples lie beyond either end of a 95% interval.
NUM_RESAMPLES = 2000
CONFIDENCE = 0.95
SMALL = 60
"""Of fewer images the bootstrap's percentiles are too narrow, Student's t is not (``benchmarks/intervals.py``)."""

Statistic = Callable[[np.ndarray], np.ndarray]
"""How often each of I images counts, float[R, I] -> its value, float[R]."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value, low, high: NaN where there is nothing to say.
        num: how many observations stand behind it.
        se: standard error with the image as the unit; NaN where only the bootstrap knows.
        df: degrees of freedom of ``se``.
        how: "t", "bootstrap", or "crossed t" with several training seeds; "" without an interval.
    """

    value: float
    low: float
    high: float
    num: int
    se: float = math.nan
    df: float = math.nan
    how: str = ""


HOLE = Estimate(value=math.nan, low=math.nan, high=math.nan, num=0)
"""What there is to say about nothing."""


@lru_cache(maxsize=2)
def resampling_weights(num_images: int, seed: int) -> np.ndarray:
    """How often each image is drawn, float[R, I]: the draws of ``scipy.stats.bootstrap``, held against it by a test.

    Scipy hands a statistic the drawn values; as counts, a statistic of all resamples is one product of matrices. A
    table draws the same again and again: the last are kept.
    """
    draws = np.random.default_rng(seed).integers(0, num_images, (NUM_RESAMPLES, num_images))
    # One count for all resamples: row r numbers its images from r x I on.
    rows = np.arange(NUM_RESAMPLES)[:, None] * num_images
    weights = np.bincount((draws + rows).ravel(), minlength=NUM_RESAMPLES * num_images)
    found = weights.reshape(NUM_RESAMPLES, num_images).astype(float)
    found.flags.writeable = False
    return found


def percentile_interval(statistic: Statistic, num_images: int, seed: int = 0) -> tuple[float, float]:
    """The 95% percentile interval over redrawn images; the same seed gives the same interval."""
    # One picture drawn again is always itself: that would be an interval of no width.
    if num_images < 2:
        return math.nan, math.nan
    values = statistic(resampling_weights(num_images, seed))
    # A resample without any observation is left out instead of spoiling both ends.
    values = values[~np.isnan(values)]
    tail = 50 * (1 - CONFIDENCE)
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def t_interval(value: float, se: float, df: float) -> tuple[float, float]:
    """The 95% interval of Student's t about ``value``."""
    if not math.isfinite(se):
        return math.nan, math.nan
    # Without any spread every df gives the same: no width.
    half = float(student.ppf(0.5 + CONFIDENCE / 2, df)) * se if se > 0 else 0.0
    return value - half, value + half


def by_image(statistic: Statistic, num_images: int, num: int, seed: int = 0) -> Estimate:
    """Any statistic of counted images with its interval: of few images by the jackknife's standard error and t.

    Args:
        statistic: of how often each image counts.
        num_images: I.
        num: how many observations stand behind it.
        seed: of the resampling.
    """
    value = float(statistic(np.ones((1, num_images)))[0])
    if num_images >= SMALL:
        low, high = percentile_interval(statistic, num_images, seed)
        return Estimate(value=value, low=low, high=high, num=num, how="bootstrap" if math.isfinite(low) else "")
    if num_images < 2:
        return Estimate(value=value, low=math.nan, high=math.nan, num=num)
    without = statistic(1 - np.eye(num_images))  # [I], each leaving one image out
    se = math.sqrt((num_images - 1) / num_images * float(((without - without.mean()) ** 2).sum()))
    low, high = t_interval(value, se, num_images - 1)
    how = "t" if math.isfinite(low) else ""
    return Estimate(value=value, low=low, high=high, num=num, se=se, df=num_images - 1, how=how)


def residuals_by_image(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """What each image moves the mean by, times I: float[I], of sum 0.

    With equal numbers of questions these are the images' means less the mean of all. With unequal ones the mean is a
    ratio of sums, in which an image with more questions weighs more, and this its first-order form (a cluster-robust
    variance with the images as clusters; Cochran, Sampling Techniques, 1977, 6.3).

    Args:
        values: one an observation, float[N].
        index: the image of each, int[N] in 0..I-1.
    """
    num_images = int(index.max()) + 1
    sums = np.bincount(index, values, minlength=num_images)
    counts = np.bincount(index, minlength=num_images)
    return (sums - values.mean() * counts) * (num_images / len(values))


def error_by_image(values: np.ndarray, index: np.ndarray) -> float:
    """Standard error of the mean with the image as the unit; NaN for fewer than two images."""
    residuals = residuals_by_image(values, index)
    num_images = len(residuals)
    if num_images < 2:
        return math.nan
    return math.sqrt(float((residuals**2).sum()) / (num_images * (num_images - 1)))


def mean_by_image(values: Sequence[float], images: Sequence[Hashable], seed: int = 0) -> Estimate:
    """The mean over all values with the image as the unit.

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
    value, se, df = float(data.mean()), error_by_image(data, index), num_images - 1
    if num_images < SMALL:
        low, high = t_interval(value, se, df)
        how = "t" if num_images > 1 else ""
        return Estimate(value=value, low=low, high=high, num=len(data), se=se, df=df, how=how)
    sums = np.bincount(index, data, minlength=num_images)  # [I]
    counts = np.bincount(index, minlength=num_images).astype(float)  # [I]
    # A ratio of sums: pictures with more observations weigh more, as they do in the mean itself.
    low, high = percentile_interval(lambda weights: (weights @ sums) / (weights @ counts), num_images, seed)
    return Estimate(value=value, low=low, high=high, num=len(data), se=se, df=df, how="bootstrap")


def paired_difference(
    first: Sequence[float], second: Sequence[float], images: Sequence[Hashable], seed: int = 0
) -> Estimate:
    """The mean of ``first - second`` over the same observations, with the image as the unit."""
    return mean_by_image(np.subtract(np.asarray(first, float), np.asarray(second, float)).tolist(), images, seed)


def ratio_by_image(
    numerators: Sequence[float], denominators: Sequence[float], images: Sequence[Hashable], seed: int = 0
) -> Estimate:
    """Sum over sum, such as claims a word, with the image as the unit; a hole where the denominators sum to nothing."""
    if not len(numerators) or not sum(denominators):
        return HOLE
    index = image_index(images)
    num_images = int(index.max()) + 1
    above = np.bincount(index, np.asarray(numerators, float), minlength=num_images)
    below = np.bincount(index, np.asarray(denominators, float), minlength=num_images)

    def statistic(weights: np.ndarray) -> np.ndarray:
        drawn = weights @ below
        return np.divide(weights @ above, drawn, out=np.full_like(drawn, np.nan), where=drawn > 0)

    return by_image(statistic, num_images, len(numerators), seed)


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

    return by_image(statistic, num_images, len(side), seed)


def image_index(images: Sequence[Hashable]) -> np.ndarray:
    """Number the images 0..I-1 in order of first appearance, int[N]."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(image, len(numbers)) for image in images], np.int64)
