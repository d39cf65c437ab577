"""What a judge is: answers in, ratings with reasons out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from llavapose.records import Answer, CheckedClaim, Question, Scene, Verdict


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with the claims behind it, in the answer's order."""

    verdict: Verdict
    claims: tuple[CheckedClaim, ...] = ()


class Judge(Protocol):
    """Rates answers from 1 to 10, or leaves them unscored with a reason; a failure to judge is never a score."""

    name: str

    def judge(
        self, questions: Sequence[Question], answers: Sequence[Answer], scenes: Mapping[int, Scene]
    ) -> tuple[Judgement, ...]:
        """One judgement an answer, in order.

        Args:
            questions: all questions that ``answers`` refer to.
            answers: of one arm.
            scenes: scene id -> scene.
        """
        ...
