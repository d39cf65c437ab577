"""What the vision encoder learns to say at every patch about the person it lies on: numbers from COCO annotations.

Joints as in any keypoint regression; limb directions are the part affinity fields of Cao et al. (CVPR 2017); joint
angles, box, order from the left, number of people and what lies at hands and feet follow from the same annotations. No
word, and nothing of the world's latent truth.
"""

from dataclasses import dataclass

import numpy as np

from llavapose.base import body_frame
from llavapose.pose.skeleton import COCO17
from llavapose.records import Scene

_JOINTS = COCO17.joints
_PAIRS = ("shoulder elbow", "elbow wrist", "hip knee", "knee ankle")
LIMBS = tuple(
    (_JOINTS.index(f"{side} {a}"), _JOINTS.index(f"{side} {b}"))
    for a, b in (pair.split() for pair in _PAIRS)
    for side in ("left", "right")
)
"""Directed limbs as joint indices: arms and legs of both sides."""
ANGLES = tuple(
    (_JOINTS.index(f"{side} {a}"), _JOINTS.index(f"{side} {b}"), _JOINTS.index(f"{side} {c}"))
    for a, b, c in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
    for side in ("left", "right")
)
"""Interior angles as (end, vertex, end)."""
MAX_PEOPLE = 4

NUM_JOINTS = len(_JOINTS)
LOCAL = 2 * NUM_JOINTS + 2 * len(LIMBS) + len(ANGLES) + 4
"""Numbers a patch: joint offsets, limb directions, cosines of angles, box edges."""
REGRESSED = LOCAL + body_frame.NUM_VALUES
"""... and the person's joints in their own frame, which are the same at every patch."""
VISIBLE = 1 + NUM_JOINTS + MAX_PEOPLE
"""Yes or no a patch: lies on a person, joint visible, the person is the n-th from the left."""
PERSON_ORDER = slice(1 + NUM_JOINTS, VISIBLE)
"""The flags of the order from the left."""
BINARY = VISIBLE + body_frame.NUM_FLAGS + len(body_frame.CATEGORIES)
"""... and what lies at the person's hands and feet, and which things' boxes the patch lies in."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Targets of P patches: values with a weight of 0 where there is nothing to learn.

    Attributes:
        values: float32[P, REGRESSED], offsets in picture widths from the patch's centre.
        weights: float32[P, REGRESSED].
        flags: float32[P, BINARY].
        flag_weights: float32[P, BINARY].
        count: people in the picture, 1..MAX_PEOPLE, minus one.
    """

    values: np.ndarray
    weights: np.ndarray
    flags: np.ndarray
    flag_weights: np.ndarray
    count: int


def mirrored_order() -> np.ndarray:
    """int[17]: for each joint, the joint of the other side; the joint itself where it has none."""
    names = [
        name.replace("left", "?").replace("right", "left").replace("?", "right") if name != "nose" else name
        for name in _JOINTS
    ]
    return np.array([_JOINTS.index(name) for name in names])


def patch_targets(keypoints: np.ndarray, boxes: np.ndarray, things: np.ndarray, *, grid: int) -> Targets:
    """Targets of every patch of a square picture.

    Args:
        keypoints: float[N, 17, 3] x, y in 0..1 of the padded square, visibility.
        boxes: float[N, 4] x1, y1, x2, y2 in 0..1.
        things: float[M, 5] x1, y1, x2, y2 in 0..1, index into ``body_frame.CATEGORIES``.
        grid: patches a side.
    """
    centres = (np.arange(grid) + 0.5) / grid
    points = np.stack(np.meshgrid(centres, centres), -1).reshape(-1, 2)  # [P, 2] x, y
    num = len(points)
    values, weights = np.zeros((num, REGRESSED), np.float32), np.zeros((num, REGRESSED), np.float32)
    flags, flag_weights = np.zeros((num, BINARY), np.float32), np.zeros((num, BINARY), np.float32)
    flag_weights[:, 0] = 1
    flags[:, -len(body_frame.CATEGORIES) :] = body_frame.patch_categories(points, things)
    flag_weights[:, -len(body_frame.CATEGORIES) :] = 1
    if len(keypoints):
        owner, lies_on = _owners(points, keypoints, boxes, reach=0.6 / grid)
        flags[:, 0] = lies_on
        order = np.argsort(np.argsort(boxes[:, 0] + boxes[:, 2]))
        for person in range(len(keypoints)):
            mine = owner == person
            value, weight = _person(keypoints[person], boxes[person], points[mine])
            values[mine, :LOCAL], weights[mine, :LOCAL] = value, weight
            values[mine, LOCAL:], weights[mine, LOCAL:] = body_frame.own_values(keypoints[person], boxes[person])
            held = slice(VISIBLE, VISIBLE + body_frame.NUM_FLAGS)
            flags[mine, held], flag_weights[mine, held] = body_frame.own_flags(keypoints[person], things)
            flags[mine, 1 : 1 + NUM_JOINTS] = keypoints[person, :, 2] == 2
            flags[mine, 1 + NUM_JOINTS + min(order[person], MAX_PEOPLE - 1)] = 1
            flag_weights[mine, 1:VISIBLE] = 1
    count = int(np.clip(len(keypoints), 1, MAX_PEOPLE)) - 1
    return Targets(values=values, weights=weights, flags=flags, flag_weights=flag_weights, count=count)


