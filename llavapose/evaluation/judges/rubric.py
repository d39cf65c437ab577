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
_UNSEEN_SEVERAL = "You do not see the photographs. What is true of each is written below, in their order: "
_SEEN_SEVERAL = "You see the photographs, Picture 1 first."
_BOTH_SEVERAL = (
    "You see the photographs, Picture 1 first; what people have marked in each is written below as well, in their "
    "order: "
)
_UNSEEN_FRAMES = "You do not see the video clip. What is true of its frames, in order of time, is written below: "
_BOTH_FRAMES = "What people have marked in the frames is written below as well, in order of time: "


def prompt(
    question: str,
    answers: Sequence[str],
    scenes: Sequence[Scene | None],
    *,
    protocol: JudgeProtocol,
    context: JudgeContext,
    repeat: int = 0,
    num_frames: int = 0,
) -> str:
    """The text of one request; the pictures go beside it where the context has them.

    Args:
        question: that was asked.
        answers: in the order in which they stand.
        scenes: annotations of each picture, in order; None only where the judge sees the pictures alone.
        protocol: how many answers there are.
        context: what is shown of the picture.
        repeat: asks for the same once more, under another mark.
        num_frames: of a clip: how many frames stand beside the text, each behind its time; 0: pictures.
    """
    mark = mark_for(question, answers, repeat)
    num = len(scenes)
    one, what = num == 1, "video clip" if num_frames else "photograph"
    words = {
        "photograph": f"a {what}" if one else f"{num} {what}s",
        "the_photograph": f"the {what}" if one else f"the {what}s",
        "it": "it" if one else "them",
        "seen": _seen(context, several=not one, num_frames=num_frames),
        "context": "" if context == JudgeContext.picture else _told(scenes, context, what),
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


def _seen(context: JudgeContext, *, several: bool, num_frames: int) -> str:
    sees = f"You see {num_frames} frames of it in order, each behind its time in seconds."
    if context == JudgeContext.picture:
        return sees if num_frames else _SEEN_SEVERAL if several else _SEEN
    keypoints = "" if context == JudgeContext.captions_boxes else _KEYPOINTS
    if num_frames:
        return (f"{sees} {_BOTH_FRAMES}" if context.sees else _UNSEEN_FRAMES) + _BOXES.replace("{keypoints}", keypoints)
    both, unseen = (_BOTH_SEVERAL, _UNSEEN_SEVERAL) if several else (_BOTH, _UNSEEN)
    return (both if context.sees else unseen) + _BOXES.replace("{keypoints}", keypoints)


def _told(scenes: Sequence[Scene | None], context: JudgeContext, what: str) -> str:
    parts = "boxes" if context == JudgeContext.captions_boxes else "keypoints"
    texts = [context_text(scene, parts) for scene in scenes if scene is not None]
    if len(scenes) == 1:
        return "".join(f"\n[What is true of the {what}]\n{text}\n" for text in texts)
    assert len(texts) == len(scenes), "a picture without annotations is not asked about"
    return "".join(f"\n[What is true of Picture {number}]\n{text}\n" for number, text in enumerate(texts, 1))


@cache
def rubric(protocol: JudgeProtocol) -> str:
    """What the judge is told, with places for what differs in braces."""
    name = "single" if protocol == JudgeProtocol.single else "pair"
    return (Path(__file__).parent / "rubrics" / f"{name}.txt").read_text(encoding="utf-8").strip()
