"""A drawn scene: sides by colour, hidden joints hollow, broken pictures named."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.records import Frame, Person, Scene, Thing
from llavapose.scenes.draw import GAP_PX, HALO, LEFT, PAPER, PEOPLE, RIGHT, draw_scene, draw_strip

LEFT_WRIST, RIGHT_WRIST, LEFT_ANKLE = 9, 10, 15


def scene(hidden: bool = False) -> Scene:
    joints = [(0.0, 0.0, 0)] * 17
    joints[LEFT_WRIST] = (0.75, 0.5, 1 if hidden else 2)
    joints[RIGHT_WRIST] = (0.25, 0.5, 2)
    person = Person(id=1, box_xyxy=(0.1, 0.3, 0.9, 0.9), keypoints=tuple(joints))
    thing = Thing(id=2, category="skis", box_xyxy=(0.2, 0.8, 0.6, 0.95))
    return Scene(id=1, image="a.png", width=200, height=100, people=(person,), things=(thing,))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    Image.new("RGB", (200, 100), (128, 128, 128)).save(tmp_path / "a.png")
    return tmp_path


def test_left_and_right_have_their_colours(images: Path) -> None:
    picture = draw_scene(scene(), images)
    assert picture.getpixel((150, 50)) == LEFT
    assert picture.getpixel((50, 50)) == RIGHT


def test_hidden_joints_are_hollow_and_unlabelled_ones_are_not_drawn(images: Path) -> None:
    picture = draw_scene(scene(hidden=True), images, boxes=False)
    assert picture.getpixel((150, 50)) == HALO
    assert LEFT in {colour for _, colour in picture.crop((140, 40, 160, 60)).getcolors()}
    assert picture.getpixel((0, 0)) == (128, 128, 128)


def test_boxes_and_skeletons_can_be_left_away_and_the_size_chosen(images: Path) -> None:
    plain = draw_scene(scene(), images, boxes=False, skeletons=False, size=400)
    assert plain.size == (400, 200)
    assert plain.getcolors() == [(80000, (128, 128, 128))]
    assert len(draw_scene(scene(), images, skeletons=False).getcolors()) > 2


def test_a_missing_or_broken_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"scene 1: no image .*a\.png"):
        draw_scene(scene(), tmp_path)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    with pytest.raises(DataError, match=r"a\.png is broken"):
        draw_scene(scene(), tmp_path)


def over_time() -> Scene:
    """Two people in three frames; the second is not seen in the last."""
    first = scene().people[0]
    second = Person(id=9, box_xyxy=(0, 0, 0.2, 0.2), keypoints=((0.1, 0.1, 2), *[(0.0, 0.0, 0)] * 16))
    people = (first, second), (first, second), (first, None)
    frames = tuple(Frame(image="a.png", time_s=at * 0.25, people=there) for at, there in enumerate(people))
    return replace(scene(), people=(first, second), frames=frames, video="a")


def test_a_strip_has_all_frames_and_each_person_one_colour_through_time(images: Path) -> None:
    strip = draw_strip(over_time(), images, height=100)
    assert strip.width == 3 * 200 + 2 * GAP_PX and strip.height > 110
    for at in range(3):
        left = at * (200 + GAP_PX)
        # Both wrists of the first have the first colour; the second's nose its own, where there is one.
        assert strip.getpixel((left + 150, 50)) == strip.getpixel((left + 50, 50)) == PEOPLE[0]
        assert strip.getpixel((left + 20, 10)) == (PEOPLE[1] if at < 2 else (128, 128, 128))
    assert strip.getpixel((202, 50)) == PAPER
    below = strip.crop((0, 100, 200, strip.height))
    assert len(below.getcolors()) > 1, "a time is written below"


def test_a_strip_of_some_frames_and_of_a_picture_that_stands_alone(images: Path) -> None:
    assert draw_strip(over_time(), images, height=50, shown=(0, 2)).width == 2 * 100 + GAP_PX
    assert draw_strip(scene(), images, height=50).size == (100, 50)
    boxed = draw_strip(scene(), images, height=100, boxes=True, skeletons=False)
    assert boxed.getpixel((20, 60)) == PEOPLE[0] and boxed.getpixel((150, 50)) == (128, 128, 128)


def test_a_strip_of_a_missing_picture_says_which(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"scene 1: no image .*a.png"):
        draw_strip(over_time(), tmp_path)
