"""Scenes drawn by hand: three people whose poses are plain, and one alone."""

from typing import Any

import pytest

from llavapose.config.choices import Context, ConvForm
from llavapose.config.teaching import TeacherConfig
from llavapose.kinds import taught_kinds
from llavapose.records import Fact, Person, Scene, Thing

CAPTIONS = (
    "A man in a blue jacket is holding an umbrella on the street.",
    "People waiting on the street with an umbrella",
    "a person with an umbrella",
)


def standing(number: int, x: float, *, lift: float = 0.12, side: float = 0.03) -> Person:
    """Somebody who stands at ``x`` and faces us; ``lift`` is how far the left wrist is below the shoulder."""
    points = [(0.0, 0.2), (0.01, 0.19), (-0.01, 0.19), (0.02, 0.2), (-0.02, 0.2), (0.05, 0.3), (-0.05, 0.3)]
    points += [(0.05 + side, 0.3 + lift), (-0.05 - side / 3, 0.42), (0.05 + 2 * side, 0.3 + 2 * lift), (-0.07, 0.54)]
    points += [(0.03, 0.55), (-0.03, 0.55), (0.04, 0.72), (-0.04, 0.72), (0.04, 0.9), (-0.04, 0.9)]
    joints = tuple((round(x + dx, 3), round(y, 3), 2) for dx, y in points)
    return Person(id=number, box_xyxy=(round(x - 0.1, 3), 0.15, round(x + 0.1, 3), 0.95), keypoints=joints)


THREE = Scene(
    id=3,
    image="three.png",
    width=300,
    height=300,
    captions=CAPTIONS,
    people=(standing(1, 0.5), standing(2, 0.15, lift=-0.12), standing(3, 0.85, side=0.1, lift=0.01)),
    things=(
        Thing(id=8, category="umbrella", box_xyxy=(0.2, 0.02, 0.3, 0.12)),
        Thing(id=9, category="dog", box_xyxy=(0.6, 0.8, 0.7, 0.9)),
    ),
)
ALONE = Scene(
    id=1, image="one.png", width=300, height=300, captions=("A woman waving in a park.",), people=(standing(4, 0.4),)
)
MUTE = Scene(id=2, image="mute.png", width=300, height=300, people=(standing(5, 0.6),))


@pytest.fixture
def three() -> Scene:
    return THREE


@pytest.fixture
def alone() -> Scene:
    return ALONE


@pytest.fixture
def facts() -> tuple[Fact, ...]:
    """A fact of every kind about ``three``, by hand; the people from image left to right are 1, 0, 2."""
    told = [
        Fact(kind="elbow", person=0, value="straight", sure=True, part="left elbow"),
        Fact(kind="elbow", person=1, value="bent", sure=True, part="right elbow"),
        Fact(kind="knee", person=2, value="slightly bent", sure=True, part="left knee"),
        Fact(kind="arm_height", person=1, value="above the head", sure=True, part="left arm"),
        Fact(kind="arm_height", person=0, value="lowered", sure=True, part="right arm"),
        Fact(kind="arm_side", person=2, value="out to the side", sure=True, part="left arm"),
        Fact(kind="legs", person=0, value="together", sure=True),
        Fact(kind="leg_lift", person=0, value="on the ground", sure=True, part="right leg"),
        Fact(kind="trunk", person=1, value="leaning", sure=True),
        Fact(kind="stance", person=2, value="sitting", sure=True),
        Fact(kind="facing", person=0, value="toward the camera", sure=True),
        Fact(kind="facing", person=1, value="image right", sure=True),
        Fact(kind="place", person=1, value="left", sure=True),
        Fact(kind="side_of", person=0, value="right of", sure=True, target=1),
        Fact(kind="nearest", person=1, value="nearest", sure=True, target=0),
        Fact(kind="contact", person=1, value="touching", sure=True, part="left hand", target=0),
        Fact(kind="count", person=None, value="3", sure=True),
    ]
    unsure = Fact(kind="knee", person=0, value="bent", sure=False, part="right knee")
    return (*told, unsure)


def offline(context: str = "keypoints", **settings: Any) -> TeacherConfig:
    """The offline teacher's settings, one context for all kinds."""
    if "conv_form" in settings:
        settings["conv_form"] = ConvForm(settings["conv_form"])
    return TeacherConfig(name="offline", context=dict.fromkeys(taught_kinds(), Context(context)), **settings)
