"""The judge rates planted answers in its own protocol: alone, or each beside what it is to be told from.

A judge of pairs sees ``false_1`` beside ``clean`` and ``padding`` beside ``false_2``, in both orders; one of single
answers sees all of them alone. An answer beside itself is the same request in both orders, and counts once. ``clean``
and ``false_1`` are rated several times over, for they say whether the judge agrees with itself. All replies lie in the
judge's ledger: what was asked once is never asked again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.protocol import Benchmark
from llavapose.evaluation.judges.card.planted import CLEAN, ITSELF, NUM_CLAIMS, NUMBERS, STYLED, STYLES, Planted, plant
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.protocol import Case
from llavapose.files import inside
from llavapose.kinds import KINDS
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Answer, Question, Scene

NUM_REPEATS = 3
"""Ratings of the same where the settings ask for fewer: of 90 pictures enough to know a spread to a tenth of itself."""
REPEATED = "false_1"
"""What is rated several times over, beside or with the clean answer: the smallest true difference there is."""
_BEST_KINDS = ("detail", "complex")
"""Kinds of question that a description answers, the first preferred; a question about one fact only without them."""

BESIDE: Mapping[str, str] = {
    **{f"{name}_{number}": CLEAN for name in ("false", "removed") for number in NUMBERS},
    **dict.fromkeys(STYLES, STYLED),
    ITSELF: CLEAN,
}
"""Variant -> the answer that it is told from."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture with its planted answers and the question that they are shown under."""

    scene: Scene
    question: Question
    planted: Planted
    picture: Path | None = None


def shown_pictures(benchmark: Benchmark, seed: int, *, planned: bool = False) -> list[Shown]:
    """The benchmark's pictures that answers can be planted about, each with one of its questions.

    Args:
        benchmark: of pictures with keypoints.
        seed: of the planting.
        planned: whether nobody is asked, so that the pictures themselves need not be there.

    Raises:
        DataError: no question, or no picture with enough sure facts.
    """
    questions: dict[int, Question] = {}
    for question in sorted(benchmark.questions, key=_rank):
        if KINDS[question.kind].rated and not question.further:
            questions.setdefault(question.scene_id, question)
    if not questions:
        raise DataError(f"judge_card: {benchmark.name} asks no question that is rated, about one picture; expected a "
                        "benchmark with benchmark.num_images above 0")  # fmt: skip
    found = []
    for scene in benchmark.scenes.scenes:
        question = questions.get(scene.id)
        planted = plant(scene, scene_facts(scene), seed) if question is not None else None
        if question is not None and planted is not None:
            path = inside(benchmark.scenes.images, question.image, where=f"question {question.id}")
            there = planned or path.is_file()
            found.append(Shown(scene=scene, question=question, planted=planted, picture=path if there else None))
    if not found:
        raise DataError(
            f"judge_card: of {len(questions)} pictures of {benchmark.name} none has {NUM_CLAIMS} facts that its "
            "keypoints make sure; choose a benchmark of pictures with keypoints"
        )
    return found


def _rank(question: Question) -> int:
    return _BEST_KINDS.index(question.kind) if question.kind in _BEST_KINDS else len(_BEST_KINDS)


def cases_of(shown: Sequence[Shown], *, paired: bool) -> list[Case]:
    """Every planted answer as the judge sees it; in a pair beside what it is told from."""
    if paired:
        return [_case(one, variant, BESIDE[variant]) for one in shown for variant in BESIDE]
    return [_case(one, variant) for one in shown for variant in one.planted.texts]


def repeated_cases(shown: Sequence[Shown], *, paired: bool) -> list[Case]:
    """What is rated several times over."""
    if paired:
        return [_case(one, REPEATED, CLEAN) for one in shown]
    return [_case(one, variant) for one in shown for variant in (CLEAN, REPEATED)]


def _case(one: Shown, variant: str, beside: str | None = None) -> Case:
    question = replace(one.question, id=f"{one.question.id} {variant}")

    def answer(name: str) -> Answer:
        text = one.planted.texts[CLEAN if name == ITSELF else name]
        return Answer(question_id=question.id, arm=name, text=text)

    return Case(
        question=question,
        scene=one.scene,
        answer=answer(variant),
        opponent=answer(beside) if beside is not None else None,
        picture=one.picture,
    )


def rated(judge: LlmJudge, again: LlmJudge, shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """Ask, and give a row for every rating, with ``scene_id`` and the variant as ``arm``.

    Args:
        judge: rates each answer once.
        again: the same judge with several repeats.
        shown: the pictures.

    Raises:
        LlavaPoseError: asking was stopped, and the same command goes on; or too many ratings are missing.
    """
    paired = judge.anchor is not None
    # A judge that disagrees with itself is asked the rest too: its card shows all that its ratings are worth.
    repeated = list(_rows(again, repeated_cases(shown, paired=paired)))
    named = {row["about"] for row in repeated}
    rest = [case for case in cases_of(shown, paired=paired) if case.answer.arm not in named]
    return [*repeated, *(row for row in _rows(judge, rest) if not repeats_itself(row))]


def repeats_itself(row: Mapping[str, Any]) -> bool:
    """Whether a row is of an answer beside itself the other way round: the same words, and so the same reply."""
    return row["about"] == ITSELF and (row["arm"] == ITSELF) != (row["order"] == "ab")


def _rows(judge: LlmJudge, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    for case, judgements in zip(cases, judge.judge(cases), strict=True):
        for one in judgements:
            verdict = one.verdict
            yield {
                "scene_id": case.question.scene_id,
                "question_id": case.question.id,
                "about": case.answer.arm,
                "arm": verdict.arm,
                "opponent": verdict.opponent,
                "order": verdict.order,
                "repeat": verdict.repeat,
                "rating": verdict.rating,
                "reason": verdict.reason,
                "judge": judge.name,
            }
