"""A drawn-by-hand figure, and scenes of it: a person in front of the camera, 100 pixels of torso."""

import pytest

from llavapose.pose.skeleton import COCO17
from llavapose.records import Person, Scene, Thing

FRONT = {
    "nose": (200, 60), "left eye": (208, 52), "right eye": (192, 52), "left ear": (220, 56), "right ear": (180, 56),
    "left shoulder": (236, 100), "right shoulder": (164, 100), "left elbow": (244, 160), "right elbow": (156, 160),
    "left wrist": (248, 212), "right wrist": (152, 212), "left hip": (220, 200), "right hip": (180, 200),
    "left knee": (216, 286), "right knee": (184, 286), "left ankle": (213, 371), "right ankle": (187, 371),
}  # fmt: skip
"""Standing upright, arms hanging, facing the camera, in a picture of 400 x 400 pixels."""


class Figures:
    """Builds people and scenes from joints in pixels."""

    size = 400

    def person(self, index: int = 0, *, hidden=(), unlabelled=(), dx: float = 0.0, **joints) -> Person:
        """The front figure with some joints moved (``left_wrist=(x, y)``), hidden or not labelled."""
        points = FRONT | {name.replace("_", " "): point for name, point in joints.items()}
        keypoints = []
        for name in COCO17.joints:
            x, y = points[name]
            visibility = 0 if name in unlabelled else 1 if name in hidden else 2
            keypoints.append(((x + dx) / self.size, y / self.size, visibility) if visibility else (0.0, 0.0, 0))
        xs = [x for x, _, v in keypoints if v]
        ys = [y for _, y, v in keypoints if v]
        box = (min(xs) - 0.02, min(ys) - 0.05, max(xs) + 0.02, max(ys) + 0.03)
        return Person(id=index + 1, box_xyxy=box, keypoints=tuple(keypoints))

    def scene(self, *people: Person, things=(), num_crowds: int = 0) -> Scene:
        """A square scene of these people; things as (category, box in pixels)."""
        listed = tuple(
            Thing(id=100 + i, category=category, box_xyxy=tuple(value / self.size for value in box))
            for i, (category, box) in enumerate(things)
        )
        return Scene(id=7, image="7.jpg", width=self.size, height=self.size, people=people, things=listed,
                     num_crowds=num_crowds)  # fmt: skip

    def row(self, count: int) -> Scene:
        """``count`` people side by side, in reverse order of annotation."""
        people = [self.person(i, dx=30 * (count - 1) - 60 * i) for i in range(count)]
        return self.scene(*people)


@pytest.fixture
def figures() -> Figures:
    return Figures()
