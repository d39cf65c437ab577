"""Ratings of planted answers -> what the judge is worth, each measure with its 95% interval by picture.

Ratings count x 10, as in the tables. First how far the judge agrees with itself: beyond ``MOST_SD`` or below
``LEAST_SAME`` it is marked wherever it stands, for what it says once it would not say again.

Percentages lie between 0 and 100, and so do their intervals: by Wilson where each picture says yes or no (``found_1``,
``itself_ties``), cut off where a picture says it several times (``repeat_winner``, ``same_winner``).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

from llavapose.evaluation.judges.card.asking import BESIDE, REPEATED, repeats_itself
from llavapose.evaluation.judges.card.planted import CLEAN, ITSELF, NUMBERS, STYLES
from llavapose.evaluation.statistics.intervals import CONFIDENCE, HOLE, Estimate, mean_by_image
from llavapose.evaluation.tables.judging import judging_table

MOST_SD = 10.0
"""Rating x 10: one whole point of the scale, more than most of the gaps between arms that tables report."""
LEAST_SAME = 75.0
"""Percent of pairs of repeats whose better answer is the same, between a true answer and one with a false claim: so
many agree where one verdict in seven is the other way round, (6/7)^2 + (1/7)^2."""

_NUMBERS = ("value", "low", "high", "num")

Row = Mapping[str, Any]
Value = Callable[[Mapping[str, float]], float]
"""Differences of one picture, variant -> rating x 10 of what it is told from less its own -> a number."""


def measured(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Measures in the order in which a card tells them: measure, value, low, high, num.

    Args:
        rows: of ``asking.rated``.
    """
    drops = _drops(rows)
    found: dict[str, Estimate | None] = {"repeat_winner": _repeat_winner(rows)}
    for number in NUMBERS:
        for name in ("false", "removed"):
            variant = f"{name}_{number}"
            found[variant] = _over(drops, (variant,), lambda one, v=variant: one[v])
        false = f"false_{number}"
        found[f"found_{number}"] = _over(drops, (false,), lambda one, v=false: one[v], share=True)
    for name in ("false", "removed"):
        variants = tuple(f"{name}_{number}" for number in NUMBERS)
        found[f"a_{name}_claim"] = _over(drops, variants, lambda one, vs=variants: _slope([one[v] for v in vs]))
    for style in STYLES:
        found[style] = _over(drops, (style,), lambda one, s=style: -one[s])
    told = [_told(name, estimate) for name, estimate in found.items() if estimate is not None and estimate.num]
    return [*_of_judging([row for row in rows if row["about"] != ITSELF]), *told, *_itself(rows)]


def inconsistency(measures: Sequence[Row]) -> str:
    """Why a judge is marked, in words; "" where it agrees with itself."""
    found = {row["measure"]: row["value"] for row in measures}
    sd, same = found.get("repeat_sd", math.nan), found.get("repeat_winner", math.nan)
    told = []
    if sd > MOST_SD:
        told.append(f"ratings x 10 of the same lie {sd:.1f} apart (sd; limit {MOST_SD:g})")
    if same < LEAST_SAME:
        told.append(f"the better answer is the same in {same:.0f}% of repeats (limit {LEAST_SAME:g}%)")
    return f"disagrees with itself: {'; '.join(told)}" if told else ""


def _told(measure: str, estimate: Estimate) -> dict[str, Any]:
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high, "num": estimate.num}
    return {"measure": measure, **ends}


