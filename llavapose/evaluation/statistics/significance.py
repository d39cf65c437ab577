"""Whether a difference could be chance: signs flipped over images, and every test of a table counted (Holm)."""

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache

import numpy as np
from scipy.stats import t as student

from llavapose.evaluation.statistics.crossed import crossed_difference
from llavapose.evaluation.statistics.intervals import image_index

EXACT_BELOW = 15
"""Of fewer images every flip is tried: 16,384 for 14, as many as are drawn for more."""
NUM_FLIPS = 10_000
"""The smallest p is 1 in 10,001: enough for Holm over some hundred tests at 5%."""
ALPHA = 0.05


@lru_cache(maxsize=2)
def sign_matrix(num_images: int, seed: int = 0) -> np.ndarray:
    """Signs to give to the images, +1 or -1, float[F, I]: all there are for few images, else drawn by seed.

    A table flips the same again and again: the last are kept.
    """
    if num_images < EXACT_BELOW:
        bits = (np.arange(2**num_images)[:, None] >> np.arange(num_images)) & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, (NUM_FLIPS, num_images), dtype=np.int8)
    signs = 1.0 - 2.0 * bits
    signs.flags.writeable = False
    return signs


def sign_flip(differences: Sequence[float], images: Sequence[Hashable], seed: int = 0) -> float:
    """Two-sided p of the paired differences' sum, the sign flipped of whole images (a permutation test).

    Without a gap, an image's differences are as likely as their opposites, whatever its questions share.

    Args:
        differences: one a question, float[N].
        images: the picture of each.
        seed: of the flips, where not all are tried.
    """
    if not len(differences):
        return math.nan
    sums = np.bincount(image_index(images), np.asarray(differences, float))  # [I]
    flipped = np.abs(sign_matrix(len(sums), seed) @ sums)
    # What is equal but for rounding counts as equal, as in scipy's permutation test.
    as_far = int((flipped >= abs(sums.sum()) * (1 - 1e-12) - 1e-12).sum())
    if len(sums) < EXACT_BELOW:
        return as_far / len(flipped)
    # What was seen is one of the possible flips itself, so that p is never nought.
    return (as_far + 1) / (len(flipped) + 1)


def difference_p(first: np.ndarray, second: np.ndarray, images: Sequence[Hashable], seed: int = 0) -> float:
    """Two-sided p of ``first - second``: by flipped signs, or with several training seeds by the crossed t.

    Flipping images leaves out that another training would give other answers; with several seeds that is known, and p
    is the one that belongs to the interval.

    Args:
        first: a row a question, a column a training seed, float[N, S1].
        second: float[N, S2].
        images: the picture of each question.
        seed: of the flips.
    """
    if max(first.shape[1], second.shape[1]) == 1:
        return sign_flip((first[:, 0] - second[:, 0]).tolist(), images, seed)
    found = crossed_difference(first, second, images)
    if not math.isfinite(found.se):
        return math.nan
    if found.se == 0:
        return 1.0 if found.value == 0 else 0.0
    return float(2 * student.sf(abs(found.value) / found.se, found.df))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p adjusted for all of them (Holm 1979): below 5%, no more than 1 table in 20 has any false one.

    Holes stay holes and count as no test.
    """
    order = sorted((i for i, p in enumerate(ps) if not math.isnan(p)), key=lambda i: ps[i])
    adjusted, highest = [math.nan] * len(ps), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * ps[i]))
        adjusted[i] = highest
    return adjusted
