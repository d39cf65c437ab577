"""Who is spoken of, and whom a mention means."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.pose.facts.relations import places, sides_of
from llavapose.pose.people import centre_x, prominent, references, resolve
from llavapose.pose.skeleton import COCO17
from tests.pose.conftest import Figures


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
    assert references(scene)[1] == ""


def _names():
    return COCO17.joints


def _at(figures, *boxes, unlabelled=()):
    """A scene of people with these boxes (x1, y1, x2, y2 in 0..1); those listed have no labelled joints."""
    people = []
    for index, box in enumerate(boxes):
        person = figures.person(index)
        joints = () if index in unlabelled else person.keypoints
        people.append(replace(person, box_xyxy=box, keypoints=joints))
    return figures.scene(*people)


def test_someone_small_who_stands_further_left_takes_the_word_from_the_tall_one(figures):
    batter, umpire, catcher = (0.4, 0.1, 0.6, 0.9), (0.05, 0.2, 0.1, 0.42), (0.7, 0.4, 0.95, 0.9)
    scene = _at(figures, batter, umpire, catcher)
    assert prominent(scene) == (0, 2)
    names = references(scene)
    assert names[0] == "the largest person"
    assert names[1] == ""
    assert names[2] == "the person on the right"
    assert resolve("the person on the left", scene) is None
    assert resolve("the largest person", scene) == 0
    assert resolve("the biggest man", scene) == 0


def test_people_without_a_single_joint_count_too(figures):
    alone = _at(figures, (0.1, 0.1, 0.4, 0.9), (0.7, 0.1, 0.95, 0.9), unlabelled=(1,))
    assert prominent(alone) == (0,)
    assert references(alone) == ("the person on the left", "")
    crowd = _at(figures, (0.4, 0.1, 0.7, 0.9), (0.1, 0.4, 0.15, 0.5), (0.9, 0.4, 0.95, 0.5), unlabelled=(1, 2))
    assert references(crowd) == ("the largest person", "", "")


def test_one_behind_the_other_has_no_side(figures):
    scene = _at(figures, (0.3, 0.1, 0.9, 0.9), (0.7, 0.15, 0.85, 0.9))
    assert references(scene)[1] == ""
    assert resolve("the person on the right", scene) is None
    assert not [f for f in sides_of(scene) if f.sure]


def test_the_middle_is_the_middle_of_the_picture_and_of_three(figures):
    row = _at(figures, (0.02, 0.1, 0.12, 0.9), (0.72, 0.1, 0.82, 0.9), (0.88, 0.1, 0.98, 0.9))
    assert references(row)[1] == "the second person from the left"
    assert resolve("the person in the middle", row) is None
    five = _at(figures, *[(x, 0.1, x + 0.1, 0.9) for x in (0.02, 0.24, 0.45, 0.66, 0.88)])
    assert references(five)[2] == "the third person from the left"
    assert resolve("the person in the middle", five) == 2
    small = _at(figures, (0.02, 0.1, 0.12, 0.9), (0.45, 0.1, 0.55, 0.9), (0.88, 0.1, 0.98, 0.9), (0.6, 0.4, 0.62, 0.5),
                unlabelled=(3,))  # fmt: skip
    assert "middle" not in references(small)[1]


def test_who_is_second_from_one_side_alone_is_named_from_there(figures):
    scene = _at(figures, (0.02, 0.1, 0.12, 0.9), (0.3, 0.1, 0.4, 0.9), (0.55, 0.1, 0.65, 0.9), (0.85, 0.1, 0.95, 0.9),
                (0.2, 0.4, 0.22, 0.5), unlabelled=(4,))  # fmt: skip
    assert references(scene) == (
        "the person on the far left", "the third person from the right", "the second person from the right",
        "the person on the far right", "",
    )  # fmt: skip


BOX = st.tuples(st.integers(0, 90), st.integers(0, 80), st.integers(3, 60), st.integers(5, 90)).map(
    lambda box: (box[0] / 100, box[1] / 100, min(100, box[0] + box[2]) / 100, min(100, box[1] + box[3]) / 100)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BOX, min_size=1, max_size=7), st.sets(st.integers(0, 6)))
def test_every_name_means_its_person_and_agrees_with_what_boxes_say(boxes, unlabelled):
    scene = _at(Figures(), *boxes, unlabelled=unlabelled)
    names = references(scene)
    given_names = [name for name in names if name]
    assert len(set(given_names)) == len(given_names)
    facts = [*places(scene), *sides_of(scene)]
    for index, name in enumerate(names):
        if not name:
            continue
        assert index in prominent(scene)
        assert resolve(name, scene) == index
        if name == "the person":
            assert len(scene.people) == 1
        if "middle" in name:
            assert len(scene.people) == 3
        where = {f.value for f in facts if f.kind == "place" and f.person == index and f.sure}
        for word in ("left", "right", "middle"):
            if f"on the {word}" in name or f"on the far {word}" in name or f"in the {word}" in name:
                assert where <= {word}
        if name in ("the person on the left", "the person on the far left"):
            assert all(centre_x(scene.people[index]) < centre_x(p) for j, p in enumerate(scene.people) if j != index)
        if name in ("the person on the right", "the person on the far right"):
            assert all(centre_x(scene.people[index]) > centre_x(p) for j, p in enumerate(scene.people) if j != index)


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
