"""People's ratings: do raters agree, what would chance give, whom do they prefer, and does a judge side with them?

Lines of ``raters.csv`` and ``preferences.csv``::

    over,first,second,measure,value,low,high,num
    ratings,anna,ben,weighted_kappa,0.6100,0.5000,0.7200,180
    judge,first,second,kind,measure,value,low,high,num
    people,full,baseline,all,preferred,58.3000,44.1000,72.5000,60

Of all raters ``alpha``; of two ``weighted_kappa``, ``same`` (in how many percent of the answers they say the same) and
``same_by_chance`` (how often their shares of each rating alone would make it so); of one ``mean`` (x 10), ``commonest``
(the share of the rating that is given most), in pairs ``equal`` and ``left`` (of what is not equal). Raters of
pairs are compared in what they saw: left, equal or right, the sides being by lot.

A question counts once, the mean over its raters; ``same_side`` is a judge's: of the questions on which people lean to
one side, how often its ratings do, one of no difference a half.
"""

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.errors import DataError, shown
from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.evaluation.statistics.agreement import alpha, weighted_kappa
from llavapose.evaluation.statistics.intervals import Estimate, mean_by_image
from llavapose.evaluation.tables.agreement import ByArm
from llavapose.evaluation.tables.ratings import Beside, facing, scored
from llavapose.files import read_jsonl
from llavapose.records import ALL, CONTROL_ARMS, PEOPLE

log = logging.getLogger(__name__)

RATER_COLUMNS = ("over", "first", "second", "measure", "value", "low", "high", "num")
PREFERENCE_COLUMNS = ("judge", "first", "second", "kind", "measure", "value", "low", "high", "num")
ALL_RATERS = "all raters"
SIDES = {"first": 1.0, "equal": 0.0, "second": -1.0}
"""A choice, told by the arm -> its place on a scale."""
SHARES = {"preferred": "first", "equal": "equal", "other": "second"}

Row = Mapping[str, Any]
Unit = tuple[Any, ...]
"""What several raters rated: an answer, or a pair of them."""
Given = Mapping[str, Mapping[Unit, tuple[float, int]]]
"""Rater -> what was rated -> rating and picture."""
Differences = Mapping[tuple[str, str], Mapping[tuple[str, str], float]]
"""(arm, other) -> question -> by how much a judge rates the arm's answer above the other's."""


def rater_rows(verdicts: Sequence[Row], preferences: Sequence[Row]) -> list[dict[str, Any]]:
    """``raters.csv``.

    Args:
        verdicts: of people, each with ``rater``; those on controls, which everybody rates low, are left out.
        preferences: as ``read_preferences`` has them.
    """
    ratings: dict[str, dict[Unit, tuple[float, int]]] = defaultdict(dict)
    for row in verdicts:
        if row["rating"] is not None and row.get("rater") and row["arm"] not in CONTROL_ARMS:
            unit = (row.get("run"), row["arm"], row["question_id"], row.get("text", ""))
            ratings[row["rater"]][unit] = (float(row["rating"]), row["scene_id"])
    choices: dict[str, dict[Unit, tuple[float, int]]] = defaultdict(dict)
    for row in preferences:
        unit = (row.get("run"), row["first"], row["second"], row["question_id"], row["text"])
        choices[row["rater"]][unit] = (_as_shown(row), row["scene_id"])
    rows = [_row("ratings", name, "", *found) for name, of in sorted(ratings.items()) for found in _alone(of)]
    rows += _together("ratings", ratings)
    for name in sorted(choices):
        own = [row for row in preferences if row["rater"] == name]
        rows += [_row("preferences", name, "", *found) for found in _sides(own)]
    return rows + _together("preferences", choices)


def _as_shown(row: Row) -> float:
    """Left 1, equal 0, right -1: what a rater said, who knew no arm; told by the arm, a good one would skew shares."""
    if row["choice"] == "equal":
        return 0.0
    return 1.0 if row[row["choice"]] == row["left"] else -1.0


