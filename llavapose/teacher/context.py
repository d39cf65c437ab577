"""A scene as the text that a teacher sees, in the papers' form (2409.09306, Table 1).

A skier follows a trail through some trees.
person: [0.419, 0.023, 0.842, 0.987], keypoints: [0.479, 0.391, 2, 0.483, 0.388, 2, ...]
skis: [0.469, 0.511, 0.513, 0.532]

A clip has such lines of people in each of its chosen frames, headed by the frame's time: "0.4 s:".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import cycle

from llavapose.errors import DataError
from llavapose.frames import chosen, middle, time_told
from llavapose.records import Frame, Person, Scene
from llavapose.scenes.coco import PERSON
from llavapose.teacher.order import order_of

_PARTS = ("captions", "boxes", "keypoints")
"""What the text may hold: each contains those before it."""


FALSE_ON_PURPOSE = "poses are told from another picture's keypoints: false of its own picture, on purpose"
"""What a run with ``other_keypoints`` says of its samples."""


NUM_FRAMES = 8
"""Frames of a clip that a teacher is sent where nothing else is said: half of the moving world's, and a third of the
tokens that sixteen frames of two people would take of a context of 8,192."""


def context_text(scene: Scene, parts: str = "keypoints", *, num_frames: int = NUM_FRAMES) -> str:
    """Captions, one a line, then people and objects, one a line; of a clip the people frame by frame, under its time.

    Args:
        scene: the annotated picture, or a clip.
        parts: "captions"; "boxes" for captions and boxes; "keypoints" for all three.
        num_frames: most frames of a clip, chosen evenly (``frames.chosen``).
    """
    if scene.frames:
        return _clip_text(scene, parts, num_frames)
    lines = list(scene.captions)
    if parts != "captions":
        lines += [_person(person, parts == "keypoints") for person in scene.people]
        lines += [f"{thing.category}: {_numbers(thing.box_xyxy)}" for thing in scene.things]
    return "\n".join(lines)


def _clip_text(scene: Scene, parts: str, num_frames: int) -> str:
    """The same of a clip: people have their number where there are several, objects stand once, before the frames."""
    lines = list(scene.captions)
    if parts == "captions":
        return "\n".join(lines)
    if scene.things:
        lines += ["objects, in the middle of the clip:"]
        lines += [f"{thing.category}: {_numbers(thing.box_xyxy)}" for thing in scene.things]
    several = len(scene.people) > 1
    for number in chosen(len(scene.frames), num_frames):
        frame = scene.frames[number]
        lines.append(time_told(frame.time_s).rstrip())
        for index, person in enumerate(frame.people):
            if person is not None:
                name = f"{PERSON} {index + 1}" if several else PERSON
                lines.append(_person(person, parts == "keypoints", name))
    return "\n".join(lines)


def with_keypoints_of(scene: Scene, other: Scene | None) -> Scene:
    """The scene with the other's keypoints as they are, person by person in order, from the first again at the end.

    The control for style: all that a teacher sees is alike but for what the keypoints say of this picture.

    Raises:
        DataError: the other scene has no keypoints.
    """
    given = [person.keypoints for person in other.people if person.keypoints] if other else []
    if not given:
        whose = f"scene {other.id} has none" if other else "no other scene was given"
        raise DataError(f"scene {scene.id}: context 'other_keypoints' needs another picture's keypoints, {whose}")
    supply = cycle(given)
    people = tuple(replace(person, keypoints=next(supply)) if person.keypoints else person for person in scene.people)
    if not scene.frames:
        return replace(scene, people=people)
    frames = _frames_with(scene, other)
    return replace(scene, people=_seen(frames[middle(len(frames))].people, scene.people), frames=frames)


def _frames_with(scene: Scene, other: Scene | None) -> tuple[Frame, ...]:
    """The scene's frames with the keypoints of the other's people in its frames, from its first frame again at the end.

    A picture that stands alone lends the same pose to all frames.
    """
    assert other is not None
    lent = [frame.people for frame in other.frames] or [other.people]
    having = [index for index, person in enumerate(other.people) if person.keypoints]
    found = []
    for number, frame in enumerate(scene.frames):
        there = lent[number % len(lent)]
        people: list[Person | None] = []
        for index, person in enumerate(frame.people):
            source = there[having[index % len(having)]]
            keypoints = source.keypoints if source is not None else ()
            people.append(replace(person, keypoints=keypoints) if person is not None and person.keypoints else person)
        found.append(replace(frame, people=tuple(people)))
    return tuple(found)


def _seen(people: Sequence[Person | None], scene_people: Sequence[Person]) -> tuple[Person, ...]:
    """The people of the middle frame; a scene's own where the frame has nobody in a place."""
    return tuple(one if one is not None else own for one, own in zip(people, scene_people, strict=True))


def partners(scenes: Sequence[Scene], seed: int) -> dict[int, Scene]:
    """Image id -> the other picture whose keypoints stand in for its own, drawn once by the seed.

    Never itself, and each picture with keypoints lends them once to one that has some: a derangement. The other has as
    many people with keypoints wherever there is one; the few for whom there is none lend theirs to one another.

    Raises:
        DataError: fewer than two pictures have keypoints.
    """
    numbers = {scene.id: sum(bool(person.keypoints) for person in scene.people) for scene in scenes}
    having = {scene.id: scene for scene in scenes if numbers[scene.id]}
    if len(having) < 2:
        raise DataError(f"context 'other_keypoints' needs two pictures with keypoints; there are {len(having)}")
    order = order_of(having, "other", seed)
    alike: dict[int, list[int]] = defaultdict(list)
    for scene_id in order:
        alike[numbers[scene_id]].append(scene_id)
    circles = [ids for _, ids in sorted(alike.items()) if len(ids) > 1]
    left = [ids[0] for _, ids in sorted(alike.items()) if len(ids) == 1]
    if len(left) == 1:
        circles[-1].append(left[0])
    elif left:
        circles.append(left)
    following = {one: next_ for ids in circles for one, next_ in zip(ids, (*ids[1:], ids[0]), strict=True)}
    return {scene.id: having[following.get(scene.id, order[0])] for scene in scenes}


def _person(person: Person, with_keypoints: bool, name: str = PERSON) -> str:
    line = f"{name}: {_numbers(person.box_xyxy)}"
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
