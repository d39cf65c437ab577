"""A stick figure that moves, written by hand: joints in pixels at key times, straight lines between."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from llavapose.frames import middle
from llavapose.pose.skeleton import COCO17
from llavapose.records import Frame, Person, Scene

SIZE = 400
FRONT = {
    "nose": (200, 60), "left eye": (208, 52), "right eye": (192, 52), "left ear": (220, 56), "right ear": (180, 56),
    "left shoulder": (236, 100), "right shoulder": (164, 100), "left elbow": (244, 160), "right elbow": (156, 160),
    "left wrist": (248, 212), "right wrist": (152, 212), "left hip": (220, 200), "right hip": (180, 200),
    "left knee": (216, 286), "right knee": (184, 286), "left ankle": (213, 371), "right ankle": (187, 371),
}  # fmt: skip
"""Standing upright, arms hanging, facing the camera; 100 pixels of torso."""

Joints = Mapping[str, tuple[float, float]]
Keys = Sequence[tuple[float, Joints]]
ARM_UP = {"left elbow": (250, 42), "left wrist": (254, -10)}
ARM_HALF_UP = {"left elbow": (290, 100), "left wrist": (290, 60)}
ELBOW_BENT = {"left wrist": (276, 112)}
SIDE = {
    "nose": (222, 60), "left eye": (216, 52), "right eye": (217, 52), "left ear": (200, 56), "right ear": (201, 56),
    "left shoulder": (203, 100), "right shoulder": (197, 100), "left elbow": (203, 162), "right elbow": (197, 162),
    "left wrist": (205, 217), "right wrist": (199, 217), "left hip": (202, 200), "right hip": (198, 200),
    "left knee": (202, 287), "right knee": (198, 287), "left ankle": (202, 372), "right ankle": (198, 372),
}  # fmt: skip
"""The same seen from the side, facing image right."""
SEATED = SIDE | {
    "left hip": (158, 287), "right hip": (154, 287), "left knee": (244, 290), "right knee": (240, 290),
    "left ankle": (244, 374), "right ankle": (240, 374),
} | {
    joint: (SIDE[joint][0] - 44, SIDE[joint][1] + 87)
    for joint in SIDE if joint.split(" ")[-1] not in ("hip", "knee", "ankle")
}  # fmt: skip
"""The side view seated on a chair; the feet forward of the hips."""
BACK = {
    joint: FRONT[("right" if joint.startswith("left") else "left") + joint[joint.index(" ") :]] if " " in joint else at
    for joint, at in FRONT.items()
}
"""From behind."""


def moved(joints: Joints, *, dx: float = 0.0, dy: float = 0.0, scale: float = 1.0) -> dict[str, tuple[float, float]]:
    """All joints shifted, after they are scaled about the picture's middle, in pixels."""
    half = SIZE / 2
    return {name: ((x - half) * scale + half + dx, (y - half) * scale + half + dy) for name, (x, y) in joints.items()}


def between(keys: Keys, time_s: float) -> dict[str, tuple[float, float]]:
    """The joints at a time; before the first key and behind the last it holds still."""
    for (start, one), (end, other) in pairwise(keys):
        if start <= time_s <= end:
            share = (time_s - start) / (end - start)
            return {name: (one[name][0] + share * (other[name][0] - one[name][0]),
                           one[name][1] + share * (other[name][1] - one[name][1])) for name in one}  # fmt: skip
    return dict(keys[0][1] if time_s < keys[0][0] else keys[-1][1])


def person(joints: Joints, number: int = 1, unlabelled: Sequence[str] = ()) -> Person:
    """Somebody with these joints in pixels; all are visible but the unlabelled."""
    points = tuple((joints[name][0] / SIZE, joints[name][1] / SIZE, 2) if name in joints and name not in unlabelled
                   else (0.0, 0.0, 0) for name in COCO17.joints)  # fmt: skip
    xs, ys = [x for x, _, seen in points if seen], [y for _, y, seen in points if seen]
    return Person(
        id=number, box_xyxy=(min(xs) - 0.02, min(ys) - 0.05, max(xs) + 0.02, max(ys) + 0.03), keypoints=points
    )


def clip(*people: Keys, num: int = 16, step_s: float = 0.2) -> Scene:
    """A scene of ``num`` frames; each of ``people`` is a list of key times with joints that replace ``FRONT``'s."""
    full = [[(time, FRONT | dict(joints)) for time, joints in keys] for keys in people]
    frames = tuple(
        Frame(image=f"{i}.jpg", time_s=round(i * step_s, 3),
              people=tuple(person(between(keys, i * step_s), n) for n, keys in enumerate(full, start=1)))
        for i in range(num)
    )  # fmt: skip
    return scene_of(frames)


def scene_of(frames: Sequence[Frame]) -> Scene:
    """The scene of these frames: its people are the middle one's, or where that lacks one, those of any that has."""
    at = frames[middle(len(frames))]
    people = [one or next(found for frame in frames if (found := frame.people[i])) for i, one in enumerate(at.people)]
    return Scene(
        id=1, image=at.image, width=SIZE, height=SIZE, people=tuple(people), frames=tuple(frames), video="stick"
    )


def _pair(first: Keys, other: Keys) -> tuple[Keys, Keys]:
    """Two people side by side, half as large."""
    return tuple(
        [(time, moved(FRONT | dict(joints), dx=dx, scale=0.5)) for time, joints in keys]
        for keys, dx in ((first, -90.0), (other, 90.0))
    )  # type: ignore[return-value]


def _again(joints: Joints, times: int, step_s: float = 0.6) -> Keys:
    return [(0.4 + step_s * i, joints if i % 2 else {}) for i in range(2 * times + 1)]


MOTIONS: dict[str, Keys] = {
    "hand past the head": [(0.8, {}), (1.6, ARM_UP)],
    "hand past the shoulder": [(0.8, {}), (1.6, ARM_HALF_UP)],
    "hand from shoulder to head": [(0.8, ARM_HALF_UP), (1.6, ARM_UP)],
    "elbow bends": [(0.8, {}), (1.6, ELBOW_BENT)],
    "elbow bends and the hand rises": [(0.6, {}), (1.2, ELBOW_BENT), (2.0, ARM_UP)],
    "sits down": [(0.8, SIDE), (1.8, SEATED)],
    "turns": [(0.8, FRONT), (1.6, SIDE)],
    "moves right": [(0.6, {}), (2.0, moved(FRONT, dx=130))],
    "comes nearer": [(0.6, moved(FRONT, scale=0.6)), (2.2, FRONT)],
    "hand up twice": _again(ARM_UP, 2),
    "elbow bends three times": _again(ELBOW_BENT, 3),
    "keeps still": [(0.0, {})],
}
"""What one person does."""

CLIPS = {
    **{name: clip(keys, num=24) for name, keys in MOTIONS.items()},
    "one first": clip(*_pair([(0.4, {}), (1.0, ARM_UP)], [(1.6, {}), (2.2, ARM_UP)])),
    "one while the other sits": clip(*_pair(_again(ELBOW_BENT, 2), [(0.8, SIDE), (1.8, SEATED)]), num=20),
}
"""Scenes over time, by what happens in them."""
