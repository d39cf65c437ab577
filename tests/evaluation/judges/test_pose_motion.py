"""Answers about clips: what they say of motion is read, a bare value too, and decided by motion facts."""

from dataclasses import replace

import pytest

from llavapose.evaluation.judges.pose.rating import read
from llavapose.evaluation.judges.pose.said import read_answer
from llavapose.records import Asked, Fact, Frame, Person, Scene

JOINTS = tuple((0.01 * number, 0.5, 2) for number in range(17))
FACTS = (
    Fact(kind="hand_motion", person=0, part="left hand", value="raised past the head", sure=True),
    Fact(kind="stance_motion", person=0, value="stands up", sure=True),
    Fact(kind="repeats", person=0, part="right knee", value="2", sure=True),
    Fact(kind="turn", person=1, value="own left", sure=True),
    Fact(kind="order", person=0, target=1, value="before", sure=True),
    Fact(kind="order", person=1, target=0, value="after", sure=True),
)


@pytest.fixture
def scene() -> Scene:
    people = tuple(Person(id=i, box_xyxy=(0.1 + 0.6 * i, 0.1, 0.3 + 0.6 * i, 0.9), keypoints=JOINTS) for i in range(2))
    frames = tuple(Frame(image=f"{i}.jpg", time_s=float(i), people=people) for i in range(2))
    return Scene(id=1, image="1.jpg", width=100, height=100, people=people, frames=frames)


@pytest.mark.parametrize(
    ("text", "kind", "part", "person", "right"),
    [
        ("Up.", "hand_motion", "left hand", 0, True),
        ("Down.", "hand_motion", "left hand", 0, False),
        ("It is raised past the head.", "hand_motion", "left hand", 0, True),
        ("She lowers it past the head.", "hand_motion", "left hand", 0, False),
        ("The person on the left lifts the left arm above the head.", "hand_motion", "left hand", 0, True),
        ("The person stands up.", "stance_motion", None, 0, True),
        ("Sits down.", "stance_motion", None, 0, False),
        ("Twice.", "repeats", "right knee", 0, True),
        ("Three times.", "repeats", "right knee", 0, False),
        ("To their own left.", "turn", None, 1, True),
        ("Before.", "order", None, 0, True),
        ("The person on the right moves first.", "order", None, 1, False),
    ],
)
def test_an_answer_is_read_as_what_was_asked(text, kind, part, person, right, scene):
    said = read_answer(text, scene, FACTS, Asked(kind=kind, part=part, person=person)).said
    assert [(one.checked.claim.kind, one.people, one.right) for one in said] == [(kind, (person,), right)]


def test_saying_both_earns_nothing(scene):
    text = "The person on the left raises the left hand past the head and lowers the left hand past the head."
    assert [one.void for one in read_answer(text, scene, FACTS).said] == [True, True]


def test_a_picture_that_stands_alone_has_no_motion(scene):
    still = replace(scene, frames=())
    checked = read_answer("The person on the left stands up.", still, FACTS).checked
    assert [one.claim.kind for one in checked] == ["stance"]


def test_statements_of_training_are_read_as_what_they_tell():
    assert [claim.kind for claim in read("The person sits down.", True)] == ["stance_motion"]
    assert [claim.kind for claim in read("The person sits down.")] == ["stance"]
