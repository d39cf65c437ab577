"""Which scene a picture belongs to, also where it is a frame."""

from dataclasses import replace

from llavapose.scenes.shown import as_picture, by_picture
from tests.drawn_by_hand import ALONE, THREE
from tests.teacher.offline.motion.clips import clip


def test_any_frame_finds_its_clip() -> None:
    one, other = clip(1), clip(2)
    found = by_picture([ALONE, one, other])
    assert found[ALONE.image] is ALONE
    assert all(found[frame.image] is other for frame in other.frames)
    begins_there = replace(other, id=3, frames=one.frames[4:])
    assert by_picture([one, begins_there])[one.frames[4].image] is begins_there, "the clip that begins with it"
    assert by_picture([one, begins_there])[one.frames[5].image] is one
    assert by_picture([THREE], lambda path: path[:3]) == {"thr": THREE}


def test_a_frame_alone_has_those_who_are_seen() -> None:
    scene = clip(1, 2)
    frame = replace(scene.frames[3], people=(None, scene.people[1]))
    picture = as_picture(scene, frame)
    assert picture.people == (scene.people[1],)
    assert picture.image == frame.image and not picture.frames
