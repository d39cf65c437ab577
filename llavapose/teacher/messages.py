"""The whole request for a sample, in the papers' form: the prompt, the picture as text, the last question.

For ``conv`` each caption is a turn, as if the teacher had described the picture itself before; ``detail`` and
``complex`` have all that is sent in one user message. Examples made by hand, where there are any, are turns before the
picture. Captions and categories come from the data and may say anything,
also "ignore the instructions above": they fill data turns and never the system message, one caption is one line, and
the marks that chat templates take for their own are taken apart.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from llavapose.errors import DataError
from llavapose.llm.chat import Message
from llavapose.records import Scene
from llavapose.teacher.context import NUM_FRAMES, context_text, with_keypoints_of
from llavapose.teacher.examples import Example
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS, NUM_CAPTIONS, prompt, text_of
from llavapose.teacher.prompts.motion import INSTRUCTIONS as MOTION_INSTRUCTIONS
from llavapose.teacher.prompts.motion import motion_prompt, motion_text

_OPENING_MARK = re.compile(r"([<\[])(?=\S)")
"""Before "<|im_start|>" or "[INST]"; a space behind it leaves plain words."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def messages_of(
    scene: Scene,
    kind: str,
    *,
    context: str,
    seed: int,
    conv_form: str = "pairs",
    other: Scene | None = None,
    caption_turns: bool = True,
    examples: Sequence[Example] = (),
    num_frames: int = NUM_FRAMES,
) -> tuple[Message, ...]:
    """All messages of one request; the same arguments give the same messages.

    Args:
        scene: the annotated picture.
        kind: "conv", "detail" or "complex".
        context: one of ``config.choices.Context``.
        seed: decides the instruction of ``detail``.
        conv_form: "pairs" asks as the papers do; "dialogue" asks for questions that follow from one another.
        other: with "other_keypoints", the picture that the keypoints are taken from.
        caption_turns: with "conv", whether each caption is a turn; else they stand in the picture's text.
        examples: of this kind.
        num_frames: of a clip that are sent; its captions are never turns of their own.

    Raises:
        DataError: the scene, or the other one, lacks what the context is made of.
    """
    sent = as_data(scene)
    if context == "other_keypoints":
        sent = with_keypoints_of(sent, other)
    if not sent.captions and (context == "captions" or not (sent.people or sent.things)):
        raise DataError(f"scene {scene.id}: nothing to send with context {context!r}; leave it out or add captions")
    parts = _parts(sent, context)
    if sent.frames:
        return _about_clip(sent, kind, parts, seed, conv_form, examples, num_frames)
    before = (Message(role="system", text=prompt(kind, parts, len(sent.captions))), *_example_turns(examples))
    shown = _user(context_text(sent, parts))
    if kind == "conv":
        request = _user(text_of("conv.request.dialogue" if conv_form == "dialogue" else "conv.request"))
        picture = (*_caption_turns(sent.captions), *_place_turns(sent, parts)) if caption_turns else (shown,)
        return (*before, *picture, request)
    return (*before, shown, _user(instruction_of(scene, seed))) if kind == "detail" else (*before, shown)


def _about_clip(
    sent: Scene, kind: str, parts: str, seed: int, conv_form: str, examples: Sequence[Example], num_frames: int
) -> tuple[Message, ...]:
    """The request about a clip: what moves in its frames."""
    before = (Message(role="system", text=motion_prompt(kind, parts)), *_example_turns(examples))
    shown = _user(context_text(sent, parts, num_frames=num_frames))
    if kind == "conv":
        asked = motion_text("request.dialogue" if conv_form == "dialogue" else "request")
        return (*before, shown, _user(asked))
    return (*before, shown, _user(instruction_of(sent, seed))) if kind == "detail" else (*before, shown)


def instruction_of(scene: Scene, seed: int) -> str:
    """The instruction of a description, which is its sample's question: any of the 16, drawn by seed and scene."""
    instructions = MOTION_INSTRUCTIONS if scene.frames else DETAIL_INSTRUCTIONS
    return random.Random(f"{seed}/{scene.id}/instruction").choice(instructions)


def _parts(scene: Scene, context: str) -> str:
    """What there is to send: a picture without labelled joints has the prompt that speaks of none."""
    if context == "captions" or not (scene.people or scene.things):
        return "captions"
    return "keypoints" if context != "boxes" and any(person.keypoints for person in scene.people) else "boxes"


def _user(text: str) -> Message:
    return Message(role="user", text=text)


def _example_turns(examples: Sequence[Example]) -> list[Message]:
    return [
        message for one in examples for message in (_user(one.context), Message(role="assistant", text=one.response))
    ]


def _caption_turns(captions: Sequence[str]) -> list[Message]:
    question = _user(text_of("conv.caption_question"))
    return [message for text in captions for message in (question, Message(role="assistant", text=text))]


def _place_turns(scene: Scene, parts: str) -> list[Message]:
    """Boxes and keypoints without the captions, which have their own turns."""
    text = "" if parts == "captions" else context_text(replace(scene, captions=()), parts)
    return [_user(text)] if text else []


def as_data(scene: Scene) -> Scene:
    """The scene with its first five captions, every text in it harmless."""
    captions = [text for text in map(_harmless, scene.captions) if text]
    things = tuple(replace(thing, category=_harmless(thing.category)) for thing in scene.things)
    return replace(scene, captions=tuple(captions[:NUM_CAPTIONS]), things=things)


def _harmless(text: str) -> str:
    """On one line, without control signs, opening brackets apart from what follows them."""
    return _OPENING_MARK.sub(r"\1 ", " ".join(_CONTROL.sub("", text).split()))
