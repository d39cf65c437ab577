"""Facts that are one movement to whoever looks are told as one, and no others."""

import pytest

from llavapose.records import Fact
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.motion.course import course_of, movements_of, steady_names
from llavapose.teacher.offline.motion.phrases import at_words, span_words
from tests.drawn_by_hand import standing
from tests.teacher.offline.motion.clips import clip, motion


def said(*facts: Fact) -> list[str]:
    return [one.say("does") for one in movements_of(facts)]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            (
                motion("hand_motion", "raised past the head", 0.4, 1.0, "left hand"),
                motion("hand_motion", "raised past the head", 0.6, 1.2, "right hand"),
            ),
            ["raises both hands past the head"],
        ),
        (
            (
                motion("hand_motion", "raised past the head", 0.4, 1.0, "left hand"),
                motion("hand_motion", "raised past the head", 1.4, 2.0, "right hand"),
            ),
            ["raises the left hand past the head", "raises the right hand past the head"],
        ),
        (
            (
                motion("repeats", "2", 0.4, 1.0, "left elbow"),
                motion("repeats", "2", 0.4, 1.0, "left hand"),
            ),
            ["bends and straightens the left elbow twice", "raises and lowers the left hand twice"],
        ),
        (
            (
                motion("repeats", "3", 0.4, 1.0, "left knee"),
                motion("repeats", "3", 0.4, 1.0, "right knee"),
            ),
            ["bends and straightens both knees three times"],
        ),
        (
            (
                motion("hand_motion", "raised past the shoulder", 0.4, 0.8, "left hand"),
                motion("hand_motion", "raised past the head", 0.8, 1.2, "left hand"),
            ),
            ["raises the left hand past the head"],
        ),
        ((motion("stance_motion", "sits down", 1.0, 1.4), motion("turn", "own left", 0.2, 0.6)),
         ["turns to their own left", "sits down"]),
    ],
)  # fmt: skip
def test_movements(facts: tuple[Fact, ...], told: list[str]) -> None:
    assert said(*facts) == told


def test_only_sure_facts_with_a_time_are_told() -> None:
    facts = (
        motion("turn", "own left", 0.2, 0.6, sure=False),
        Fact(kind="shift", person=0, value="image left", sure=True),
        motion("stance_motion", "sits down", 1.0, 1.4),
    )
    course = course_of(clip(1), facts, "keypoints", Balance())
    assert [fact.kind for fact in course.facts] == ["stance_motion"]
    assert len(course.known) == 3
    assert not course_of(clip(1), facts, "captions", Balance()).facts


def test_who_changes_sides_has_no_name() -> None:
    scene = clip(1, 2)
    assert steady_names(scene) == ("the person on the left", "the person on the right")
    crossed = (standing(10, 0.9), scene.people[1])
    frames = (*scene.frames[:-1], type(scene.frames[0])(image="x.jpg", time_s=3.0, people=crossed))
    assert steady_names(type(scene)(**{**scene.__dict__, "frames": frames})) == ("", "")


def test_times() -> None:
    import random

    assert span_words((0.0, 0.84), random.Random(0)) == "from the start until about 0.8 s"
    assert "0.4" in span_words((0.4, 1.0), random.Random(0)) and "1.0 s" in span_words((0.4, 1.0), random.Random(0))
    assert at_words(0.0) == "right at the start"
