"""One arm's result files, question by question, as the explorer shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.tables.ablation import file_arm
from llavapose.evaluation.tables.ratings import Rating, facing
from llavapose.evaluation.tables.verdicts import about, rated_answers, rated_in, ratings_of, read_verdicts
from llavapose.files import read_jsonl
from llavapose.pose.check import CONTRADICTED, SUPPORTED
from llavapose.report.markup import marked, spans_of

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ArmResults:
    """One arm's files.

    Attributes:
        name: what its files are called.
        answers: question id -> answer.
        ratings: judge -> its rated answers.
        beside: judge -> arm that was laid beside this one -> that arm's ratings of just that.
        controls: judge -> for each control, question id -> rating.
        verdicts: question id -> verdicts of all judges.
    """

    name: str
    answers: Mapping[str, Row]
    ratings: Mapping[str, Sequence[Rating]]
    beside: Mapping[str, Mapping[str, Sequence[Rating]]]
    controls: Mapping[str, Sequence[Mapping[str, float | None]]]
    verdicts: Mapping[str, Sequence[Row]] = field(default_factory=dict)


def arm_results(folder: Path, arm: str, judges: Sequence[str]) -> ArmResults:
    """What an arm left in a folder."""
    name = file_arm(arm)
    path = folder / "answers" / f"{name}.jsonl"
    lines = {judge: read_verdicts(folder, judge) for judge in judges}
    verdicts: dict[str, list[Row]] = {}
    for judge, found in lines.items():
        for row in about(found, name):
            verdicts.setdefault(row["question_id"], []).append({**row, "judge": judge})
    return ArmResults(
        name=name,
        answers={row["question_id"]: row for _, row in read_jsonl(path, what="answers")} if path.is_file() else {},
        ratings={judge: ratings_of(about(found, name)) for judge, found in lines.items()},
        beside={judge: rated_in(found, name) for judge, found in lines.items()},
        controls={
            judge: [by_question(rated_answers(folder, name, judge, control)) for control in Control] for judge in judges
        },
        verdicts=verdicts,
    )


def by_question(ratings: Sequence[Rating]) -> dict[str, float | None]:
    """Question id -> rating."""
    return {one.question_id: one.rating for one in ratings}


Facing = Mapping[str, tuple[Mapping[str, float | None], Mapping[str, float | None]]]
"""Judge -> ratings of an arm and of the baseline for their difference, each by question."""


def facing_baseline(own: ArmResults, baseline: ArmResults) -> Facing:
    """What a difference to the baseline is of, as in the tables: where a judge laid one beside the other, just that."""
    found = {}
    for judge, ratings in own.ratings.items():
        beside = {(other, one.name): rated for one in (own, baseline) for other, rated in one.beside[judge].items()}
        both = {own.name: ratings, baseline.name: baseline.ratings[judge]}
        first, second, together = facing(own.name, baseline.name, both, beside)
        if together:
            found[judge] = (by_question(first), by_question(second))
    return found


def answer_shown(
    question: Row, results: ArmResults | None, judges: Sequence[str], failed: bool, facing: Facing
) -> dict[str, Any]:
    """An arm's answer to a question with all that was said of it; a note alone where there is none.

    Args:
        question: of the benchmark.
        results: the arm's; None where it left none.
        judges: in order.
        failed: whether its job failed.
        facing: ``facing_baseline``; ratings that are no others than the arms' own are left to the script.
    """
    name = question["id"]
    answer = results.answers.get(name) if results else None
    if results is None or answer is None:
        return {"note": "failed" if failed else "no answer"}
    verdicts = results.verdicts.get(name, ())
    if any(row.get("text", question["text"]) != question["text"] for row in verdicts):
        return {"note": "asked another question"}
    if answer.get("finish") == "failed":
        return {"note": f"failed: {answer['text']}"}
    claims = next((row["claims"] for row in verdicts if row.get("claims")), [])
    pairs = {str(judges.index(judge)): [_rounded(of.get(name)) for of in both] for judge, both in facing.items()}
    return {
        "text": [[piece, mark] if mark else piece for piece, mark in marked(answer["text"], claims)],
        "note": _note(answer),
        **({"spans": spans} if (spans := spans_of(answer["text"], claims)) else {}),
        "wrong": sum(claim["outcome"] == CONTRADICTED for claim in claims),
        "right": sum(claim["outcome"] == SUPPORTED for claim in claims),
        "ratings": [_rounded(by_question(results.ratings[judge]).get(name)) for judge in judges],
        "controls": [_controls([of.get(name) for of in results.controls[judge]]) for judge in judges],
        "verdicts": [
            [judges.index(row["judge"]), _rounded(row["rating"]), row.get("reason", ""),
             row.get("opponent"), row.get("order"), row.get("repeat", 0)]
            for row in verdicts
        ],
        **({"facing": pairs} if pairs else {}),
    }  # fmt: skip


_CUT = {"length": "cut at its longest", "content_filter": "cut by the endpoint's filter"}


def _note(answer: Mapping[str, Any]) -> str:
    if not answer["text"].strip():
        return "empty answer"
    return _CUT.get(answer.get("finish", ""), "")


def _controls(ratings: Sequence[float | None]) -> list[float | None]:
    """Ratings under the controls, in their order; those of frames where there is any."""
    num = len([one for one in Control if not one.of_frames])
    told = ratings if any(one is not None for one in ratings[num:]) else ratings[:num]
    return list(map(_rounded, told))


def _rounded(rating: float | None) -> float | None:
    return None if rating is None else round(rating, 3)
