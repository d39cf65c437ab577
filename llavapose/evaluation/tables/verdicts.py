"""Verdicts as their files hold them, each file read once, and the ratings that follow from them.

``verdicts/<judge>/<arm>.jsonl`` holds a line for every verdict on the arm's answers and, of a judge of pairs, on those
that they were laid beside. Results of version 0.1 have ``verdicts/<arm>.jsonl``: the pose judge's.
"""

import logging
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any

import numpy as np

from llavapose.config.choices import Control
from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.protocol import tied_pictures
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST, NO_ANSWER, answer_hash
from llavapose.evaluation.tables.ratings import Rating
from llavapose.files import read_json, read_jsonl, sha256
from llavapose.kinds import KINDS
from llavapose.pose.check import CONTRADICTED, SUPPORTED, UNVERIFIABLE
from llavapose.records import CONTROL_ARMS, POSE, Question

log = logging.getLogger(__name__)

FILE = "file"
"""Key of a line that says whose file it is from."""
BOTH_ORDERS = {"ab", "ba"}
WORST = -1e6
"""Below any rating that an answer's wrong claims bring by the pose judge's formulas."""

Line = Mapping[str, Any]


def judges_found(folders: Sequence[Path]) -> tuple[str, ...]:
    """Judges that left verdicts in any of the folders: the pose judge first; it alone where there are none."""
    names = {path.parent.name for folder in folders for path in folder.glob("verdicts/*/*.jsonl")}
    if not names or any(True for folder in folders for _ in folder.glob("verdicts/*.jsonl")):
        names.add(POSE)
    return tuple(sorted(names, key=lambda name: (name != POSE, name)))


def read_verdicts(folder: Path, judge: str, control: Control | None = None) -> list[Line]:
    """All lines of a judge in a folder, or of its verdicts under a control, each with ``FILE``.

    Files about answers that have been made anew since are left out, which is said.

    Raises:
        DataError: a line that is no verdict.
    """
    room = folder / "verdicts" / judge
    places = sorted((room / control if control is not None else room).glob("*.jsonl"))
    if control is None and judge == POSE:
        there = {path.stem for path in places}
        places += [path for path in sorted((folder / "verdicts").glob("*.jsonl")) if path.stem not in there]
    found = []
    for path in places:
        if replaced := replaced_since(folder, path, control):
            _say_left_out(path, replaced)
            continue
        lines = [
            (number, {**row, "judge": judge, FILE: path.stem}) for number, row in read_jsonl(path, what="verdicts")
        ]
        beside = {line.get("opponent") for _, line in lines if line.get("arm") == path.stem}
        for number, line in lines:
            if problem := _problem(line, judge) or _foreign(line, beside):
                raise DataError(f"verdicts: {path}:{number} {problem}")
            found.append(line)
    return found


@cache
def _say_left_out(path: Path, replaced: str) -> None:
    """Once a process: every table reads the same files."""
    log.warning("%s: left out, the answers of %s have been made anew since; evaluate %s again",
                path, replaced, path.stem)  # fmt: skip


_FORM: Mapping[str, tuple[type | UnionType, str]] = {
    "question_id": (str, "a text"),
    "scene_id": (int, "a whole number"),
    "kind": (str, "a text"),
    "arm": (str, "a text"),
    "text": (str, "a text"),
    "opponent": (str | None, "an arm or null"),
    "order": (str | None, "ab, ba or null"),
    "repeat": (int, "a whole number"),
    "reason": (str, "a text"),
    "rater": (str, "a rater's name"),
    "claims": (list | None, "a list"),
}
_OUTCOMES = (SUPPORTED, CONTRADICTED, UNVERIFIABLE)
_NEEDED = ("question_id", "scene_id", "kind", "rating", "arm")


