"""One rated answer, and what ratings say together: means, paired differences, bounds for those that are missing."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST
from llavapose.evaluation.statistics.crossed import crossed_difference, crossed_mean
from llavapose.evaluation.statistics.intervals import HOLE, Estimate
from llavapose.evaluation.statistics.power import smallest_gap
from llavapose.evaluation.statistics.significance import difference_p
from llavapose.records import ALL, POSE


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One rated answer.

    Attributes:
        rating: a mean over a judge's orders and repeats, and over training seeds; None unscored.
        text: the question's.
        num_right: claims that hold of the picture, and ``num_wrong`` those that do not; means over seeds.
        num_ratings: how many verdicts stand behind the rating.
        runs: where several training seeds were averaged, the rating of each.
        missing: whether there should be a rating, and is none; False: this judge rates nobody's answer to the question.
        unscored: why there is no rating, in a few words.
    """

    question_id: str
    scene_id: int
    kind: str
    rating: float | None
    text: str = ""
    num_right: float = 0.0
    num_wrong: float = 0.0
    num_ratings: int = 1
    runs: tuple[float, ...] = ()
    missing: bool = False
    unscored: str = ""

    @property
    def question(self) -> tuple[str, str]:
        """What is paired: benchmarks drawn with other seeds reuse the ids for other questions."""
        return self.question_id, self.text


def of_kind(ratings: Sequence[Rating], kind: str) -> list[Rating]:
    """Those of a kind, or of all."""
    return [one for one in ratings if kind in (ALL, one.kind)]


def scored(ratings: Sequence[Rating]) -> list[Rating]:
    """Those with a rating."""
    return [one for one in ratings if one.rating is not None]


