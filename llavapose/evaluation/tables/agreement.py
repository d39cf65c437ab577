"""Do the judges agree? Two by two over answers and over the ranking of models, all together, and a panel of them.

One line of ``agreement.csv``::

    first,second,over,measure,value,low,high,num
    gpt-4o-pair-captions_boxes,gpt-4o-pair-keypoints,answers,weighted_kappa,0.7100,0.6700,0.7500,2160

Controls are left out: that everybody rates the prior low says nothing. The pose judge rates on a scale of its own,
which goes below 1, so that ranks alone are compared with it, and it sits on no panel. Nor do people: they are what a
panel is measured by.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from llavapose.evaluation.statistics.agreement import alpha, kendall, model_ranking, spearman, weighted_kappa
from llavapose.evaluation.statistics.intervals import Estimate
from llavapose.evaluation.tables.ratings import Rating, scored
from llavapose.records import CONTROL_ARMS, PEOPLE, POSE, without_base

AGREEMENT_COLUMNS = ("first", "second", "over", "measure", "value", "low", "high", "num")
PANEL = "panel"
"""The judge whose rating is the median of the others'."""
EVERYBODY = "all judges"

ByArm = Mapping[str, Sequence[Rating]]
K = TypeVar("K")
Answer = tuple[str, tuple[str, str]]
"""An arm and a question."""


def panel_ratings(judges: Mapping[str, Mapping[K, Sequence[Rating]]]) -> dict[K, list[Rating]]:
    """Arm -> the median of all judges but pose and people, of answers that each has rated; nothing of fewer than two.

    Args:
        judges: judge -> arm, or an arm and who stood beside it -> its ratings; of one protocol, for what stands beside
            an answer moves its rating.
    """
    sitting = {judge: ratings for judge, ratings in judges.items() if judge not in (POSE, PANEL, PEOPLE)}
    if len(sitting) < 2:
        return {}
    arms = dict.fromkeys(arm for ratings in sitting.values() for arm in ratings)
    found: dict[K, list[Rating]] = {}
    for arm in arms:
        of_judges = [{one.question: one for one in ratings.get(arm, ())} for ratings in sitting.values()]
        questions = dict.fromkeys(question for of_judge in of_judges for question in of_judge)
        found[arm] = [_median([of_judge.get(question) for of_judge in of_judges]) for question in questions]
    return found


def _median(ratings: Sequence[Rating | None]) -> Rating:
    there = [one for one in ratings if one is not None]
    rated = scored(there)
    whole = len(rated) == len(ratings)
    runs = np.array([one.runs for one in rated]) if len({len(one.runs) for one in rated}) == 1 else np.empty((0, 0))
    return Rating(
        question_id=there[0].question_id,
        scene_id=there[0].scene_id,
        kind=there[0].kind,
        text=there[0].text,
        rating=float(np.median([one.rating for one in rated if one.rating is not None])) if whole else None,
        num_ratings=sum(one.num_ratings for one in rated),
        missing=not whole,
        unscored="" if whole else "not rated by every judge",
        runs=tuple(np.median(runs, axis=0).tolist()) if whole and runs.size else (),
    )


def agreement_table(judges: Mapping[str, ByArm]) -> list[dict[str, Any]]:
    """Every pair of judges, and Krippendorff's alpha of all where three or more share a scale.

    Args:
        judges: judge -> arm -> its ratings.
    """
    answers = {judge: _answers(ratings) for judge, ratings in judges.items() if judge != PANEL}
    rows = []
    for first, second in combinations(answers, 2):
        common = [key for key in answers[first] if key in answers[second]]
        if not common:
            continue
        one, other = ([answers[judge][key][0] for key in common] for judge in (first, second))
        images, arms = [answers[first][key][1] for key in common], [arm for arm, _ in common]
        measures = {"spearman": spearman(one, other, images), "kendall": kendall(one, other, images)}
        if POSE not in (first, second):
            measures["weighted_kappa"] = weighted_kappa(one, other, images)
            measures["alpha"] = alpha(np.array([one, other]).T, images)
        rows += [agreement_row(first, second, "answers", name, found) for name, found in measures.items()]
        ranking = model_ranking(one, other, arms, images)
        rows += [agreement_row(first, second, "models", name, found) for name, found in ranking.items()]
    return rows + _everybody({judge: found for judge, found in answers.items() if judge != POSE})


def agreement_row(first: str, second: str, over: str, measure: str, estimate: Estimate) -> dict[str, Any]:
    """One line of ``agreement.csv``."""
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high, "num": estimate.num}
    return {"first": first, "second": second, "over": over, "measure": measure, **ends}


def _answers(ratings: ByArm) -> dict[Answer, tuple[float, int]]:
    """Answer -> rating and image, of arms that are no control."""
    return {
        (arm, one.question): (one.rating, one.scene_id)
        for arm, of_arm in ratings.items()
        if without_base(arm) not in CONTROL_ARMS
        for one in of_arm
        if one.rating is not None
    }


def _everybody(answers: Mapping[str, Mapping[Answer, tuple[float, int]]]) -> list[dict[str, Any]]:
    """Krippendorff's alpha over all judges of one scale, whoever missed an answer."""
    if len(answers) < 3:
        return []
    keys = list(dict.fromkeys(key for found in answers.values() for key in found))
    units = np.array([[found.get(key, (np.nan, 0))[0] for found in answers.values()] for key in keys], float)
    images = [next(found[key][1] for found in answers.values() if key in found) for key in keys]
    return [agreement_row(EVERYBODY, "", "answers", "alpha", alpha(units, images))]
