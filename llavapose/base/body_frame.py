"""What a person does, said the same wherever in the picture it happens: joints in the person's own frame, and things.

Offsets from a patch say mostly where the patch is. These numbers are the same at every patch of a person, so that a
language model which looks anywhere on the person reads the pose. All of them follow from COCO's keypoints and boxes.
"""

import numpy as np

from llavapose.pose.geometry import body_unit
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.world.drawn.props import COCO_IDS

CATEGORIES = tuple(name for name in COCO_IDS if name != "person")
"""Names of the things that the encoder tells apart, in the order of their flags."""

_JOINTS = COCO17.joints
_ROOTS = [_JOINTS.index(f"{side} {name}") for name in ("shoulder", "hip") for side in ("left", "right")]
ENDS = tuple(_JOINTS.index(f"{side} {name}") for name in ("wrist", "ankle") for side in ("left", "right"))
"""Joints that things are held with or stood on."""

NUM_VALUES = 2 * len(_JOINTS) + 4
"""Numbers a person: joints in torso lengths from the trunk's middle, box centre and size in the picture."""
NUM_FLAGS = len(ENDS) + len(CATEGORIES)
"""Yes or no a person: something lies at this hand or foot, a thing of this category lies at one of them."""

_JOINT_SCALE, _BOX_SCALE = 0.15, 0.5
_REACH = 0.35
"""How far from a wrist or ankle a thing's box may be, in torso lengths."""


def own_values(joints: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(float[NUM_VALUES], weights) of float[17, 3] joints and a box_xyxy, both in 0..1 of the square picture."""
    known = joints[:, 2] > 0
    roots = [index for index in _ROOTS if known[index]]
    unit = _unit(joints)
    frame = bool(roots) and unit > 0
    middle = joints[roots, :2].mean(0) if roots else np.zeros(2)
    points = (joints[:, :2] - middle) / unit * _JOINT_SCALE if frame else np.zeros((len(joints), 2))
    place = np.concatenate([box[:2] + box[2:], 2 * (box[2:] - box[:2])]) / 2 * _BOX_SCALE
    values = np.concatenate([np.where(known[:, None], points, 0).clip(-1, 1).ravel(), place])
    weights = np.concatenate([np.repeat(known & frame, 2), np.ones(4)])
    return values.astype(np.float32), weights.astype(np.float32)


def own_flags(joints: np.ndarray, things: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(float[NUM_FLAGS], weights) of float[17, 3] joints and float[M, 5] things: box_xyxy and category index."""
    flags, weights = np.zeros(NUM_FLAGS, np.float32), np.zeros(NUM_FLAGS, np.float32)
    unit = _unit(joints)
    if unit <= 0:
        return flags, weights
    for place, joint in enumerate(ENDS):
        if joints[joint, 2] == 0:
            continue
        weights[place] = 1
        weights[len(ENDS) :] = 1
        for thing in things:
            gap = joints[joint, :2] - joints[joint, :2].clip(thing[:2], thing[2:4])
            if np.linalg.norm(gap) < _REACH * unit:
                flags[place] = 1
                flags[len(ENDS) + int(thing[4])] = 1
    return flags, weights


def patch_categories(points: np.ndarray, things: np.ndarray) -> np.ndarray:
    """float[P, C]: whether each of float[P, 2] points lies in the box of a thing of each category."""
    found = np.zeros((len(points), len(CATEGORIES)), np.float32)
    for thing in things:
        inside = ((points >= thing[:2]) & (points <= thing[2:4])).all(1)
        found[inside, int(thing[4])] = 1
    return found


def _unit(joints: np.ndarray) -> float:
    points = {name: (float(x), float(y)) for name, (x, y, seen) in zip(_JOINTS, joints, strict=True) if seen > 0}
    return body_unit(points)
