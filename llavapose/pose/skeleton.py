"""A skeleton is a value: joint names, left/right pairs, limbs and OKS sigmas."""

from dataclasses import dataclass

from llavapose.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """The joints that a data set labels.

    Attributes:
        name: as in ``Scene.skeleton``.
        joints: names in file order; sided joints begin with "left " or "right ", the person's own.
        limbs: joint index pairs to draw.
        sigmas: one per joint, the per-joint constant of object keypoint similarity; none where that is not defined.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]

    def index(self, joint: str) -> int | None:
        """Position of a joint, None where the skeleton lacks it."""
        return self.joints.index(joint) if joint in self.joints else None

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) index pairs: the joints that trade places in a mirrored picture."""
        lefts = [joint for joint in self.joints if joint.startswith("left ")]
        rights = {joint: i for i, joint in enumerate(self.joints)}
        return tuple((rights[left], rights["right " + left[5:]]) for left in lefts if "right " + left[5:] in rights)


COCO17 = Skeleton(
    name="coco17",
    joints=(
        "nose", "left eye", "right eye", "left ear", "right ear",
        "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
        "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
    ),
    limbs=(
        (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10),
        (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
    ),
    sigmas=(
        0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062,
        0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
    ),
)  # fmt: skip
"""COCO's 17 joints, limbs and sigmas (``person_keypoints_*.json`` and pycocotools' ``cocoeval``)."""

CROWDPOSE14 = Skeleton(
    name="crowdpose14",
    joints=(
        "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
        "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle", "head top", "neck",
    ),
    limbs=(
        (10, 8), (8, 6), (11, 9), (9, 7), (6, 7), (0, 6), (1, 7), (0, 2), (1, 3), (2, 4), (3, 5),
        (12, 13), (0, 13), (1, 13),
    ),
    sigmas=(0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079),
)  # fmt: skip
"""CrowdPose's 14 joints ("head" or "top_head" in its files is the head top) and the sigmas of its own evaluation."""

MPII16 = Skeleton(
    name="mpii16",
    joints=(
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "pelvis", "thorax",
        "neck", "head top", "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    ),
    limbs=(
        (0, 1), (1, 2), (2, 6), (3, 6), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (10, 11), (11, 12), (12, 7), (7, 13),
        (13, 14), (14, 15),
    ),
    sigmas=(),
)  # fmt: skip
"""MPII's 16 joints ("upper_neck" in its files is the neck). It is scored by PCKh, which needs no sigmas."""

_KNOWN = {one.name: one for one in (COCO17, CROWDPOSE14, MPII16)}
FACTS_OF = COCO17.name
"""The skeleton that pose facts, claims and what a teacher is told are made for."""


def skeleton_named(name: str) -> Skeleton:
    """The skeleton of that name.

    Raises:
        DataError: no such skeleton.
    """
    if name not in _KNOWN:
        raise DataError(f"skeleton {name!r} is not known; expected one of {', '.join(sorted(_KNOWN))}")
    return _KNOWN[name]
