"""The ablation table: ratings of every arm -> means with intervals and paired differences to the baseline.

One line of ``ablation.csv``::

    judge,arm,kind,score,low,high,diff,diff_low,diff_high,num_scored,num_unscored,benchmark
    pose,full,conv,71.2000,64.0000,78.1000,30.4000,21.9000,38.6000,90,0,world (270 questions: 3f0c5a9d1b7e)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.evaluation.statistics import HOLE, Estimate, mean_by_image, paired_difference
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, BASELINE

POSE = "pose"
"""The judge that stands first, and that results without a judge's name are by."""

ABLATION_COLUMNS = (
    "judge", "arm", "kind", "score", "low", "high", "diff", "diff_low", "diff_high", "num_scored", "num_unscored",
    "benchmark",
)  # fmt: skip
ARMS = ("full", "conv", "detail", "complex", BASELINE)
"""The papers' rows, in the papers' order."""


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One rated answer: ``rating`` 1..10 (a mean over seeds), None unscored; ``text`` is the question's."""

    question_id: str
    scene_id: int
    kind: str
    rating: float | None
    text: str = ""

    @property
    def question(self) -> tuple[str, str]:
        """What is paired: benchmarks drawn with other seeds reuse the ids for other questions."""
        return self.question_id, self.text


def arms_in_order(arms: Sequence[str]) -> tuple[str, ...]:
    """The papers' rows first, others after them by name, the baseline last."""
    known = [arm for arm in ARMS if arm in arms and arm != BASELINE]
    others = sorted(arm for arm in set(arms) if arm not in ARMS)
    return (*known, *others, *([BASELINE] if BASELINE in arms else []))


def ablation_table(
    ratings: Mapping[str, Sequence[Rating]],
    arms: Sequence[str],
    baseline: str = BASELINE,
    *,
    judge: str = POSE,
    benchmark: str = "",
) -> list[dict[str, Any]]:
    """One judge's rows: mean rating x 10 by arm and kind, with the paired difference to the baseline.

    Args:
        ratings: arm -> its rated answers; an arm without any is a hole.
        arms: the rows, in order.
        baseline: the arm that the others are compared with, question by question, resampled by image.
        judge: whose ratings they are.
        benchmark: name, number and hash of the questions.
    """
    reference = {one.question: one.rating for one in ratings.get(baseline, ())}
    return [
        {
            "judge": judge,
            **_ablation_row(arm, kind, ratings.get(arm, ()), reference if arm != baseline else {}),
            "benchmark": benchmark,
        }
        for arm in arms
        for kind in (*rated_kinds(), ALL)
    ]


def _ablation_row(
    arm: str, kind: str, ratings: Sequence[Rating], reference: Mapping[tuple[str, str], float | None]
) -> dict:
    of_kind = [one for one in ratings if kind in (ALL, one.kind)]
    scored = [(one, one.rating) for one in of_kind if one.rating is not None]
    score = mean_by_image([10 * rating for _, rating in scored], [one.scene_id for one, _ in scored])
    pairs = [(rating, reference.get(one.question), one.scene_id) for one, rating in scored]
    both = [(10 * rating, 10 * other, scene) for rating, other, scene in pairs if other is not None]
    diff = HOLE
    if both:
        first, second, images = zip(*both, strict=True)
        diff = paired_difference(first, second, images)
    return {
        "arm": arm,
        "kind": kind,
        **_columns("score", "low", "high", score),
        **_columns("diff", "diff_low", "diff_high", diff),
        "num_scored": len(scored),
        "num_unscored": len(of_kind) - len(scored),
    }


def _columns(value: str, low: str, high: str, estimate: Estimate) -> dict[str, float]:
    return {value: estimate.value, low: estimate.low, high: estimate.high}
