"""Intervals where an arm was trained several times: images and training seeds are both drawn, each from many.

Every seed answers the same questions, so that images and seeds are crossed. Of a rating, one part is the image's, one
the training's, one neither's (two-way random effects), and the mean's variance has a term for each; Satterthwaite's
degrees of freedom say how far a sum of such terms can be trusted: with three seeds that differ much, hardly (2 for the
seeds' alone). An interval over images alone would promise what the next training need not keep.

Where training's own spread rules (its part several times the images'), three seeds cover somewhat less than they
should: about 93 of 100 simulated gaps instead of 95 (``benchmarks/intervals.py``).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from llavapose.evaluation.statistics.intervals import (
    HOLE,
    Estimate,
    error_by_image,
    image_index,
    mean_by_image,
    paired_difference,
    residuals_by_image,
    t_interval,
)


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
    """A part of a variance: its value, and the square of it over its degrees of freedom."""

    variance: float
    doubt: float


def _crossed(means: np.ndarray, trained: Sequence[np.ndarray], images: Sequence[Hashable]) -> Estimate:
    index = image_index(images)
    value, num_images = float(means.mean()), int(index.max()) + 1
    if num_images < 2:
        return Estimate(value=value, low=math.nan, high=math.nan, num=len(means))
    of_images = error_by_image(means, index) ** 2
    parts = [_Part(variance=of_images, doubt=of_images**2 / (num_images - 1))]
    parts += [_training_part(runs, index) for runs in trained]
    variance, doubt = sum(part.variance for part in parts), sum(part.doubt for part in parts)
    se, df = math.sqrt(variance), variance**2 / doubt if doubt > 0 else num_images - 1.0
    low, high = t_interval(value, se, df)
    return Estimate(value=value, low=low, high=high, num=len(means), se=se, df=df, how="crossed t")


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
    )
