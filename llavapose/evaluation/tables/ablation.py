"""The ablation table: ratings of every arm -> means with intervals and paired differences to the baseline.

One line of ``ablation.csv``::

    judge,arm,kind,score,low,high,shuffled,no_picture,diff,diff_low,diff_high,over_prior_low,over_shuffled_low,...
    pose,full,conv,71.2000,64.0000,78.1000,8.2000,9.1000,30.4000,21.9000,38.6000,52.1000,51.4000,...

``shuffled`` and ``no_picture`` are the arm's own scores under these controls, ``over_prior_low`` and
``over_shuffled_low`` the lower ends of the paired differences to the prior and to the arm's own shuffled answers: an
arm beats a control where its end is above 0. ``claims`` and ``claims_right`` say why a rating is what it is, where a
judge reads claims: how many were decided an answer, and the share of them that was right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.statistics import HOLE, Estimate, mean_by_image, paired_difference
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, BASELINE, POSE, PRIOR

ABLATION_COLUMNS = (
    "judge", "arm", "kind", "score", "low", "high", "shuffled", "no_picture", "diff", "diff_low", "diff_high",
    "over_prior_low", "over_shuffled_low", "claims", "claims_right", "num_scored", "num_unscored", "benchmark",
)  # fmt: skip
ARMS = ("full", "conv", "detail", "complex", BASELINE)
"""The papers' rows, in the papers' order."""


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One rated answer.

    Attributes:
        rating: a mean over seeds; None unscored.
        text: the question's.
        num_right: claims that hold of the picture, and ``num_wrong`` those that do not; means over seeds.
        num_ratings: verdicts behind it, of all orders, repeats, opponents and seeds.
        runs: a rating a training seed, where it is the mean over several; else empty.
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

    @property
    def question(self) -> tuple[str, str]:
        """What is paired: benchmarks drawn with other seeds reuse the ids for other questions."""
        return self.question_id, self.text


def arms_in_order(arms: Sequence[str]) -> tuple[str, ...]:
    """The papers' rows first, others after them by name, the baseline and the prior last."""
    known = [arm for arm in ARMS if arm in arms and arm != BASELINE]
    others = sorted(arm for arm in set(arms) if arm not in (*ARMS, PRIOR))
    return (*known, *others, *(arm for arm in (BASELINE, PRIOR) if arm in arms))


def ablation_table(
    ratings: Mapping[str, Sequence[Rating]],
    arms: Sequence[str],
    baseline: str = BASELINE,
    *,
    controls: Mapping[Control, Mapping[str, Sequence[Rating]]] | None = None,
    judge: str = POSE,
    benchmark: str = "",
) -> list[dict[str, Any]]:
    """One judge's rows: mean rating x 10 by arm and kind, with the paired difference to the baseline.

    Args:
        ratings: arm -> its rated answers; an arm without any is a hole.
        arms: the rows, in order.
        baseline: the arm that the others are compared with, question by question, resampled by image.
        controls: control -> arm -> its ratings under it.
        judge: whose ratings they are.
        benchmark: name, number and hash of the questions.
    """
    controls = controls or {}
    rows = []
    for arm in arms:
        own = ratings.get(arm, ())
        shuffled, blind = (controls.get(control, {}).get(arm, ()) for control in (Control.shuffled, Control.no_picture))
        for kind in (*rated_kinds(), ALL):
            scored = _scored(own, kind)
            difference = _difference(scored, ratings.get(baseline, ()) if arm != baseline else ())
            over_prior = _difference(scored, ratings.get(PRIOR, ()) if arm != PRIOR else ())
            rows.append({
                "judge": judge,
                "arm": arm,
                "kind": kind,
                **_columns("score", "low", "high", _mean(scored)),
                "shuffled": _mean(_scored(shuffled, kind)).value,
                "no_picture": _mean(_scored(blind, kind)).value,
                **_columns("diff", "diff_low", "diff_high", difference),
                "over_prior_low": over_prior.low,
                "over_shuffled_low": _difference(scored, shuffled).low,
                **_claims([one for one, _ in scored]),
                "num_scored": len(scored),
                "num_unscored": sum(kind in (ALL, one.kind) for one in own) - len(scored),
                "benchmark": benchmark,
            })  # fmt: skip
    return rows


def _scored(ratings: Sequence[Rating], kind: str) -> list[tuple[Rating, float]]:
    return [(one, 10 * one.rating) for one in ratings if kind in (ALL, one.kind) and one.rating is not None]


def _mean(scored: Sequence[tuple[Rating, float]]) -> Estimate:
    return mean_by_image([score for _, score in scored], [one.scene_id for one, _ in scored])


def _claims(rated: Sequence[Rating]) -> dict[str, float]:
    """How many claims were decided an answer, and the share that was right; holes where none was."""
    right, wrong = sum(one.num_right for one in rated), sum(one.num_wrong for one in rated)
    if not right + wrong:
        return {"claims": math.nan, "claims_right": math.nan}
    return {"claims": (right + wrong) / len(rated), "claims_right": right / (right + wrong)}


def _difference(scored: Sequence[tuple[Rating, float]], others: Sequence[Rating]) -> Estimate:
    """Mean difference to the other's score of the same question, resampled by image."""
    reference = {one.question: 10 * one.rating for one in others if one.rating is not None}
    both = [(score, reference[one.question], one.scene_id) for one, score in scored if one.question in reference]
    if not both:
        return HOLE
    first, second, images = zip(*both, strict=True)
    return paired_difference(first, second, images)


def _columns(value: str, low: str, high: str, estimate: Estimate) -> dict[str, float]:
    return {value: estimate.value, low: estimate.low, high: estimate.high}