def mean_rating(ratings: Sequence[Rating]) -> Estimate:
    """Mean of the ratings that there are, x 10."""
    found = scored(ratings)
    return crossed_mean(_by_run(found), [one.scene_id for one in found])


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two arms' ratings x 10 of the questions that both were scored on: a row a question, a column a training seed.

    Attributes:
        together: whether they were rated in the same requests, so that a run of the one belongs to a run of the other.
    """

    first: np.ndarray
    second: np.ndarray
    images: tuple[int, ...]
    together: bool = False

    @property
    def difference(self) -> Estimate:
        """Mean difference, first less second."""
        return self.within_runs if self.together else crossed_difference(self.first, self.second, self.images)

    @property
    def within_runs(self) -> Estimate:
        """The same where both are of the same trainings, seed by seed."""
        if self.first.shape != self.second.shape:
            return crossed_difference(self.first, self.second, self.images)
        return crossed_mean(self.first - self.second, self.images)

    @property
    def gain(self) -> float:
        """By how many percent the first's mean is above the second's, as the papers print it; NaN above nothing."""
        return relative_gain(float(self.first.mean()), float(self.second.mean())) if len(self.first) else math.nan

    @property
    def share(self) -> float:
        """The first's mean in percent of the second's; NaN of nothing."""
        return 100 + self.gain

    @property
    def p(self) -> float:
        """Two-sided p of the difference; a hole where there is none."""
        if not len(self.first):
            return math.nan
        if self.together and self.first.shape == self.second.shape:
            less = self.first - self.second
            return difference_p(less, np.zeros((len(less), 1)), self.images)
        return difference_p(self.first, self.second, self.images)


def relative_gain(score: float, base: float) -> float:
    """(score - base) / base in percent: what the papers call an increase. A base of 0 or less has none."""
    return 100 * (score - base) / base if base > 0 else math.nan


Beside = Mapping[tuple[str, str], Sequence[Rating]]
"""(arm, other) -> the arm's ratings where a judge of pairs laid it beside this other one, a run each of the other's."""


def facing(
    first: str, second: str, ratings: Mapping[str, Sequence[Rating]], beside: Beside
) -> tuple[Sequence[Rating], Sequence[Rating], bool]:
    """Two arms' ratings for a difference: where one was rated beside the other, those of just that.

    An anchor's mean is over all that it stood beside, so that what is missing beside one arm, or what that arm's
    company does to a judge, would enter every other arm's difference.

    Returns:
        the first's, the second's, and whether they are of the same requests.
    """
    own, other = ratings.get(first, ()), ratings.get(second, ())
    if there := beside.get((second, first)):
        return own, there, True
    if there := beside.get((first, second)):
        return there, other, True
    return own, other, False


def pairs_of(own: Sequence[Rating], others: Sequence[Rating], *, together: bool = False) -> Pairs:
    """Both arms' ratings of their common questions, in the first's order.

    Args:
        own: the first's.
        others: the second's.
        together: whether both were rated in the same requests (``facing``).
    """
    reference = {one.question: one for one in scored(others)}
    both = [(one, reference[one.question]) for one in scored(own) if one.question in reference]
    return Pairs(
        first=_by_run([one for one, _ in both]),
        second=_by_run([other for _, other in both]),
        images=tuple(one.scene_id for one, _ in both),
        together=together,
    )


def _by_run(ratings: Sequence[Rating]) -> np.ndarray:
    """Ratings x 10, float[N, S]; the means alone where not all are of as many trainings."""
    runs = [one.runs or (one.rating,) for one in ratings]
    if len({len(run) for run in runs}) != 1:
        runs = [(one.rating,) for one in ratings]
    return 10 * np.array(runs, float).reshape(len(runs), -1) if runs else np.empty((0, 1))


DIFFERENCE_COLUMNS = ("gain", "p", "p_holm", "smallest_gap", "num_common")
"""What a paired difference is worth, beside its value and interval."""
MISSING = "missing: "
"""Before the reason why a rating is not there that should be."""
UNTOLD = "no reason told"
COUNT_COLUMNS = ("num_scored", "num_unscored", "num_ratings", "num_images", "num_runs", "interval", "unscored")
MISSING_COLUMNS = ("score_if_missing_low", "score_if_missing_high", "diff_if_missing_low", "diff_if_missing_high")
"""Mean and difference if every missing rating were the one that hurts, or helps, most."""


def difference_columns(pairs: Pairs, *, tested: bool, judge: str) -> dict[str, float]:
    """The gain, p before Holm (``p_holm`` is filled in when the whole table is there), the smallest gap and the n.

    Args:
        pairs: the arm's and the other's.
        tested: whether the difference is one of the table's questions; a control's is not.
        judge: whose ratings they are; percents of the pose judge's would be of a scale without a zero.
    """
    found = pairs.difference
    return {
        "gain": pairs.gain if tested and judge != POSE else math.nan,
        "p": pairs.p if tested else math.nan,
        "p_holm": math.nan,
        "smallest_gap": smallest_gap(found.se, found.df) if found is not HOLE else math.nan,
        "num_common": found.num,
    }


def count_columns(asked: Sequence[Rating], mean: Estimate) -> dict[str, Any]:
    """How many questions, verdicts, images and trainings a mean is of, and how its interval was made."""
    found = scored(asked)
    return {
        "num_scored": len(found),
        "num_unscored": len(asked) - len(found),
        "num_ratings": sum(one.num_ratings for one in found),
        "num_images": len({one.scene_id for one in found}),
        "num_runs": max((len(one.runs) or 1 for one in found), default=0),
        "interval": mean.how,
        "unscored": "; ".join(f"{count} x {why}" for why, count in _why_unscored(asked).most_common()),
    }


def _why_unscored(asked: Sequence[Rating]) -> Counter[str]:
    """Why ratings are not there -> how many; of those that should be there, it says so first."""
    told = [(one.unscored or UNTOLD, one.missing) for one in asked if one.rating is None]
    return Counter(f"{MISSING}{why}" if missing else why for why, missing in told)


def missing_columns(
    asked: Sequence[Rating], first: Sequence[Rating] = (), second: Sequence[Rating] = ()
) -> dict[str, float]:
    """Bounds: every missing rating 1 or 10, in the difference the arm's the one and the other's the other.

    Args:
        asked: all of the row's, with and without a rating.
        first: those of the arm that a difference is of, over the questions asked of both.
        second: of the arm that is taken off it.
    """
    if not scored(asked):
        return dict.fromkeys(MISSING_COLUMNS, math.nan)
    asked, first, second = ([one for one in found if one.rating is not None or one.missing]
                            for found in (asked, first, second))  # fmt: skip
    reference = {one.question: one for one in second}
    both = [(one, reference[one.question]) for one in first if one.question in reference]
    ends = ((LOWEST, HIGHEST), (HIGHEST, LOWEST))
    means = [_mean_or(asked, end) for end, _ in ends]
    differences = [
        _mean_or([one for one, _ in both], end) - _mean_or([other for _, other in both], opposite)
        for end, opposite in ends
    ]
    return dict(zip(MISSING_COLUMNS, (*means, *differences), strict=True))


def _mean_or(ratings: Sequence[Rating], instead: float) -> float:
    values = [10 * (instead if one.rating is None else one.rating) for one in ratings]
    return float(np.mean(values)) if values else math.nan