def _owners(
    points: np.ndarray, keypoints: np.ndarray, boxes: np.ndarray, *, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """(int[P], bool[P]): the nearest person of each patch, and whether the patch lies on that person.

    Background speaks of the nearest person too, so that a language model that attends to all patches alike already
    reads a pose. Near is measured to the box, and between people whose boxes overlap to the joints.
    """
    to_box = points[:, None] - points[:, None].clip(boxes[None, :, :2], boxes[None, :, 2:])  # [P, N, 2]
    outside = np.linalg.norm(to_box, axis=-1).T  # [N, P]
    nearest = np.full_like(outside, 0.5)
    for person, joints in enumerate(keypoints):
        known = joints[joints[:, 2] > 0, :2]
        if len(known):
            middle = [(joints[a, :2] + joints[b, :2]) / 2 for a, b in LIMBS if joints[a, 2] and joints[b, 2]]
            known = np.concatenate([known, middle]) if middle else known
            nearest[person] = np.linalg.norm(points[:, None] - known[None], axis=-1).min(1)
    owner = (2 * outside + nearest).argmin(0)
    own = to_box[np.arange(len(points)), owner]  # [P, 2]
    within = np.abs(own).max(-1) < reach
    return owner, within


def _person(joints: np.ndarray, box: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = (joints[:, 2] > 0).astype(np.float32)
    offsets = joints[None, :, :2] - points[:, None]  # [P, 17, 2]
    limbs, limb_known, cosines, angle_known = [], [], [], []
    for a, b in LIMBS:
        vector = joints[b, :2] - joints[a, :2]
        limbs.append(vector / (np.linalg.norm(vector) + 1e-6))
        limb_known.append(known[a] * known[b])
    for a, b, c in ANGLES:
        one, two = joints[a, :2] - joints[b, :2], joints[c, :2] - joints[b, :2]
        cosines.append(one @ two / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-6))
        angle_known.append(known[a] * known[b] * known[c])
    fixed = np.concatenate([np.ravel(limbs) * 0.3, np.array(cosines) * 0.3])
    edges = box[None] - np.concatenate([points, points], 1)
    value = np.concatenate([offsets.reshape(len(points), 2 * NUM_JOINTS), np.tile(fixed, (len(points), 1)), edges], 1)
    weight = np.concatenate([np.repeat(known, 2), np.repeat(limb_known, 2), angle_known, np.ones(4)])
    return value, np.tile(weight, (len(points), 1))


def scene_arrays(scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(keypoints float[N, 17, 3], boxes float[N, 4], things float[M, 5]) of a scene in its padded square, 0..1."""
    side = max(scene.width, scene.height)
    shift = np.array([side - scene.width, side - scene.height]) / 2 / side
    scale = np.array([scene.width, scene.height]) / side
    people = [person for person in scene.people if person.keypoints]
    keypoints = np.array([person.keypoints for person in people], np.float32).reshape(-1, NUM_JOINTS, 3)
    boxes = np.array([person.box_xyxy for person in people], np.float32).reshape(-1, 4)
    known = [thing for thing in scene.things if thing.category in body_frame.CATEGORIES]
    rows = [(*thing.box_xyxy, body_frame.CATEGORIES.index(thing.category)) for thing in known]
    things = np.array(rows, np.float32).reshape(-1, 5)
    keypoints[..., :2] = keypoints[..., :2] * scale + shift
    boxes = boxes * np.tile(scale, 2) + np.tile(shift, 2)
    things[:, :4] = things[:, :4] * np.tile(scale, 2) + np.tile(shift, 2)
    return keypoints, boxes, things
