"""A leaderboard's entries against the questions that they answer: what does not belong to them is refused in a line.

Whoever brings ``answers/<model>.jsonl`` and ``verdicts/<judge>/<model>.jsonl`` may have left out, added or changed
lines. What a judge thought cannot be proven from files; that every line is about a question that was asked, once, and
about nobody else's answers, can.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.config.values import not_plain
from llavapose.errors import DataError, shown
from llavapose.evaluation.answerers.file import read_answers
from llavapose.evaluation.benchmarks.file import read_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash, tied_pictures
from llavapose.evaluation.judges.missing import MAX_MISSING
from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.evaluation.probe.rows import check_probes
from llavapose.evaluation.tables.verdicts import (
    BOTH_ORDERS,
    FILE,
    Line,
    judges_found,
    ratings_of,
    read_verdicts,
    replaced_since,
    with_missing,
)
from llavapose.files import read_json, read_jsonl
from llavapose.kinds import KINDS
from llavapose.records import CONTROL_ARMS, PEOPLE, POSE, Question

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a board's folder asks, and how it was answered.

    Attributes:
        questions: id -> question.
        units: id -> the number of its picture, or of those that stand together.
        answers: model -> question id -> text.
        failed: model -> questions that it has no answer to.
        room: where the answers lie, as people read it.
    """

    questions: Mapping[str, Question]
    units: Mapping[str, int]
    answers: Mapping[str, Mapping[str, str]]
    failed: Mapping[str, Set[str]]
    room: str = "answers"


def check_entries(folder: Path, *, max_missing: float = MAX_MISSING) -> None:
    """Check a folder's questions, answers, verdicts (under the controls too) and probes.

    Args:
        folder: with ``benchmark.jsonl``, ``benchmark.json``, ``answers/``, ``verdicts/`` and ``probe/``.
        max_missing: largest share of the questions that may lack a rating.

    Raises:
        DataError: what does not belong to these questions and answers; names file and line.
    """
    questions = _questions(folder)
    entries = sorted((folder / "answers").glob("*.jsonl"))
    of_judges = [*sorted(folder.glob("verdicts/*")), *sorted(folder.glob("verdicts/*/*.jsonl"))]
    for path in (*entries, *of_judges, *sorted(folder.glob("probe/*.jsonl"))):
        _check_name(path)
    asked = Asked(
        questions={question.id: question for question in questions},
        units=tied_pictures(questions),
        answers={path.stem: read_answers(path, [one.id for one in questions]) for path in entries},
        failed={path.stem: _failed(path) for path in entries},
    )
    for judge in judges_found([folder]):
        lines = _lines(folder, judge, None)
        where = f"board: {folder / 'verdicts' / judge}"
        _check_lines(lines, asked, where)
        _check_repeats(lines, where)
        if judge != PEOPLE:  # who rate some pictures, by lot
            _check_missing(lines, asked, max_missing, where)
        under = {control: _lines(folder, judge, control) for control in Control}
        for control, of_control in under.items():
            asked_under = _asked_under(folder, asked, control, of_control)
            _check_lines(of_control, asked_under, f"{where}/{control}")
            _check_repeats(of_control, f"{where}/{control}", alike=False)
            _check_missing(of_control, asked_under, max_missing, f"{where}/{control}")
        everything = [*lines, *chain.from_iterable(under.values())]
        _check_anchor(everything, where)
        _check_way(everything, where)
    check_probes(folder)


def _failed(path: Path) -> Set[str]:
    return {str(row["question_id"]) for _, row in read_jsonl(path, what="answers") if row.get("finish") == "failed"}


def _lines(folder: Path, judge: str, control: Control | None) -> list[Line]:
    for path in sorted((folder / "verdicts" / judge / (control or "")).glob("*.jsonl")):
        if arm := replaced_since(folder, path, control):
            raise DataError(f"board: {path}: the answers of {arm} have been replaced since; judge {path.stem} again")
    return read_verdicts(folder, judge, control)


def _asked_under(folder: Path, asked: Asked, control: Control, lines: Sequence[Line]) -> Asked:
    """The answers that verdicts under a control are about: the arms' own under it, beside the anchor's usual ones."""
    room = folder / "answers" / control
    arms = {line[FILE] for line in lines}
    there = {arm: path for arm in arms if (path := room / f"{arm}.jsonl").is_file()}
    found = {arm: read_answers(path, [*asked.questions]) for arm, path in there.items()}
    usual = {arm: texts for arm, texts in asked.answers.items() if arm not in arms}
    failed = {arm: _failed(path) for arm, path in there.items()}
    return replace(asked, answers={**usual, **found}, failed={**asked.failed, **failed}, room=f"answers/{control}")