def _of_judging(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The repeats' spread, and of pairs what the place is worth: as the tables tell them of real answers."""
    found = {row["measure"]: row for row in judging_table(rows)}
    told = [
        {key: found[name][key] for key in ("measure", *_NUMBERS)}
        for name in ("repeat_sd", "same_winner", "first_place")
        if name in found
    ]
    return [{**row, **_cut_off(row["low"], row["high"])} if row["measure"] == "same_winner" else row for row in told]


def _cut_off(low: float, high: float) -> dict[str, float]:
    """An interval of a percentage; NaN stays."""
    return {"low": float(np.clip(low, 0, 100)), "high": float(np.clip(high, 0, 100))}


def _share(yes: Sequence[bool]) -> Estimate:
    """In how many percent of the pictures, by Wilson: each says yes or no once."""
    if not yes:
        return HOLE
    found = binomtest(sum(yes), len(yes)).proportion_ci(CONFIDENCE, method="wilson")
    value, low, high = (100.0 * one for one in (sum(yes) / len(yes), found.low, found.high))
    return Estimate(value=value, low=max(0.0, low), high=min(100.0, high), num=len(yes), how="wilson")


def _itself(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """An answer beside itself: it must tie, and what it gains by standing first is the place's alone."""
    asked: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["about"] == ITSELF and row["rating"] is not None and not repeats_itself(row):
            asked[row["scene_id"]][row["arm"]] = row["rating"]
    gained = {scene: 10 * (of[ITSELF] - of[CLEAN]) for scene, of in asked.items() if len(of) == 2}
    if not gained:
        return []
    place = mean_by_image([*gained.values()], [*gained])
    return [_told("itself_ties", _share([one == 0 for one in gained.values()])), _told("itself_first_place", place)]


def _repeat_winner(rows: Sequence[Row]) -> Estimate | None:
    """In how many percent of the pairs of repeats the better one of ``clean`` and ``false_1`` is the same."""
    gaps: dict[tuple[int, str], dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row["about"] in (CLEAN, REPEATED) and row["rating"] is not None:
            # Of a pair each order is a request of its own: which answer stands first names it.
            swapped = {"ab": "ba", "ba": "ab"}.get(row["order"] or "", "")
            order = (row["order"] or "") if row["arm"] == REPEATED else swapped
            gaps[row["scene_id"], order][row["repeat"]][row["arm"]] = row["rating"]
    same, images = [], []
    for (scene, _), of_repeats in gaps.items():
        signs = [np.sign(one[CLEAN] - one[REPEATED]) for one in of_repeats.values() if len(one) == 2]
        for first, second in combinations(signs, 2):
            same.append(100.0 * (first == second))
            images.append(scene)
    if not same:
        return None
    found = mean_by_image(same, images)
    return replace(found, **_cut_off(found.low, found.high))


def _drops(rows: Sequence[Row]) -> dict[int, dict[str, float]]:
    """Picture -> variant -> how far (x 10) it is rated below what it is told from; what lacks a rating is left out."""
    ratings: dict[int, dict[tuple[str, str], dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for row in rows:
        if row["rating"] is not None:
            # Alone, all answers of a picture are told from each other; in a pair, the two that stood side by side.
            room = row["about"] if row["opponent"] is not None else ""
            ratings[row["scene_id"]][room, row["arm"]][row["order"] or ""].append(10 * row["rating"])
    found: dict[int, dict[str, float]] = {}
    for scene, of_scene in ratings.items():
        found[scene] = {}
        for variant, base in BESIDE.items():
            paired = any(room for room, _ in of_scene)
            room = variant if paired else ""
            own, other = (_mean_of(of_scene.get((room, name), {}), paired) for name in (variant, base))
            if own is not None and other is not None:
                found[scene][variant] = other - own
    return found


def _mean_of(by_order: Mapping[str, Sequence[float]], paired: bool) -> float | None:
    """The mean over orders of the mean over repeats; None where an order lacks: one alone would keep the place's."""
    if len(by_order) < (2 if paired else 1):
        return None
    return float(np.mean([np.mean(found) for found in by_order.values()]))


def _over(
    drops: Mapping[int, Mapping[str, float]], needed: Sequence[str], value: Value, *, share: bool = False
) -> Estimate:
    """The mean over pictures; with ``share``, in how many percent of them the value is above 0."""
    there = {scene: one for scene, one in drops.items() if all(name in one for name in needed)}
    values = [value(one) for one in there.values()]
    return _share([one > 0 for one in values]) if share else mean_by_image(values, list(there))


def _slope(drops: Sequence[float]) -> float:
    """What one claim costs: the line through nought that is nearest to the drops of one, two and three."""
    return sum(n * drop for n, drop in zip(NUMBERS, drops, strict=True)) / sum(n * n for n in NUMBERS)