def _problem(line: Line, judge: str) -> str | None:
    """What is wrong with a line, whoever wrote it; None where it is a verdict."""
    if lacks := next((key for key in _NEEDED if key not in line), None):
        return f"has no {lacks!r}; run evaluate.py again"
    for key, (form, told) in _FORM.items():
        if key in line and (not isinstance(line[key], form) or isinstance(line[key], bool)):
            return f"has {key} {shown(line[key])}; expected {told}"
    if not all(isinstance(claim, dict) and claim.get("outcome") in _OUTCOMES for claim in line.get("claims") or ()):
        return "has claims that are none; expected objects with an outcome"
    if line.get("repeat", 0) < 0:
        return f"has repeat {line['repeat']}; expected a whole number from 0"
    return _problem_of_rating(line["rating"], judge)


def _problem_of_rating(rating: Any, judge: str) -> str | None:
    """The pose judge's scale goes below 1, where an answer is worse than none."""
    if rating is None:
        return None
    lowest = WORST if judge == POSE else LOWEST
    number = isinstance(rating, int | float) and not isinstance(rating, bool) and math.isfinite(rating)
    if number and lowest <= rating <= HIGHEST:
        return None
    return f"has rating {shown(rating)}; expected a number from {lowest:g} to {HIGHEST:g}, or null"


def _foreign(line: Line, beside: Set[Any]) -> str | None:
    """A file is about its own arm's answers and those that they were laid beside: nobody rates others in passing."""
    if line["arm"] == line[FILE] or (line["arm"] in beside and line.get("opponent") == line[FILE]):
        return None
    return f"is about {shown(line['arm'])}, beside whom {line[FILE]} was not rated; take it out"


def replaced_since(folder: Path, verdicts: Path, control: Control | None = None) -> str | None:
    """The arm whose answers are others than those that were judged; None where there is none, or nothing tells.

    A file of other bytes may hold the same texts, which the hashes in the verdicts tell.
    """
    mark = verdicts.with_suffix(".made.json")
    judged = read_json(mark, what="mark of verdicts")["answers"] if mark.is_file() else {}
    for arm, digest in judged.items():
        under = control if control is not None and arm == verdicts.stem else ""
        answers = folder / "answers" / under / f"{arm}.jsonl"
        if answers.is_file() and sha256(answers) != digest and not _are_of(verdicts, arm, answers):
            return arm
    return None


def _are_of(verdicts: Path, arm: str, answers: Path) -> bool:
    """Whether every verdict on an arm's answers carries the hash of the text that lies there."""
    texts = {str(row.get("question_id")): str(row.get("text")) for _, row in read_jsonl(answers, what="answers")}
    lines = (line for _, line in read_jsonl(verdicts, what="verdicts") if line.get("arm") == arm)
    return all(line.get("answer") == answer_hash(texts.get(str(line.get("question_id")), "")) for line in lines)


def about(lines: Iterable[Line], arm: str) -> list[Line]:
    """The lines about an arm's answers: its own file's, then those of the arms that it stood beside.

    But for the controls' files: beside the prior everybody looks good, beside the ground truth nobody.
    """
    found = [line for line in lines if line["arm"] == arm and (line[FILE] == arm or line[FILE] not in CONTROL_ARMS)]
    return sorted(found, key=lambda line: line[FILE] != arm)


def about_alone(lines: Iterable[Line], arm: str) -> list[Line]:
    """The lines about an arm's answers in its own file: under a control it stands beside no other arm's."""
    return [line for line in lines if line["arm"] == arm == line[FILE]]


def verdict_rows(folder: Path, arm: str, judge: str = POSE, control: Control | None = None) -> list[Line]:
    """The lines about an arm's answers (``about``), its own or, in its own file, under a control."""
    lines = read_verdicts(folder, judge, control)
    return about(lines, arm) if control is None else about_alone(lines, arm)


def rated_answers(folder: Path, arm: str, judge: str = POSE, control: Control | None = None) -> list[Rating]:
    """The rated answers of an arm, the mean where one was rated beside several others; empty where it left none."""
    return ratings_of(verdict_rows(folder, arm, judge, control))


def ratings_of(lines: Iterable[Line]) -> list[Rating]:
    """An arm's lines -> a rating a question, as one run."""
    found: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        found[line["question_id"], line.get("text", "")].append(line)
    return [_rating(rows) for rows in found.values()]