def _questions(folder: Path) -> tuple[Question, ...]:
    path, told = folder / "benchmark.jsonl", folder / "benchmark.json"
    if not path.is_file() or not told.is_file():
        lacks = (path if not path.is_file() else told).name
        raise DataError(f"board: no {lacks} in {folder}; expected a folder that evaluate.py writes (output_dir)")
    questions, says = read_questions(path), read_json(told, what="benchmark")
    name, digest = (says.get(key) if isinstance(says, dict) else None for key in ("name", "hash"))
    found = questions_hash(questions)
    if digest != found:
        raise DataError(
            f"board: {path} has the hash {found}, and {told.name} says {shown(digest)}; bring back the questions that "
            "the entries answered"
        )
    if not isinstance(name, str) or not_plain("name", name):
        raise DataError(f"board: {told} has name {shown(name)}; expected letters, digits, and . _ + -")
    return questions


def _check_name(path: Path) -> None:
    if path.is_dir() or path.suffix == ".jsonl":
        name = path.name if path.is_dir() else path.stem
        if not_plain("name", name):
            raise DataError(
                f"board: {shown(str(path))} is called {shown(name)}; expected letters, digits, and . _ + -, at most 100"
            )


def _check_lines(lines: Iterable[Line], asked: Asked, where: str) -> None:
    seen: set[tuple[Any, ...]] = set()
    for line in lines:
        told = f"{where}/{line[FILE]}.jsonl, verdict on {shown(line['question_id'])}"
        if (problem := _problem(line, asked)) is not None:
            raise DataError(f"{told}: {problem}")
        key = tuple(line.get(name) for name in _ONE_RATING)
        if key in seen:
            raise DataError(f"{told}: stands there twice; expected each question, order and repeat once")
        seen.add(key)


_ONE_RATING = (FILE, "arm", "question_id", "opponent", "order", "repeat", "rater")
"""What sets two lines apart."""


def _problem(line: Line, asked: Asked) -> str | None:
    """What a line says that is not so."""
    question = asked.questions.get(line["question_id"])
    if question is None:
        return "no such question in benchmark.jsonl; take it out"
    if line["arm"] not in asked.answers:
        return f"about {shown(line['arm'])}, of whom there are no answers; expected {asked.room}/<model>.jsonl"
    is_so = {"kind": question.kind, "scene_id": asked.units[question.id], "text": question.text}
    for key, value in is_so.items():
        if key in line and line[key] != value:
            return f"{key} is {shown(line[key])}; expected {shown(value)}, as in benchmark.jsonl"
    other, order = line.get("opponent"), line.get("order")
    if line["rating"] is not None and (order not in BOTH_ORDERS if other is not None else order is not None):
        return f"order is {shown(order)}; expected {f'ab or ba beside {other}' if other else 'null beside nobody'}"
    return _problem_of_answer(line, asked.answers[line["arm"]][question.id], asked.room)


def _problem_of_answer(line: Line, text: str, room: str) -> str | None:
    """What a line says of an answer that is not so."""
    digest, arm = line.get("answer"), line["arm"]
    if digest is None and line["rating"] is not None:
        return f"says not which answer of {arm} it rated; judge it again"
    if digest is not None and digest != answer_hash(text):
        return f"about another answer than the one in {room}/{arm}.jsonl; judge it again"
    seen = set[tuple[Any, ...]]()
    for claim in line.get("claims") or ():
        start, end = claim.get("start"), claim.get("end")
        if not (type(start) is type(end) is int and 0 <= start < end <= len(text)):
            return (f"has a claim from {shown(start)} to {shown(end)}; expected a part of {arm}'s answer, which has "
                    f"{len(text)} letters")  # fmt: skip
        if (key := tuple(map(str, map(claim.get, _CLAIM)))) in seen:
            return f"has the claim from {start} to {end} twice; expected each once"
        seen.add(key)
    return None


_CLAIM = ("start", "end", "outcome", "kind", "part", "value", "negated", "person")
"""What sets two claims apart: one stretch of a sentence may say something of several parts or people."""


def _check_anchor(lines: Sequence[Line], where: str) -> None:
    """A judge of pairs has one anchor: else whoever brings an entry chooses whose ratings it moves."""
    own = (line for line in lines if line["arm"] == line[FILE])
    anchors = {(line[FILE], line.get("opponent") or "nobody") for line in own}
    if len({other for _, other in anchors}) > 1:
        told = ", ".join(f"{name} beside {other}" for name, other in sorted(anchors)[:4])
        raise DataError(f"{where} has verdicts beside different arms ({told}); expected one anchor a judge")