def _row(over: str, first: str, second: str, measure: str, estimate: Estimate) -> dict[str, Any]:
    return {"over": over, "first": first, "second": second, "measure": measure, **_ends(estimate)}


def _ends(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "num": estimate.num}


def _share(values: Sequence[float], images: Sequence[Any]) -> Estimate:
    """A mean of percents: an interval that leaves 0 to 100 is cut there."""
    found = mean_by_image(values, images)
    if math.isnan(found.low):
        return found
    return replace(found, low=max(0.0, found.low), high=min(100.0, found.high))


def _bare(value: float, num: int) -> Estimate:
    """A number that describes these ratings and estimates nothing beyond."""
    return Estimate(value=value, low=math.nan, high=math.nan, num=num)


def _alone(rated: Mapping[Unit, tuple[float, int]]) -> list[tuple[str, Estimate]]:
    values, images = zip(*rated.values(), strict=True)
    most = Counter(values).most_common(1)[0][1]
    mean = mean_by_image([10 * value for value in values], images)
    return [("mean", mean), ("commonest", _bare(100 * most / len(values), len(values)))]


def _sides(rows: Sequence[Row]) -> list[tuple[str, Estimate]]:
    images = [row["scene_id"] for row in rows]
    equal = _share([100.0 * (row["choice"] == "equal") for row in rows], images)
    decided = [row for row in rows if row["choice"] != "equal"]
    left = [100.0 * (row[row["choice"]] == row["left"]) for row in decided]
    most = Counter(map(_as_shown, rows)).most_common(1)[0][1]
    return [
        ("equal", equal),
        ("left", _share(left, [row["scene_id"] for row in decided])),
        ("commonest", _bare(100 * most / len(rows), len(rows))),
    ]


def _together(over: str, given: Given) -> list[dict[str, Any]]:
    """Every two raters over what both rated, and all of them."""
    rows = []
    for one, other in combinations(sorted(given), 2):
        common = [unit for unit in given[one] if unit in given[other]]
        if not common:
            continue
        first, second = ([given[name][unit][0] for unit in common] for name in (one, other))
        images = [given[one][unit][1] for unit in common]
        same = [100.0 * (a == b) for a, b in zip(first, second, strict=True)]
        found = {
            "weighted_kappa": weighted_kappa(first, second, images),
            "same": _share(same, images),
            "same_by_chance": _bare(_by_chance(first, second), len(common)),
        }
        rows += [_row(over, one, other, name, estimate) for name, estimate in found.items()]
    if rows:
        units = list(dict.fromkeys(unit for of in given.values() for unit in of))
        table = np.array([[given[name].get(unit, (math.nan, 0))[0] for name in sorted(given)] for unit in units])
        images = [next(of[unit][1] for of in given.values() if unit in of) for unit in units]
        rows.append(_row(over, ALL_RATERS, "", "alpha", alpha(table, images)))
    return rows


def _by_chance(first: Sequence[float], second: Sequence[float]) -> float:
    """In percent: two raters who give their own shares of each rating without looking."""
    one, other = Counter(first), Counter(second)
    return 100 * sum(count * other[value] for value, count in one.items()) / (len(first) * len(second))


def preference_rows(preferences: Sequence[Row], judges: Mapping[str, Differences]) -> list[dict[str, Any]]:
    """``preferences.csv``.

    Args:
        preferences: as ``read_preferences`` has them.
        judges: judge -> its differences between the arms that people compared.
    """
    rows: list[dict[str, Any]] = []
    compared: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in preferences:
        compared[row["first"], row["second"]].append(row)
    for (first, second), found in compared.items():
        for kind in (ALL, *dict.fromkeys(row["kind"] for row in found)):
            of_kind = [row for row in found if kind in (ALL, row["kind"])]
            head = {"judge": PEOPLE, "first": first, "second": second, "kind": kind}
            for measure, choice in SHARES.items():
                values, images = _by_question(of_kind, lambda row, choice=choice: 100.0 * (row["choice"] == choice))
                rows.append({**head, "measure": measure, **_ends(_share(values, images))})
    for judge, differences in judges.items():
        sided, images = [], []
        for pair, found in compared.items():
            for question, (lean, image) in _leaning(found).items():
                if lean and (gap := differences.get(pair, {}).get(question)) is not None:
                    sided.append(100 * (1 + float(np.sign(lean) * np.sign(gap))) / 2)
                    images.append(image)
        if sided:
            head = {"judge": judge, "first": ALL, "second": ALL, "kind": ALL, "measure": "same_side"}
            rows.append({**head, **_ends(_share(sided, images))})
    return rows


