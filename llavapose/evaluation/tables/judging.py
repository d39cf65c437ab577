"""What one judge's ratings are worth: the place of an answer, repeats of the same request, the length of an answer.

One line of ``judging.csv``::

    judge,arm,measure,value,low,high,num
    gpt-4o-pair-keypoints,all,same_winner,81.4000,78.2000,84.5000,1080

``same_winner``: in how many percent of the pairs that were rated in both orders the better answer is the same one;
``first_place``: how much (rating x 10) an answer gains by standing first; ``repeat_sd``: how far (x 10) ratings of the
very same request lie apart. By arm: ``length_slope``, what a doubling of the answer's length beside the baseline's goes
with (x 10), ``length_free_diff``, the difference to the baseline between answers of equal length, ``length_ratio``.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from llavapose.evaluation.statistics.intervals import HOLE, Estimate, by_image, image_index, mean_by_image
from llavapose.evaluation.statistics.lengths import length_effect
from llavapose.evaluation.tables.ratings import Beside, Rating, facing, scored
from llavapose.records import ALL, BASELINE, peer

JUDGING_COLUMNS = ("judge", "arm", "measure", "value", "low", "high", "num")


def judging_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Position and repeats of one judge; nothing of what it was not asked: orders, repeats, pairs.

    Args:
        rows: its verdicts with ``run``, the folder that they are from; the opponents' rows too.
    """
    if not rows:
        return []
    found = {**_positions(rows), "repeat_sd": _repeats(rows)}
    return [_row(rows[0]["judge"], ALL, name, estimate) for name, estimate in found.items() if estimate.num]


def _row(judge: str, arm: str, measure: str, estimate: Estimate) -> dict[str, Any]:
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high, "num": estimate.num}
    return {"judge": judge, "arm": arm, "measure": measure, **ends}


def _positions(rows: Iterable[Mapping[str, Any]]) -> dict[str, Estimate]:
    """Over pairs of answers that were rated in both orders."""
    shown: dict[tuple[Any, ...], dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    image: dict[Hashable, int] = {}
    for row in rows:
        if row.get("opponent") is None or row.get("order") is None or row["rating"] is None:
            continue
        pair = (row.get("run"), row["question_id"], row.get("text", ""), row.get("repeat", 0),
                tuple(sorted((row["arm"], row["opponent"]))))  # fmt: skip
        first = row["arm"] if row["order"] == "ab" else row["opponent"]
        shown[pair][first][row["arm"]] = row["rating"]
        image[pair] = row["scene_id"]
    same, ahead, images = [], [], []
    for pair, by_first in shown.items():
        one, other = pair[-1]
        if any(len(by_first[first]) < 2 for first in (one, other)):
            continue
        gaps = [by_first[first][one] - by_first[first][other] for first in (one, other)]
        same.append(100.0 * (np.sign(gaps[0]) == np.sign(gaps[1])))
        ahead.append(10 * (gaps[0] - gaps[1]) / 2)
        images.append(image[pair])
    return {"same_winner": mean_by_image(same, images), "first_place": mean_by_image(ahead, images)}


def _repeats(rows: Iterable[Mapping[str, Any]]) -> Estimate:
    """The pooled standard deviation of ratings that differ in ``repeat`` alone; ``num`` counts the ratings."""
    asked: dict[Hashable, dict[int, float]] = defaultdict(dict)
    image: dict[Hashable, int] = {}
    for row in rows:
        if row["rating"] is not None:
            keys = ("run", "question_id", "text", "arm", "opponent", "order")
            same = tuple(row.get(key) for key in keys)
            asked[same][row.get("repeat", 0)] = 10 * row["rating"]
            image[same] = row["scene_id"]
    several = {same: list(found.values()) for same, found in asked.items() if len(found) > 1}
    if not several:
        return HOLE
    index = image_index([image[same] for same in several])
    num_images = int(index.max()) + 1
    squares = np.bincount(index, [float(np.var(v) * len(v)) for v in several.values()], minlength=num_images)
    free = np.bincount(index, [len(v) - 1 for v in several.values()], minlength=num_images).astype(float)
    num = sum(map(len, several.values()))
    found = by_image(lambda weights: np.sqrt((weights @ squares) / (weights @ free)), num_images, num)
    return replace(found, low=max(0.0, found.low))


Lengths = Mapping[str, Mapping[str, float]]
"""Arm -> question id -> log2 of its answer's words (a mean over seeds)."""


def lengths_table(
    judge: str,
    ratings: Mapping[str, Sequence[Rating]],
    lengths: Lengths,
    baseline: str = BASELINE,
    *,
    beside: Beside = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """What length goes with, arm by arm beside the baseline; nothing of arms without answers.

    Args:
        judge: whose ratings they are.
        ratings: arm -> its rated answers.
        lengths: of the answers.
        baseline: the arm beside which lengths and ratings are told.
        beside: what an anchor was rated beside each arm alone.
    """
    rows = []
    for arm in ratings:
        base = peer(arm, baseline)
        known = lengths.get(base, {})
        own, others, _ = facing(arm, base, ratings, beside)
        reference = {one.question: one for one in scored(others)}
        both = [
            (one, reference[one.question])
            for one in scored(own)
            if one.question in reference and one.question_id in known and one.question_id in lengths.get(arm, {})
        ]
        if arm == base or not both:
            continue
        images = [one.scene_id for one, _ in both]
        doublings = [lengths[arm][one.question_id] - known[one.question_id] for one, _ in both]
        differences = [10 * ((one.rating or 0) - (other.rating or 0)) for one, other in both]
        slope, free = length_effect(differences, doublings, images)
        longer = mean_by_image(doublings, images)
        ratio = replace(longer, value=2**longer.value, low=2**longer.low, high=2**longer.high)
        measures = {"length_slope": slope, "length_free_diff": free, "length_ratio": ratio}
        rows += [_row(judge, arm, name, estimate) for name, estimate in measures.items()]
    return rows
