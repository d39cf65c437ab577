"""Answers held against an answer key: ``keyed/<arm>.jsonl`` and ``keyed.csv``.

A benchmark has a key where it has ``keys``, question id -> ``Key``. What a reply comes to is one of its letters, or
``refused`` (it says that it cannot or will not), ``unreadable`` (it names no option, or several), ``missing`` (there is
no answer). Only a letter can be right: accuracy is over all questions, and over those that were answered beside it.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.questions.words import is_undecided
from llavapose.evaluation.controls import FEWEST_ORDERED
from llavapose.evaluation.probe.pictures import TRUE
from llavapose.evaluation.probe.public.letters import letter_among
from llavapose.evaluation.rating.answering import answers_file
from llavapose.evaluation.statistics.intervals import mean_by_image, paired_difference
from llavapose.files import read_jsonl, write_csv, write_jsonl
from llavapose.records import ALL, Question

REFUSED, UNREADABLE, MISSING = "refused", "unreadable", "missing"
KEYED_COLUMNS = (
    "arm", "pictures", "group", "accuracy", "low", "high", "chance", "answered_accuracy", "n", REFUSED, UNREADABLE,
    MISSING,
)  # fmt: skip
ORDER_COLUMNS = ("falls", "falls_low", "falls_high", "falls_n")
"""Of questions about frames: by how much accuracy falls when these are reversed, question by question, the clip as the
unit; and of how many questions."""
_WILL_NOT = re.compile(
    r"^\W*(?:i(?:'m| am) )?(?:sorry|unable to)\b|\bas an ai\b|"
    r"\b(?:can ?not|can't|unable to|not able to|won't)\b[^.;]{0,25}"
    r"\b(?:help|assist|answer|view|provide|comply|process)\b"
)
_NAMES_ONE = re.compile(r"\W*[A-J][.,:;)]")
"""A reply that begins with a letter has chosen, whatever else it says."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is right.

    Attributes:
        options: capital letter -> its text.
        answer: the right letter.
        group: the type of the question.
    """

    options: Mapping[str, str]
    answer: str
    group: str


def outcome_of(reply: str, options: Mapping[str, str]) -> str:
    """A letter, or ``refused`` or ``unreadable``."""
    if letter := letter_among(reply, options):
        return letter
    words = reply.lower().replace("’", "'")
    refuses = is_undecided(reply) or _WILL_NOT.search(words) is not None
    return REFUSED if refuses and not _NAMES_ONE.match(reply) else UNREADABLE


def score_by_key(arm: Arm) -> None:
    """Hold an arm's answers, its own and under controls, against the benchmark's key, where it has one."""
    keys: Mapping[str, Key] = getattr(arm.benchmark, "keys", {})
    if not keys or not arm.benchmark.questions:
        return
    rows: list[dict[str, Any]] = []
    for pictures, control in ((TRUE, None), *((str(one), one) for one in Control)):
        path = answers_file(arm.out, arm.name, control)
        if path.is_file():
            answers = {str(row.get("question_id")): row for _, row in read_jsonl(path, what="answers")}
            rows += (
                _row(arm.name, pictures, one, keys[one.id], answers.get(one.id))
                for one in arm.benchmark.questions
                if control is None or not control.of_frames or len(one.times_s) >= FEWEST_ORDERED
            )
    write_jsonl(arm.out / "keyed" / f"{arm.name}.jsonl", rows)
    table = keyed_table(_all_rows(arm.out))
    of_frames = ORDER_COLUMNS if any("falls" in row for row in table) else ()
    holes = dict.fromkeys(of_frames, math.nan)
    write_csv(arm.out / "keyed.csv", [{**holes, **row} for row in table], (*KEYED_COLUMNS, *of_frames))


def _row(arm: str, pictures: str, question: Question, key: Key, answer: Mapping[str, Any] | None) -> dict[str, Any]:
    there = answer is not None and answer.get("finish", "stop") != "failed"
    outcome = outcome_of(str(answer["text"]), key.options) if there and answer is not None else MISSING
    return {
        "arm": arm, "pictures": pictures, "question_id": question.id, "scene_id": question.scene_id, "group": key.group,
        "num_options": len(key.options), "outcome": outcome, "answer": key.answer,
        "right": float(outcome == key.answer),
    }  # fmt: skip


def _all_rows(folder: Path) -> list[dict[str, Any]]:
    paths = sorted((folder / "keyed").glob("*.jsonl"))
    return [row for path in paths for _, row in read_jsonl(path, what="keyed")]


def keyed_table(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Accuracy by arm, pictures and type; the 95% interval has the picture as its unit.

    Args:
        rows: as ``keyed/<arm>.jsonl`` has them.
    """
    runs: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        runs[row["arm"], row["pictures"]].append(row)
    table = []
    for (arm, pictures), of_run in runs.items():
        for group in (ALL, *dict.fromkeys(row["group"] for row in of_run)):
            chosen = [row for row in of_run if group in (ALL, row["group"])]
            backwards = runs.get((arm, Control.reversed.value), ()) if pictures == TRUE else ()
            falls = _falls(chosen, backwards)
            table.append({"arm": arm, "pictures": pictures, "group": group, **_scores(chosen), **falls})
    return table


def _falls(own: Sequence[Mapping[str, Any]], backwards: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The ``ORDER_COLUMNS``; none where no frames were reversed."""
    other = {row["question_id"]: row["right"] for row in backwards}
    if not other:
        return {}  # nothing to pair by id
    both = [(row["right"], other[row["question_id"]], row["scene_id"]) for row in own if row["question_id"] in other]
    if not both:
        return {}
    found = paired_difference([one[0] for one in both], [one[1] for one in both], [one[2] for one in both])
    return dict(zip(ORDER_COLUMNS, (found.value, found.low, found.high, found.num), strict=True))


def _scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    estimate = mean_by_image([row["right"] for row in rows], [row["scene_id"] for row in rows])
    outcomes = Counter(row["outcome"] for row in rows)
    untold = {name: outcomes[name] for name in (REFUSED, UNREADABLE, MISSING)}
    answered = len(rows) - sum(untold.values())
    return {
        "accuracy": estimate.value, "low": estimate.low, "high": estimate.high,
        "chance": sum(1 / row["num_options"] for row in rows) / len(rows),
        "answered_accuracy": sum(row["right"] for row in rows) / answered if answered else float("nan"),
        "n": len(rows), **untold,
    }  # fmt: skip
