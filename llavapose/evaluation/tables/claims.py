"""What an answer claims about poses, free and the same on every machine: counted an answer and a hundred words.

From the pose judge's verdicts, which keep every claim with its outcome. One line of ``claims.csv``::

    arm,kind,measure,value,low,high,num_answers
    full,detail,supported,6.1000,5.4000,6.9000,90

``supported``, ``contradicted`` and ``unchecked`` (the annotations do not decide it) are a hundred words, ``words`` an
answer. ``answer_claims.csv`` has the counts of every answer.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llavapose.evaluation.judges.protocol import NO_ANNOTATIONS, NO_KEYPOINTS, SEVERAL_PICTURES
from llavapose.evaluation.statistics.agreement import spearman
from llavapose.evaluation.statistics.intervals import HOLE, Estimate, mean_by_image, ratio_by_image
from llavapose.evaluation.tables.agreement import agreement_row
from llavapose.evaluation.tables.ratings import Rating
from llavapose.files import read_jsonl
from llavapose.kinds import rated_kinds
from llavapose.pose.check import CONTRADICTED, SUPPORTED
from llavapose.records import ALL, CONTROL_ARMS, POSE, without_base

OUTCOMES = ("supported", "contradicted", "unchecked")
CLAIM_COLUMNS = ("arm", "kind", "measure", "value", "low", "high", "num_answers")
ANSWER_COLUMNS = ("arm", "question_id", "scene_id", "kind", "run", "num_words", *OUTCOMES)

Words = Mapping[tuple[str, str, str], int]
"""(run, arm, question id) -> words of the answer."""


@dataclass(frozen=True, kw_only=True)
class AnswerClaims:
    """The pose claims of one answer, by outcome; ``run`` is the folder that it is from.

    The counts are None where the picture has no keypoints that could decide any.
    """

    arm: str
    question_id: str
    text: str
    scene_id: int
    kind: str
    run: str
    num_words: int
    supported: int | None
    contradicted: int | None
    unchecked: int | None

    def a_hundred_words(self, outcome: str) -> float:
        """How many claims of an outcome there are in a hundred words; NaN of an empty answer."""
        count = getattr(self, outcome)
        return 100 * count / self.num_words if self.num_words and count is not None else math.nan


def words_of(folder: Path, arm: str) -> dict[str, int]:
    """Question id -> words of the arm's answer; nothing of an answer that failed, or where there is no file."""
    path = folder / "answers" / f"{arm}.jsonl"
    if not path.is_file():
        return {}
    rows = (row for _, row in read_jsonl(path, what="answers"))
    return {row["question_id"]: len(row["text"].split()) for row in rows if row.get("finish") != "failed"}


def answer_claims(rows: Iterable[Mapping[str, Any]], words: Words) -> list[AnswerClaims]:
    """The claims of every answer that is there.

    Args:
        rows: the pose judge's verdicts, with ``run``, and ``row``, the arm as the tables call it (None: not in them).
        words: of the answers.
    """
    found = []
    for row in rows:
        num = words.get((row["run"], row["arm"], row["question_id"]))
        arm = row.get("row", row["arm"])
        if num is None or arm is None:
            continue
        outcomes = [claim["outcome"] for claim in row.get("claims") or ()]
        supported, contradicted = outcomes.count(SUPPORTED), outcomes.count(CONTRADICTED)
        counts = (supported, contradicted, len(outcomes) - supported - contradicted)
        unread = row.get("reason") in (NO_KEYPOINTS, NO_ANNOTATIONS, SEVERAL_PICTURES)
        found.append(
            AnswerClaims(
                arm=arm,
                question_id=row["question_id"],
                text=row.get("text", ""),
                scene_id=row["scene_id"],
                kind=row["kind"],
                run=row["run"],
                num_words=num,
                **dict.fromkeys(OUTCOMES) if unread else dict(zip(OUTCOMES, counts, strict=True)),
            )
        )
    return found


def claims_table(answers: Sequence[AnswerClaims], arms: Sequence[str]) -> list[dict[str, Any]]:
    """Claims a hundred words and words an answer, by arm and kind, with the image as the unit."""
    rows = []
    for arm in arms:
        for kind in (*rated_kinds(), ALL):
            own = [one for one in answers if one.arm == arm and kind in (ALL, one.kind)]
            images, num_words = [one.scene_id for one in own], [one.num_words for one in own]
            measures = {outcome: _a_hundred_words(own, outcome) for outcome in OUTCOMES}
            measures["words"] = mean_by_image(num_words, images)
            rows += [_row(arm, kind, name, found, len(own)) for name, found in measures.items()]
    return rows


def _a_hundred_words(answers: Sequence[AnswerClaims], outcome: str) -> Estimate:
    """Over the answers whose claims could be decided; a hole where none could."""
    read = [(one, count) for one in answers if (count := getattr(one, outcome)) is not None]
    counts, words = [100.0 * count for _, count in read], [one.num_words for one, _ in read]
    return ratio_by_image(counts, words, [one.scene_id for one, _ in read]) if read else HOLE


def _row(arm: str, kind: str, measure: str, found: Estimate, num_answers: int) -> dict[str, Any]:
    ends = {"value": found.value, "low": found.low, "high": found.high, "num_answers": num_answers}
    return {"arm": arm, "kind": kind, "measure": measure, **ends}


def answer_rows(answers: Sequence[AnswerClaims]) -> list[dict[str, Any]]:
    """Lines of ``answer_claims.csv``."""
    return [{name: asdict(one)[name] for name in ANSWER_COLUMNS} for one in answers]


def claims_agreement(
    answers: Sequence[AnswerClaims], judges: Mapping[str, Mapping[str, Sequence[Rating]]]
) -> list[dict[str, Any]]:
    """Spearman's rank correlation of each judge's ratings with what is right, wrong and open in the answers.

    The pose judge is left out, who rates by these claims; so are the controls. Several seeds' claims are a mean.

    Args:
        answers: with their claims.
        judges: judge -> arm -> its ratings.
    """
    measures: dict[str, Callable[[AnswerClaims], float]] = {
        f"claims {outcome} / 100 words": lambda one, outcome=outcome: one.a_hundred_words(outcome)
        for outcome in OUTCOMES
    }
    rows = []
    for judge, ratings in judges.items():
        if judge == POSE:
            continue
        rated = {
            (arm, one.question): one
            for arm, found in ratings.items()
            if without_base(arm) not in CONTROL_ARMS
            for one in found
            if one.rating is not None
        }
        for name, measure in measures.items():
            of_answers: dict[Any, list[float]] = {}
            for one in answers:
                key = (one.arm, (one.question_id, one.text))
                if key in rated and not math.isnan(value := measure(one)):
                    of_answers.setdefault(key, []).append(value)
            ratings_of = [rated[key].rating or 0.0 for key in of_answers]
            values = [sum(found) / len(found) for found in of_answers.values()]
            images = [rated[key].scene_id for key in of_answers]
            found = spearman(values, ratings_of, images) if values else HOLE
            rows += [agreement_row(name, judge, "answers", "spearman", found)] if found.num else []
    return rows
