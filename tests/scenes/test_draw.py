"""A drawn scene: sides by colour, hidden joints hollow, broken pictures named."""

from pathlib import Path

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.records import Person, Scene, Thing
from llavapose.scenes.draw import HALO, LEFT, RIGHT, draw_scene

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
