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
        sigmas: one per joint, the per-joint constant of object keypoint similarity.
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

_KNOWN = {COCO17.name: COCO17}


def skeleton_named(name: str) -> Skeleton:
    """The skeleton of that name.

    Raises:
        DataError: no such skeleton.
    """
    if name not in _KNOWN:
        raise DataError(f"skeleton {name!r} is not known; expected one of {', '.join(sorted(_KNOWN))}")
    return _KNOWN[name]
