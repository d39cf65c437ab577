"""A scene as the text that a teacher sees, in the papers' form (2409.09306, Table 1).

A skier follows a trail through some trees.
person: [0.419, 0.023, 0.842, 0.987], keypoints: [0.479, 0.391, 2, 0.483, 0.388, 2, ...]
skis: [0.469, 0.511, 0.513, 0.532]
"""

from collections.abc import Iterable

from llavapose.records import Person, Scene
from llavapose.scenes.coco import PERSON

PARTS = ("captions", "boxes", "keypoints")
"""What the text may hold: each contains those before it."""


def context_text(scene: Scene, parts: str = "keypoints") -> str:
    """Captions, one a line, then people and objects, one a line.

    Args:
        scene: the annotated picture.
        parts: "captions"; "boxes" for captions and boxes; "keypoints" for all three.
    """
    lines = list(scene.captions)
    if parts != "captions":
        lines += [_person(person, parts == "keypoints") for person in scene.people]
        lines += [f"{thing.category}: {_numbers(thing.box_xyxy)}" for thing in scene.things]
    return "\n".join(lines)


def _person(person: Person, with_keypoints: bool) -> str:
    line = f"{PERSON}: {_numbers(person.box_xyxy)}"
    if not with_keypoints or not person.keypoints:
        return line
    return f"{line}, keypoints: {_numbers(value for joint in person.keypoints for value in joint)}"


def _numbers(values: Iterable[float]) -> str:
    """Three decimals with trailing zeros dropped; whole numbers (visibility) without a point."""
    return f"[{', '.join(_number(value) for value in values)}]"


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    text = f"{value:.3f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