def with_missing(ratings: Sequence[Rating], questions: Iterable[Question]) -> list[Rating]:
    """An arm's ratings of the questions that were asked, and a missing one for each that nothing is said of.

    An arm that was asked none of them has none: its results stand under no other benchmark's hash.

    Args:
        ratings: of an arm.
        questions: that a folder asks; none where that is not known.
    """
    told = any(one.text for one in ratings)  # an entry's lines may name questions by their ids alone
    all_asked = tuple(questions)
    units = tied_pictures(all_asked)
    asked = {(one.id, one.text if told else ""): one for one in all_asked if KINDS[one.kind].rated}
    if not asked:
        return list(ratings)
    found = {one.question: one for one in ratings if one.question in asked}
    lacking = [
        Rating(question_id=one.id, scene_id=units[one.id], kind=one.kind, rating=None, text=text, num_ratings=0,
               missing=True, unscored="nothing is said of it")
        for (_, text), one in asked.items() if (one.id, text) not in found
    ]  # fmt: skip
    return [*found.values(), *(lacking if found else ())]


def rated_beside_others(lines: Mapping[Path, Sequence[Line]], arm: str) -> list[Rating]:
    """The ratings of a judge's anchor over all arms and seeds that it was rated beside; none of any other arm.

    Args:
        lines: folder -> a judge's lines; the folders' seeds are different arms to the anchor.
        arm: the anchor.
    """
    if len(lines) < 2 or any(line[FILE] == arm for of_folder in lines.values() for line in of_folder):
        return []
    return ratings_of(
        {**line, "opponent": f"{line.get('opponent')} {folder}"}
        for folder, of_folder in lines.items()
        for line in about(of_folder, arm)
    )


def rated_in(lines: Iterable[Line], arm: str) -> dict[str, list[Rating]]:
    """Whom an arm was laid beside -> the ratings of just that, from the arm's own file."""
    others: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line[FILE] == arm and line["arm"] != arm and line.get("opponent") == arm:
            others[line["arm"]].append(line)
    return {other: ratings_of(found) for other, found in others.items()}


def _rating(rows: Sequence[Line]) -> Rating:
    pairings: dict[Any, list[Line]] = defaultdict(list)
    for row in rows:
        pairings[row.get("opponent")].append(row)
    whole = [(rating, found) for found in pairings.values() if (rating := _rating_in(found)) is not None]
    means = [rating for rating, _ in whole]
    row = rows[0]
    lacking = row.get("judge") != POSE or row.get("reason", "").startswith(NO_ANSWER)
    return Rating(
        question_id=row["question_id"],
        scene_id=row["scene_id"],
        kind=row["kind"],
        rating=_mean(means) if means else None,
        num_ratings=sum(one["rating"] is not None for _, found in whole for one in found),
        text=row.get("text", ""),
        num_right=_num_claims(row, SUPPORTED),
        num_wrong=_num_claims(row, CONTRADICTED),
        missing=not means and lacking,
        unscored="" if means else _why_unscored(rows),
    )


def _why_unscored(rows: Sequence[Line]) -> str:
    """The reason of the first line without a rating, up to what differs from question to question."""
    reason = next((row.get("reason", "") for row in rows if row["rating"] is None), "rated in one order alone")
    return (
        "no answer" if reason.startswith(NO_ANSWER) else " ".join(re.split("[:;]", reason, maxsplit=1)[0].split())[:80]
    )


def _rating_in(rows: Sequence[Line]) -> float | None:
    """The rating of an answer alone, or beside one other: the mean over orders of the mean over repeats.

    None where an order has none: one alone would keep what the place of an answer is worth to the judge.
    """
    repeats: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        repeats[row.get("order")] += [row["rating"]] if row["rating"] is not None else []
    if not all(repeats.values()) or len(repeats.keys() & BOTH_ORDERS) == 1:
        return None
    return _mean([_mean(found) for found in repeats.values()])


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else float(np.mean(values))


def _num_claims(row: Line, outcome: str) -> int:
    return sum(claim["outcome"] == outcome for claim in row.get("claims") or ())
