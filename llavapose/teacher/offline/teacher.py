"""The keyless teacher: it writes all three kinds from the sure facts and the captions, true by construction."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llavapose.errors import ConfigError
from llavapose.records import Fact, Scene, Turn
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.complex import question_and_answer, questions_and_answers
from llavapose.teacher.offline.conv import pairs
from llavapose.teacher.offline.detail import describe
from llavapose.teacher.offline.evidence import Evidence, evidence_of
from llavapose.teacher.offline.limited import limited_description, limited_pairs, limited_reasoning
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS

ANY_QUESTION = "What might happen next? Explain why."
"""Asked where a scene gives no ground for any line of reasoning."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the offline teacher is asked for.

    Attributes:
        scene: the annotated picture.
        facts: what its keypoints say.
        kind: of sample; one that ``WRITERS`` knows.
        num: conversations wanted.
        num_pairs: question-answer pairs of each conversation.
        seed: decides every choice.
        seen: facts that answers are given from, where those are not the questions'; None: ``facts`` for both.
    """

    scene: Scene
    facts: tuple[Fact, ...]
    kind: str
    num: int
    seed: int
    num_pairs: int = 1
    seen: tuple[Fact, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What questions are asked from, and what they are answered from where that is something else."""

    asked: Evidence
    answered: Evidence | None = None


class OfflineTeacher:
    """Writes from facts; needs no model and no network.

    Args:
        context: "captions", "boxes" or "keypoints": what it may use.
        balance: how common each value is among the scenes at hand, so that answers come out even.
        sees: what answers may use of ``Request.seen``, where a request has that.
    """

    name = "offline"

    def __init__(self, *, context: str = "keypoints", balance: Balance | None = None, sees: str = "keypoints") -> None:
        self.context, self.sees = context, sees
        self.balance = balance or Balance()

    def write(self, request: Request) -> tuple[tuple[Turn, ...], ...]:
        """Up to ``request.num`` different conversations; fewer where the scene says no more."""
        if request.kind not in WRITERS:
            raise ConfigError(f"teacher offline writes no {request.kind}; expected one of {', '.join(WRITERS)}")
        evidence = evidence_of(request.scene, request.facts, self.context, self.balance)
        shown = Shown(asked=evidence)
        if request.seen is not None:
            shown = Shown(asked=evidence, answered=evidence_of(request.scene, request.seen, self.sees, self.balance))
        return WRITERS[request.kind](shown, request)


def complex_question(scene: Scene, facts: Sequence[Fact], seed: int) -> str:
    """A question for reasoning about the scene that gives nothing of it away."""
    found = question_and_answer(evidence_of(scene, facts, "keypoints", Balance()), seed)
    return found[0] if found else ANY_QUESTION


def _conversations(shown: Shown, request: Request) -> tuple[tuple[Turn, ...], ...]:
    """Single pairs, or dialogues of several; the last dialogue may be shorter."""
    length = request.num_pairs
    num = request.num * length
    if shown.answered is None:
        texts = pairs(shown.asked, num, request.seed)
    else:
        texts = limited_pairs(shown.asked, shown.answered, num, request.seed)
    found = [_turns(*pair) for pair in texts]
    groups = [found[start : start + length] for start in range(0, len(found), length)]
    return tuple(tuple(turn for pair in group for turn in pair) for group in groups)


def _details(shown: Shown, request: Request) -> tuple[tuple[Turn, ...], ...]:
    """Descriptions under different instructions; none where the context tells nothing."""
    rng = random.Random(f"{request.seed}/{request.scene.id}/instruction")
    instructions = rng.sample(DETAIL_INSTRUCTIONS, len(DETAIL_INSTRUCTIONS))[: request.num]
    found = []
    for index, instruction in enumerate(instructions):
        seed = request.seed + index
        text = describe(shown.asked, seed)
        if text:
            told = text if shown.answered is None else limited_description(shown.answered, seed)
            found.append(_turns(instruction, told))
    return tuple(found)


def _reasonings(shown: Shown, request: Request) -> tuple[tuple[Turn, ...], ...]:
    if shown.answered is None:
        texts = questions_and_answers(shown.asked, request.seed, request.num)
    else:
        texts = limited_reasoning(shown.asked, shown.answered, request.seed, request.num)
    return tuple(_turns(*pair) for pair in texts)


def _turns(question: str, answer: str) -> tuple[Turn, Turn]:
    return Turn(role="user", text=question), Turn(role="assistant", text=answer)


WRITERS: dict[str, Callable[[Shown, Request], tuple[tuple[Turn, ...], ...]]] = {
    "conv": _conversations,
    "detail": _details,
    "complex": _reasonings,
}
"""Kind of sample -> what writes it."""
