"""Means and differences that people's ratings of some pictures free of a judge's bias.

One line of ``debiased.csv``, rating x 10::

    judge,arm,kind,measure,people,...,judge_alone,...,debiased,...,rated_n,judged_n,effective_n,lambda,hole
    gpt-4o,full,all,difference,4.1000,...,9.8000,...,4.4000,...,67,640,114.0000,0.4600,

The unit is the picture: its mean over the questions that the judge rated, of a kind or of all, and for a difference of
both arms. A picture counts as rated by people where they rated all of these.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from llavapose.evaluation.statistics.debiased import Debiased, debiased
from llavapose.evaluation.statistics.intervals import Estimate
from llavapose.evaluation.tables.ratings import Beside, Rating, facing, of_kind, scored
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, BASELINE, peer

MEAN, DIFFERENCE = "mean", "difference"
_ENDS = tuple(f"{name}{end}" for name in ("people", "judge_alone", "debiased") for end in ("", "_low", "_high"))
DEBIASED_COLUMNS = (
    "judge", "arm", "kind", "measure", *_ENDS, "rated_n", "judged_n", "effective_n", "lambda", "hole",
)  # fmt: skip

ByArm = Mapping[str, Sequence[Rating]]
Values = Mapping[tuple[str, str], tuple[int, float]]
"""Question -> its picture, and a rating or a difference of two, x 10."""


def debiased_table(
    judge: str,
    ratings: ByArm,
    people: ByArm,
    arms: Sequence[str],
    baseline: str = BASELINE,
    *,
    beside: Beside = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """One judge's rows, of the arms that people have rated too.

    Args:
        judge: whose ratings they are; a panel's as well.
        ratings: arm -> the judge's.
        people: arm -> those of people, each a mean over raters.
        arms: the rows, in order.
        baseline: the arm that the others are compared with.
        beside: what the judge's anchor was rated beside each arm alone.
    """
    rows = []
    for arm in arms:
        own, of_people = scored(ratings.get(arm, ())), scored(people.get(arm, ()))
        if not own or not of_people:
            continue
        for kind in (*rated_kinds(), ALL):
            rows.append(_row(judge, arm, kind, MEAN, _values(of_kind(own, kind)), _values(of_kind(of_people, kind))))
        base = peer(arm, baseline)
        if arm == base or not scored(people.get(base, ())):
            continue
        first, second, _ = facing(arm, base, ratings, beside)
        for kind in (*rated_kinds(), ALL):
            apart = _apart(of_kind(first, kind), second), _apart(of_kind(of_people, kind), people[base])
            rows.append(_row(judge, arm, kind, DIFFERENCE, *apart))
    return [row for row in rows if row["judged_n"]]


def _values(ratings: Sequence[Rating]) -> Values:
    return {one.question: (one.scene_id, 10 * one.rating) for one in ratings if one.rating is not None}


def _apart(first: Sequence[Rating], second: Sequence[Rating]) -> Values:
    """First less second, of the questions that both were scored on."""
    others = _values(second)
    return {
        question: (image, value - others[question][1])
        for question, (image, value) in _values(first).items()
        if question in others
    }


def on_pictures(judge: Values, people: Values) -> Debiased:
    """The estimate over the judge's pictures; of each the mean over the judge's questions about it."""
    questions: dict[int, list[tuple[str, str]]] = {}
    for question, (image, _) in judge.items():
        questions.setdefault(image, []).append(question)

    def mean(values: Values, image: int) -> float:
        return float(np.mean([values[question][1] for question in questions[image]]))

    rated = [image for image, of_image in questions.items() if all(question in people for question in of_image)]
    rest = questions.keys() - set(rated)
    return debiased(
        [mean(people, image) for image in rated],
        [mean(judge, image) for image in rated],
        [mean(judge, image) for image in questions if image in rest],
    )


def _row(judge: str, arm: str, kind: str, measure: str, of_judge: Values, of_people: Values) -> dict[str, Any]:
    found = on_pictures(of_judge, of_people)
    return {
        "judge": judge,
        "arm": arm,
        "kind": kind,
        "measure": measure,
        **_columns("people", found.people),
        **_columns("judge_alone", found.judge),
        **_columns("debiased", found.value),
        "rated_n": found.people.num,
        "judged_n": found.judge.num,
        "effective_n": found.effective,
        "lambda": found.weight,
        "hole": found.reason,
    }


def _columns(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
