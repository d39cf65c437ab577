"""Which scenes qualify."""

from llavapose.records import Person, Scene
from llavapose.scenes.select import select


def person(labelled: int) -> Person:
    joints = tuple((0.5, 0.5, 2) if index < labelled else (0.0, 0.0, 0) for index in range(17))
    return Person(id=1, box_xyxy=(0.1, 0.1, 0.9, 0.9), keypoints=joints if labelled else ())


def scene(number: int, *labelled: int) -> Scene:
    return Scene(id=number, image=f"{number}.jpg", width=10, height=10, people=tuple(person(n) for n in labelled))


SCENES = (scene(1), scene(2, 0), scene(3, 4, 5), scene(4, 17), scene(5, 17))


def test_a_scene_needs_a_person() -> None:
    chosen = select(SCENES)
    assert [s.id for s in chosen.scenes] == [2, 3, 4, 5]
    assert chosen.notes == ("1 of 5 scenes left out: no person",)
    assert select(SCENES, person=False).scenes == SCENES


def test_some_person_needs_enough_joints() -> None:
    chosen = select(SCENES, min_labelled_joints=5)
    assert [s.id for s in chosen.scenes] == [3, 4, 5]
    assert "1 of 5 scenes left out: no person with 5 labelled joints" in chosen.notes
    assert [s.id for s in select(SCENES, min_labelled_joints=6).scenes] == [4, 5]


def test_excluded_ids_stay_out_and_are_counted() -> None:
    chosen = select(SCENES, excluded_ids=[4, 99])
    assert [s.id for s in chosen.scenes] == [2, 3, 5]
    assert "1 of 5 scenes left out: held-out image ids" in chosen.notes
