"""What a model is told as judge: the rubric, what it may know of the picture, the answers in a fence.

    [Answer 1, 4f1c9a0b7d2e]
    The left elbow is bent.
    [End of answer 1, 4f1c9a0b7d2e]

The rubrics are ``rubrics/single.txt`` and ``rubrics/pair.txt``: helpfulness, relevance, accuracy and level of detail
from 1 to 10 with an explanation, as in the papers (Sensors 2025, section 4; the prompt itself is not printed there).
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from llavapose.config.choices import JudgeContext, JudgeProtocol
from llavapose.evaluation.judges.replies import mark_of
from llavapose.records import Scene
from llavapose.teacher.context import context_text

_BOXES = (
    "captions, then people and objects with their boxes [x1, y1, x2, y2]{keypoints}. Coordinates are shares of width "
    "and height, from the top left corner."
)
_KEYPOINTS = (
    " and, where given, people's 17 COCO keypoints as x, y, visibility (0 not labelled, 1 hidden, 2 visible); left and "
    "right limbs are the person's own"
)
_UNSEEN = "You do not see the photograph. What is true of it is written below: "
_SEEN = "You see the photograph."
_BOTH = "You see the photograph; what people have marked in it is written below as well: "


def prompt(
    question: str,
    answers: Sequence[str],
    scene: Scene | None,
    *,
    protocol: JudgeProtocol,
    context: JudgeContext,
    repeat: int = 0,
) -> str:
    """The text of one request; a picture goes beside it where the context has one.

    Args:
        question: that was asked.
        answers: in the order in which they stand.
        scene: annotations; None only where the judge sees the picture alone.
        protocol: how many answers there are.
        context: what is shown of the picture.
        repeat: asks for the same once more, under another mark.
    """
    mark = mark_for(question, answers, repeat)
    words = {
        "seen": _seen(context),
        "context": "" if scene is None or context == JudgeContext.picture else _told(scene, context),
        "question": question,
        "answers": "\n\n".join(fenced(text, number, mark) for number, text in enumerate(answers, 1)),
        "mark": mark,
    }
    # In one pass, so that braces in an answer stay what they are.
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], rubric(protocol))


def mark_for(question: str, answers: Sequence[str], repeat: int = 0) -> str:
    """The mark of one request; the same whenever it is asked."""
    return mark_of(question, tuple(answers), repeat)


def fenced(text: str, number: int, mark: str) -> str:
    """An answer between two lines that it cannot hold itself."""
    return f"[Answer {number}, {mark}]\n{text}\n[End of answer {number}, {mark}]"


def _seen(context: JudgeContext) -> str:
    if context == JudgeContext.picture:
        return _SEEN
    keypoints = "" if context == JudgeContext.captions_boxes else _KEYPOINTS
    return (_BOTH if context.sees else _UNSEEN) + _BOXES.replace("{keypoints}", keypoints)


def _told(scene: Scene, context: JudgeContext) -> str:
    parts = "boxes" if context == JudgeContext.captions_boxes else "keypoints"
    return f"\n[What is true of the photograph]\n{context_text(scene, parts)}\n"


@cache
def rubric(protocol: JudgeProtocol) -> str:
    """What the judge is told, with places for what differs in braces."""
    name = "single" if protocol == JudgeProtocol.single else "pair"
    return (Path(__file__).parent / "rubrics" / f"{name}.txt").read_text(encoding="utf-8").strip()
