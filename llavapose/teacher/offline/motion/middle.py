"""Samples about the middle of a clip: what holds of that one frame is asked of it in so many words.

The question says it, once and in front, so that the answers stay as they are of a picture: "In the middle of the clip,
is the left elbow of the person bent or straight?" A claims check then takes the answer as still.
"""

import re
from dataclasses import replace

from llavapose.records import Turn

MIDDLE = "In the middle of the clip, "
"""What stands in front of a question."""

FRAME = "Look at the frame in the middle of the clip. "
"""What stands in front of an instruction, which is no question about a time."""

_QUESTION = re.compile(r"^(?:what|which|who|whom|whose|where|whereabouts|when|why|how|is|are|was|does|do|did|has|have|had|"
                       r"can|could|would|will|might|may|should|if|to|in|on|at|from|toward|for|of|with)\b", re.I)  # fmt: skip


def in_the_middle(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns of a sample about a picture, asked about the middle of a clip."""
    return tuple(replace(turn, text=asked_there(turn.text)) if turn.role == "user" else turn for turn in turns)


def asked_there(text: str) -> str:
    """A question or instruction with the words that say which moment is meant."""
    if _QUESTION.match(text) and text.rstrip().endswith("?"):
        return f"{MIDDLE}{text[:1].lower()}{text[1:]}"
    return f"{FRAME}{text}"
