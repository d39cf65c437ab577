"""Intervals where an arm was trained several times: images and training seeds are both drawn, each from many.

Every seed answers the same questions, so that images and seeds are crossed. Of a rating, one part is the image's, one
the training's, one neither's (two-way random effects), and the mean's variance has a term for each; Satterthwaite's
degrees of freedom say how far a sum of such terms can be trusted: with three seeds that differ much, hardly (2 for the
seeds' alone). An interval over images alone would promise what the next training need not keep.

Where training's own spread rules (its part several times the images'), three seeds cover somewhat less than they
should: about 93 of 100 simulated gaps instead of 95 (``benchmarks/intervals.py``). Of two seeds the spread has one
degree of freedom, and where by chance they lie near each other Satterthwaite's sum takes that for certain: 87 of 100.
With two seeds each part therefore has its own t (the halves of the intervals are added as squares; Burdick and Graybill
1992): at least 93 of 100, at the price of intervals that are often several times as wide.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar
from scipy.stats import t as student

from llavapose.evaluation.statistics.intervals import (
    CONFIDENCE,
    HOLE,
    Estimate,
    error_by_image,
    image_index,
    mean_by_image,
    paired_difference,
    residuals_by_image,
    t_interval,
)

FEW = 2
"""Seeds whose spread has one degree of freedom."""


def crossed_mean(runs: np.ndarray, images: Sequence[Hashable]) -> Estimate:
    """The mean of an arm over questions and training seeds.

    Args:
        runs: a row a question, a column a seed, float[N, S]; with one seed this is ``mean_by_image``.
        images: the picture of each question.
    """
    if not len(runs):
        return HOLE
    if runs.shape[1] == 1:
        return mean_by_image(runs[:, 0].tolist(), images)
    return _crossed(runs.mean(1), [runs], images)


def crossed_difference(first: np.ndarray, second: np.ndarray, images: Sequence[Hashable]) -> Estimate:
    """The mean of ``first - second`` over the same questions, each arm over its own training seeds.

    An untrained base has one column, which is no draw from anything; an arm that was trained once has one too, and then
    its training's spread is not known.

    Args:
        first: float[N, S1].
        second: float[N, S2], of trainings that have nothing to do with the first's.
        images: the picture of each question.
    """
    if not len(first):
        return HOLE
    several = [runs for runs in (first, second) if runs.shape[1] > 1]
    if not several:
        return paired_difference(first[:, 0].tolist(), second[:, 0].tolist(), images)
    return _crossed(first.mean(1) - second.mean(1), several, images)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A part of a variance: its value, the square of it over its degrees of freedom, and these of the value alone."""

    variance: float
    doubt: float
    df: int


def _crossed(means: np.ndarray, trained: Sequence[np.ndarray], images: Sequence[Hashable]) -> Estimate:
    index = image_index(images)
    value, num_images = float(means.mean()), int(index.max()) + 1
    if num_images < 2:
        return Estimate(value=value, low=math.nan, high=math.nan, num=len(means))
    of_images = error_by_image(means, index) ** 2
    parts = [_Part(variance=of_images, doubt=of_images**2 / (num_images - 1), df=num_images - 1)]
    parts += [_training_part(runs, index) for runs in trained]
    variance, doubt = sum(part.variance for part in parts), sum(part.doubt for part in parts)
    se, df = math.sqrt(variance), variance**2 / doubt if doubt > 0 else num_images - 1.0
    if min(runs.shape[1] for runs in trained) == FEW and variance > 0:
        df = _cautious_df(parts, se)
    low, high = t_interval(value, se, df)
    return Estimate(value=value, low=low, high=high, num=len(means), se=se, df=df, how="crossed t")


def _cautious_df(parts: Sequence[_Part], se: float) -> float:
    """The degrees of freedom at which the t interval is as wide as the parts' own, their halves added as squares."""
    tail = 0.5 + CONFIDENCE / 2
    wanted = math.sqrt(sum(student.ppf(tail, part.df) ** 2 * part.variance for part in parts)) / se
    least, most = min(part.df for part in parts), max(part.df for part in parts)
    if wanted <= student.ppf(tail, most) or least == most:
        return float(most)
    return float(root_scalar(lambda df: student.ppf(tail, df) - wanted, bracket=(least, most)).root)


def _training_part(runs: np.ndarray, index: np.ndarray) -> _Part:
    """What the training seeds add: (mean square of seeds - mean square of the rest) / (I x S), at least nothing."""
    # An image's share of each seed's mean; for equal numbers of questions its own mean. [I, S]
    shares = np.stack([residuals_by_image(run, index) + run.mean() for run in runs.T], axis=1)
    num_images, num_seeds = shares.shape
    by_image, by_seed, mean = shares.mean(1, keepdims=True), shares.mean(0), shares.mean()
    rest = ((shares - by_image - by_seed + mean) ** 2).sum() / ((num_images - 1) * (num_seeds - 1))
    seeds = num_images * ((by_seed - mean) ** 2).sum() / (num_seeds - 1)
    of_seeds, of_rest = (float(square) / (num_images * num_seeds) for square in (seeds, rest))
    return _Part(
        variance=max(0.0, of_seeds - of_rest),
        doubt=of_seeds**2 / (num_seeds - 1) + of_rest**2 / ((num_images - 1) * (num_seeds - 1)),
        df=num_seeds - 1,
    )
