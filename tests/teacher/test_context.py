"""The context text, letter for letter in the papers' form."""

import re
from pathlib import Path

import pytest

from llavapose.records import Person, Scene, Thing
from llavapose.teacher.context import context_text, partners, with_keypoints_of

PAPER = Path(__file__).parents[2] / "../shared/papers/keypoints_instruction_2409.09306v1.txt"

SKIER_JOINTS = (
    (0.479, 0.391), (0.483, 0.388), (0.475, 0.388), (0.487, 0.389), (0.471, 0.389), (0.498, 0.403), (0.464, 0.403),
    (0.517, 0.417), (0.448, 0.42), (0.521, 0.408), (0.446, 0.412), (0.498, 0.453), (0.475, 0.455), (0.5, 0.478),
    (0.477, 0.48), (0.504, 0.502), (0.477, 0.503),
)  # fmt: skip
SKIER = Scene(
    id=1,
    image="skier.jpg",
    width=640,
    height=480,
    captions=(
        "A person in blue jacket skiing in between trees.",
        "A person trekking through the woods on skis",
    ),
    people=(Person(id=1, box_xyxy=(0.419, 0.023, 0.842, 0.987), keypoints=tuple((x, y, 2) for x, y in SKIER_JOINTS)),),
    things=(Thing(id=2, category="skis", box_xyxy=(0.469, 0.511, 0.513, 0.532)),),
)
CAPTION_LINES = "A person in blue jacket skiing in between trees.\nA person trekking through the woods on skis"
KEYPOINTS = (
    "[0.479, 0.391, 2, 0.483, 0.388, 2, 0.475, 0.388, 2, 0.487, 0.389, 2, 0.471, 0.389, 2, 0.498, 0.403, 2, 0.464, "
    "0.403, 2, 0.517, 0.417, 2, 0.448, 0.42, 2, 0.521, 0.408, 2, 0.446, 0.412, 2, 0.498, 0.453, 2, 0.475, 0.455, 2, "
    "0.5, 0.478, 2, 0.477, 0.48, 2, 0.504, 0.502, 2, 0.477, 0.503, 2]"
)


def test_the_skier() -> None:
    assert context_text(SKIER) == (
        f"{CAPTION_LINES}\nperson: [0.419, 0.023, 0.842, 0.987], keypoints: {KEYPOINTS}\n"
        "skis: [0.469, 0.511, 0.513, 0.532]"
    )


@pytest.mark.skipif(not PAPER.is_file(), reason="the paper is not beside the checkout")
def test_the_skier_as_the_paper_prints_him() -> None:
    printed = re.search(r"^person: \[.*$", PAPER.read_text(encoding="utf-8"), re.MULTILINE)
    assert printed
    objects = context_text(SKIER).split("\n")[2:]
    assert " ".join(objects) == printed[0].strip()


def test_less_context() -> None:
    assert context_text(SKIER, "captions") == CAPTION_LINES
    assert context_text(SKIER, "boxes") == (
        f"{CAPTION_LINES}\nperson: [0.419, 0.023, 0.842, 0.987]\nskis: [0.469, 0.511, 0.513, 0.532]"
    )


def test_whole_numbers_and_people_without_keypoints() -> None:
    people = (
        Person(id=1, box_xyxy=(0.0, 0.1, 1.0, 0.25)),
        Person(id=2, box_xyxy=(0.5, 0.5, 0.6, 0.6), keypoints=((0.0, 0.0, 0),)),
    )
    scene = Scene(id=1, image="a.jpg", width=1, height=1, people=people)
    assert context_text(scene) == (
        "person: [0.0, 0.1, 1.0, 0.25]\nperson: [0.5, 0.5, 0.6, 0.6], keypoints: [0.0, 0.0, 0]"
    )


def _people(number: int, *, scene_id: int) -> Scene:
    joints = tuple((0.1, 0.01 * scene_id, 2) for _ in range(17))
    people = tuple(
        Person(id=10 * scene_id + one, box_xyxy=(0.1 * one, 0.0, 0.1 * one + 0.1, 1.0), keypoints=joints)
        for one in range(number)
    )
    return Scene(id=scene_id, image=f"{scene_id}.jpg", width=9, height=9, people=people)


@pytest.mark.parametrize("seed", range(4))
def test_another_picture_with_as_many_people_lends_its_keypoints(seed: int) -> None:
    numbers = (1, 1, 1, 2, 2, 3, 1, 2, 4)
    scenes = [_people(number, scene_id=at) for at, number in enumerate(numbers)]
    found = partners(scenes, seed)
    assert sorted(other.id for other in found.values()) == list(range(9))  # each lends once
    assert all(scene.id != found[scene.id].id for scene in scenes)
    for scene in scenes:
        if numbers.count(len(scene.people)) > 1:
            assert len(found[scene.id].people) == len(scene.people)
    assert found == partners(scenes[::-1], seed)


def test_one_that_is_left_over_still_gets_another_s() -> None:
    scenes = [_people(number, scene_id=at) for at, number in enumerate((1, 1, 1, 2))]
    found = partners(scenes, 0)
    assert sorted(other.id for other in found.values()) == [0, 1, 2, 3]
    assert all(scene.id != found[scene.id].id for scene in scenes)
    assert {scene.id for scene in partners(scenes[2:], 0).values()} == {2, 3}


def test_the_four_contexts_of_a_scene() -> None:
    """All that a teacher may see, letter for letter: boxes stay the picture's own, joints are another's as they are."""
    other = _people(1, scene_id=5)
    lent = ", ".join(["0.1, 0.05, 2"] * 17)
    box, skis = "person: [0.419, 0.023, 0.842, 0.987]", "skis: [0.469, 0.511, 0.513, 0.532]"
    assert context_text(SKIER, "captions") == CAPTION_LINES
    assert context_text(SKIER, "boxes") == f"{CAPTION_LINES}\n{box}\n{skis}"
    assert context_text(SKIER, "keypoints") == f"{CAPTION_LINES}\n{box}, keypoints: {KEYPOINTS}\n{skis}"
    assert context_text(with_keypoints_of(SKIER, other)) == f"{CAPTION_LINES}\n{box}, keypoints: [{lent}]\n{skis}"
