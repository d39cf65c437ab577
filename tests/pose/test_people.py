"""Who is spoken of, and whom a mention means."""

import pytest

from llavapose.pose.people import prominent, references, resolve


@pytest.mark.parametrize("count", range(1, 7))
def test_references_are_unique_and_resolve_to_their_person(figures, count):
    scene = figures.row(count)
    names = references(scene)
    assert len(set(names)) == count
    assert [resolve(name, scene) for name in names] == list(range(count))
    assert prominent(scene) == tuple(reversed(range(count)))


def test_references_follow_the_picture_from_left_to_right(figures):
    assert references(figures.row(2)) == ("the person on the right", "the person on the left")
    assert references(figures.row(3))[1] == "the person in the middle"
    assert references(figures.row(5))[::-1] == (
        "the person on the far left", "the second person from the left", "the third person from the left",
        "the fourth person from the left", "the person on the far right",
    )  # fmt: skip


def test_small_and_hardly_labelled_people_are_not_prominent(figures):
    joints = ("nose", "left eye", "right eye", "left ear")
    few = figures.person(1, dx=-100, unlabelled=tuple(n for n in _names() if n not in joints))
    scene = figures.scene(figures.person(0), few)
    assert prominent(scene) == (0,)
    assert references(scene) == ("the person", "")


def _names():
    from llavapose.pose.skeleton import COCO17

    return COCO17.joints


@pytest.mark.parametrize(
    ("mention", "count", "expected"),
    [
        ("she", 1, 0), ("the skier", 1, 0), ("she", 2, None), ("the skier", 2, None), ("the man on the left", 2, 1),
        ("the rightmost surfer", 3, 0), ("the woman in the middle of the picture", 3, 1),
        ("the second person from the right", 4, 1), ("the person in the middle", 2, None), ("the left player", 2, 1),
        ("the sixth person from the left", 4, None), ("the person on the left", 1, None),
    ],
)  # fmt: skip
def test_resolve(figures, mention, count, expected):
    assert resolve(mention, figures.row(count)) == expected


def test_nobody_resolves_in_an_empty_scene(figures):
    assert resolve("the person", figures.scene()) is None
    assert references(figures.scene()) == ()