def _check_repeats(lines: Sequence[Line], where: str, *, alike: bool = True) -> None:
    """A judge rates every answer equally often in each order: a rating more of some would be a rating of choice.

    Args:
        lines: its verdicts.
        where: they lie, as people read it.
        alike: whether all entries have as many. A control's verdicts are kept where later ones are repeated more often.
    """
    rated = {(line[FILE], line["question_id"], line["arm"]) for line in lines if line["rating"] is not None}
    found: dict[tuple[str, str, str, Any, Any], set[int]] = defaultdict(set)
    for line in lines:
        if (key := (line[FILE], line["question_id"], line["arm"])) in rated:
            found[*key, line.get("opponent"), line.get("order")].add(line.get("repeat", 0))
    usual = defaultdict[str, Counter[frozenset[int]]](Counter)
    for (name, *_), repeats in found.items():
        usual[_company(name, alike)][frozenset(repeats)] += 1
    for (name, question, arm, _, order), repeats in found.items():
        if repeats != (most := usual[_company(name, alike)].most_common(1)[0][0]):
            raise DataError(
                f"{where}/{name}.jsonl, verdict on {shown(question)}: {arm} is rated in repeats {_listed(repeats)}"
                f"{f' of {order}' if order else ''}; expected {_listed(most)}, as of the others; judge {name} again"
            )


def _company(name: str, alike: bool) -> str:
    """Whose repeats an entry's are like: everybody's (""), or its own alone."""
    return "" if alike and name not in CONTROL_ARMS else name


_WAY = ("model", "protocol", "context")


def _check_way(lines: Sequence[Line], where: str) -> None:
    """A judge is one model that judges in one way."""
    for key in _WAY:
        found = {line.get(key): line[FILE] for line in reversed(lines)}
        if len(found) > 1:
            told = " and ".join(f"{shown(value)} of {name}" for value, name in sorted(found.items(), key=str)[:2])
            raise DataError(f"{where} has {key} {told}; expected one {key} a judge; judge one of them again")


def _listed(repeats: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(repeats)[:8]))


def _check_missing(lines: Sequence[Line], told: Asked, most: float, where: str) -> None:
    """Raise where too few of an arm's questions have a rating: the rest would say something else than it seems to."""
    questions = tuple(told.questions.values())
    asked = {question.id for question in questions if KINDS[question.kind].rated}
    of_file: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        of_file[line[FILE], line["arm"]].append(line)
        if line["arm"] == line[FILE] and line.get("opponent") is not None:
            of_file[line[FILE], line["opponent"]] += []  # a pair's other one is rated too
    rated = {key: _rated(found, questions) for key, found in of_file.items()}
    anyone = set[str]().union(*rated.values())
    for (name, arm), found in of_file.items():
        if name in CONTROL_ARMS and not rated[name, arm]:
            continue  # a control that says nothing is not asked about: its row is a hole
        lacking = asked - rated[name, arm]
        if found and found[0]["judge"] == POSE:  # that it cannot rate a question is so of everybody's answer
            lacking -= {line["question_id"] for line in found} - anyone
            _check_whole(lacking & anyone - told.failed.get(arm, set()), most, f"{where}/{name}.jsonl")
        if len(lacking) > most * len(asked):
            of = "" if arm == name else f" of {arm}"
            raise DataError(
                f"{where}/{name}.jsonl: {len(lacking)} of {len(asked)} questions lack a rating{of}, such as "
                f"{min(lacking)}, more than max_missing={most:g}; judge them, or give board=... max_missing=1 to show "
                "the rest"
            )


def _check_whole(unrated: Set[str], most: float, where: str) -> None:
    """The pose judge leaves no answer of a question unrated whose other answers it rates."""
    if unrated and most < 1:
        raise DataError(
            f"{where}: {shown(min(unrated))} has no rating of the pose judge, which rated others' answers to it; judge "
            "it again, or give board=... max_missing=1 to show the rest"
        )


def _rated(lines: Sequence[Line], questions: Sequence[Question]) -> set[str]:
    """The questions that an arm's lines rate in full: in every order and repeat, as the tables count them."""
    unrated = {line["question_id"] for line in lines if line["rating"] is None}
    found = with_missing(ratings_of(lines), questions)
    return {one.question_id for one in found if one.rating is not None} - unrated