def _by_question(rows: Sequence[Row], value: Any) -> tuple[list[float], list[int]]:
    """The mean over raters of each question, and its picture."""
    found: dict[Unit, list[float]] = defaultdict(list)
    image: dict[Unit, int] = {}
    for row in rows:
        unit = (row.get("run"), row["question_id"], row["text"])
        found[unit].append(value(row))
        image[unit] = row["scene_id"]
    return [float(np.mean(values)) for values in found.values()], list(image.values())


def _leaning(rows: Sequence[Row]) -> dict[tuple[str, str], tuple[float, int]]:
    """Question -> where its raters lean, and its picture."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    image: dict[tuple[str, str], int] = {}
    for row in rows:
        question = row["question_id"], row["text"]
        found[question].append(SIDES[row["choice"]])
        image[question] = row["scene_id"]
    return {question: (float(np.mean(values)), image[question]) for question, values in found.items()}


def differences_of(preferences: Sequence[Row], ratings: ByArm, beside: Beside) -> Differences:
    """A judge's differences between the arms that people compared, question by question."""
    found = {}
    for first, second in dict.fromkeys((row["first"], row["second"]) for row in preferences):
        own, others, _ = facing(first, second, ratings, beside)
        reference = {one.question: one.rating for one in scored(others)}
        found[first, second] = {
            one.question: (one.rating or 0.0) - (reference[one.question] or 0.0)
            for one in scored(own)
            if one.question in reference
        }
    return found


_NEEDED = {"question_id": str, "scene_id": int, "kind": str, "text": str, "rater": str, "first": str, "second": str,
           "choice": str, "left": str, "answers": dict}  # fmt: skip


def read_preferences(files: Mapping[str, tuple[str, Sequence[Path]]]) -> list[dict[str, Any]]:
    """People's preferences, each with ``run``, between arms as tables call them.

    Those about answers that were replaced are left out.

    Args:
        files: row of the tables -> the name of its files, and the folders of its runs.

    Raises:
        DataError: a line that is no preference.
    """
    rows, stale = [], 0
    row_of = {(folder, name): row for row, (name, folders) in files.items() for folder in folders}
    for folder in dict.fromkeys(folder for folder, _ in row_of):
        path = folder / "rate" / "preferences.jsonl"
        texts: dict[str, dict[str, str]] = {}
        for number, row in read_jsonl(path, what="preferences") if path.is_file() else ():
            if not all(isinstance(row.get(name), form) for name, form in _NEEDED.items()) or row["choice"] not in SIDES:
                raise DataError(f"preferences: {path}:{number} has {shown(row)}; read the raters' exports again")
            for arm in (row["first"], row["second"]):
                if arm not in texts:
                    texts[arm] = _texts(folder / "answers" / f"{arm}.jsonl")
            if all(answer_hash(texts[arm].get(row["question_id"], "")) == of for arm, of in row["answers"].items()):
                sides = {side: row_of.get((folder, row[side]), row[side]) for side in ("first", "second", "left")}
                rows.append({**row, **sides, "run": str(folder)})
            else:
                stale += 1
    if stale:
        log.warning("preferences: %d left out, the answers have been made anew since", stale)
    return rows


def _texts(path: Path) -> dict[str, str]:
    rows = read_jsonl(path, what="answers") if path.is_file() else ()
    return {str(row.get("question_id")): str(row.get("text")) for _, row in rows}
