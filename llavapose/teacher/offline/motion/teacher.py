"""The keyless teacher of motion: all kinds about clips by one interface, as the one of pictures.

>>> MotionTeacher().write(Request(scene=scene, facts=facts, kind="conv", num=2, seed=0))
((Turn(role="user", ...), Turn(role="assistant", ...)), (...))
"""

import random
from collections.abc import Callable

from llavapose.errors import ConfigError
from llavapose.records import Turn
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.motion.complex import questions_and_answers
from llavapose.teacher.offline.motion.conv import pairs
from llavapose.teacher.offline.motion.course import Course, course_of
from llavapose.teacher.offline.motion.detail import INSTRUCTIONS, describe
from llavapose.teacher.offline.teacher import Request


class MotionTeacher:
    """Writes from motion facts, times and captions; needs no model and no network.

    Args:
        context: "captions", "boxes" or "keypoints": what it may use.
        balance: how common each value is among the scenes at hand, so that answers come out even.
    """

    name = "offline"

    def __init__(self, *, context: str = "keypoints", balance: Balance | None = None) -> None:
        self.context = context
        self.balance = balance or Balance()

    def write(self, request: Request) -> tuple[tuple[Turn, ...], ...]:
        """Up to ``request.num`` different conversations; fewer where the clip says no more."""
        if request.kind not in WRITERS:
            raise ConfigError(f"teacher offline writes no {request.kind}; expected one of {', '.join(WRITERS)}")
        course = course_of(request.scene, request.facts, self.context, self.balance)
        return WRITERS[request.kind](course, request)


def _conversations(course: Course, request: Request) -> tuple[tuple[Turn, ...], ...]:
    """Single pairs, or dialogues of several; the last dialogue may be shorter."""
    length = request.num_pairs
    found = [_turns(*pair) for pair in pairs(course, request.num * length, request.seed)]
    groups = [found[start : start + length] for start in range(0, len(found), length)]
    return tuple(tuple(turn for pair in group for turn in pair) for group in groups)


def _details(course: Course, request: Request) -> tuple[tuple[Turn, ...], ...]:
    """Descriptions under different instructions; none where nothing is sure to move."""
    rng = random.Random(f"{request.seed}/{request.scene.id}/motion/instruction")
    instructions = rng.sample(INSTRUCTIONS, len(INSTRUCTIONS))[: request.num]
    texts = [(asked, describe(course, request.seed + index)) for index, asked in enumerate(instructions)]
    return tuple(_turns(asked, text) for asked, text in texts if text)


def _reasonings(course: Course, request: Request) -> tuple[tuple[Turn, ...], ...]:
    return tuple(_turns(*pair) for pair in questions_and_answers(course, request.seed, request.num))


def _turns(question: str, answer: str) -> tuple[Turn, Turn]:
    return Turn(role="user", text=question), Turn(role="assistant", text=answer)


WRITERS: dict[str, Callable[[Course, Request], tuple[tuple[Turn, ...], ...]]] = {
    "conv": _conversations,
    "detail": _details,
    "complex": _reasonings,
}
"""Kind of sample -> what writes it."""
