"""What a judge is: the answers of one or two arms to a question in, verdicts with reasons out.

``_target_`` of the group ``judge`` names a class or function that makes one from the group's settings; an argument
``ledger`` is given the path of a ledger for a model's replies. Verdicts lie in ``verdicts/<judge>/<arm>.jsonl``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llavapose.files import fingerprint
from llavapose.records import Answer, CheckedClaim, Question, Scene, Verdict

LOWEST, HIGHEST = 1.0, 10.0
"""The scale of a rating; the pose judge's goes below, where an answer is worse than none."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One picture of a case: its annotations and its file, each None where there are none."""

    scene: Scene | None
    picture: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a judge sees at once.

    Attributes:
        question: that was asked.
        scene: the annotations of its picture, or of the first one; None where it has none.
        answer: of the arm that is evaluated.
        opponent: another arm's answer to the same question, for a judge of pairs.
        picture: the file of its picture, or of the first one; None where there is none.
        further: the pictures behind the first, in order; of a clip, the frames, whose scene is all the same.
    """

    question: Question
    scene: Scene | None
    answer: Answer
    opponent: Answer | None = None
    picture: Path | None = None
    further: tuple[Seen, ...] = ()

    @property
    def times_s(self) -> tuple[float, ...]:
        """Where its pictures are frames of one scene: when each was taken."""
        return self.question.times_s

    @property
    def seen(self) -> tuple[Seen, ...]:
        """All its pictures in order."""
        return (Seen(scene=self.scene, picture=self.picture), *self.further)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with the claims behind it, as they stand in the answer."""

    verdict: Verdict
    claims: tuple[CheckedClaim, ...] = ()


NO_ANSWER = "no answer of"
NO_KEYPOINTS = "the pictures have no keypoints, so that poses cannot be judged"
NO_ANNOTATIONS = "the picture has no annotations"
SEVERAL_PICTURES = "asks about several pictures, and this judge rates questions about one"
"""How the reason of a verdict begins where the answer is missing and not only its rating."""


def answer_hash(text: str) -> str:
    """What tells the answer that a verdict is about from any that replaced it."""
    return fingerprint(text)


class Judge(Protocol):
    """Rates answers, 1 to 10, or leaves them unscored with a reason; a failure to judge is never a score."""

    @property
    def name(self) -> str:
        """The folder of its verdicts, and its table's title."""
        ...

    @property
    def anchor(self) -> str | None:
        """The arm that all others are judged beside; None: one answer is seen at a time."""
        ...

    def judge(self, cases: Sequence[Case]) -> Iterable[tuple[Judgement, ...]]:
        """The judgements of each case, in order: one, or as many as it is rated; an opponent's behind the arm's own."""
        ...
