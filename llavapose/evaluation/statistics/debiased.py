"""People's ratings of some pictures and a judge's of all: a mean without the judge's bias.

Prediction-powered inference (PPI++; Angelopoulos, Duchi and Zrnic 2023) for a mean, with the picture as the unit: of n
pictures that people rated, Y is the picture's mean by people and f the judge's; of the N that they did not, f alone is
known. With a weight ``lambda`` from 0 to 1

    value = mean(Y) + lambda * (mean(f of the N) - mean(f of the n))

so that a bias of the judge falls out and what it knows of pictures stays. The weight that makes the variance least,
cov(Y, f) / ((1 + n/N) var(f)), is estimated from the n and clipped.

The interval is Student's t with n - 2 degrees of freedom, of a variance in two parts: the jackknife's over the n, the
weight estimated anew each time (at 20 pictures, one that takes the weight for known covers too seldom), and
lambda^2 var(f) / N. It holds where the n are a random draw of all (``benchmarks/debiased.py``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar
from scipy.stats import norm
from scipy.stats import t as student

from llavapose.evaluation.statistics.intervals import CONFIDENCE, HOLE, Estimate, t_interval

LEAST = 20
"""Of fewer rated pictures nothing is said: their spread and the weight are not known well enough for any interval."""
FEWEST = 1.5
"""Pictures below which no interval is counted in pictures."""


@dataclass(frozen=True, kw_only=True)
class Debiased:
    """What people and a judge say of the same mean, alone and together.

    Attributes:
        people: over the pictures that people rated, and ``judge``, the judge's over all; Student's t over pictures.
        value: of both together; a hole below ``LEAST`` rated pictures.
        weight: lambda; NaN where ``value`` is a hole.
        effective: how many pictures, rated by people alone, would give as narrow an interval; NaN where they show no
            spread.
        reason: why ``value`` is a hole; "" where it is none.
    """

    people: Estimate
    judge: Estimate
    value: Estimate
    weight: float = math.nan
    effective: float = math.nan
    reason: str = ""


def debiased(people: Sequence[float], judge: Sequence[float], rest: Sequence[float]) -> Debiased:
    """Estimate a mean over pictures from both.

    Args:
        people: a value a picture that people rated, float[n].
        judge: the judge's of the same pictures, float[n], over the same questions.
        rest: the judge's of the pictures that people did not rate, float[N].

    Raises:
        ValueError: not as many values of people's as of the judge's.
    """
    rated, predicted, others = (np.asarray(values, float) for values in (people, judge, rest))
    if len(rated) != len(predicted):
        raise ValueError(f"{len(rated)} pictures rated by people, {len(predicted)} of them by the judge")
    every = np.concatenate([predicted, others])
    alone, of_judge = over_pictures(rated), over_pictures(every)
    num = len(rated)
    if num < LEAST:
        told = f"{num} rated picture{'' if num == 1 else 's'}, {LEAST} are needed"
        return Debiased(people=alone, judge=of_judge, value=HOLE, reason=told)
    if not len(others):  # nothing to predict
        return Debiased(people=alone, judge=of_judge, value=alone, weight=0.0, effective=float(num))
    weight = float(tuned_weight(_moments(rated, predicted), num, len(others)))
    value = float(rated.mean() + weight * (others.mean() - predicted.mean()))
    variance = _jackknife(rated, predicted, others) + weight**2 * float(every.var(ddof=1)) / len(others)
    se, df = math.sqrt(variance), num - 2.0
    low, high = t_interval(value, se, df)
    return Debiased(
        people=alone,
        judge=of_judge,
        value=Estimate(value=value, low=low, high=high, num=num, se=se, df=df, how="t"),
        weight=weight,
        effective=smallest_equal(half=(high - low) / 2, sd=float(rated.std(ddof=1))),
    )


def over_pictures(values: np.ndarray) -> Estimate:
    """The mean of float[I], a value a picture, with Student's t over them."""
    num = len(values)
    if not num:
        return HOLE
    value = float(values.mean())
    if num == 1:
        return Estimate(value=value, low=math.nan, high=math.nan, num=1)
    se = float(values.std(ddof=1)) / math.sqrt(num)
    low, high = t_interval(value, se, num - 1.0)
    return Estimate(value=value, low=low, high=high, num=num, se=se, df=num - 1.0, how="t")


Moments = tuple[np.ndarray, np.ndarray]
"""Sums of products of deviations from the means: people's with the judge's, and the judge's squares; float[...]."""


def _moments(people: np.ndarray, judge: np.ndarray) -> Moments:
    own, of_judge = people - people.mean(), judge - judge.mean()
    return np.asarray((own * of_judge).sum()), np.asarray((of_judge**2).sum())


def tuned_weight(moments: Moments, num_rated: int, num_rest: int) -> np.ndarray:
    """Lambda of least variance, clipped to 0..1; 0 where the judge rates all alike, or nothing is left to predict."""
    together, squares = moments
    some = squares > 1e-12
    slope = np.divide(together, squares, out=np.zeros_like(together), where=some)
    return np.clip(slope * num_rest / (num_rest + num_rated), 0.0, 1.0)


def _jackknife(people: np.ndarray, judge: np.ndarray, rest: np.ndarray) -> float:
    """Variance over the rated pictures: each left out in turn, the weight estimated from the others."""
    num = len(people)
    own, of_judge = people - people.mean(), judge - judge.mean()
    together, squares = _moments(people, judge)
    # Without one picture the sums about the new means are smaller by n / (n - 1) of its own product.
    shrink = num / (num - 1)
    weights = tuned_weight((together - shrink * own * of_judge, squares - shrink * of_judge**2), num - 1, len(rest))
    people_without, judge_without = people.mean() - own / (num - 1), judge.mean() - of_judge / (num - 1)
    values = people_without + weights * (rest.mean() - judge_without)
    return (num - 1) / num * float(((values - values.mean()) ** 2).sum())


def smallest_equal(*, half: float, sd: float) -> float:
    """How many pictures with this spread have a t interval of this half-width; NaN without width or spread."""
    if not (half > 0 and sd > 0):
        return math.nan

    def wider(num: float) -> float:
        return float(student.ppf(0.5 + CONFIDENCE / 2, num - 1)) * sd / math.sqrt(num) - half

    # Were t as narrow as z, so many would do; t asks for some two or three more.
    by_z = (float(norm.ppf(0.5 + CONFIDENCE / 2)) * sd / half) ** 2
    fewest = max(FEWEST, by_z)
    return float(root_scalar(wider, bracket=(fewest, fewest + 4)).root) if wider(fewest) > 0 else fewest
