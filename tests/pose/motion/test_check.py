"""Claims of motion against motion facts: what decides, what borders, what stays open."""

from dataclasses import replace

import pytest

from llavapose.pose.check import check_claim, check_text
from llavapose.records import Fact, Scene


def fact(kind: str, value: str, part: str | None = None, **more) -> Fact:
    return Fact(**{"kind": kind, "person": 1, "value": value, "part": part, "sure": True} | more)


def outcomes(text: str, scene: Scene, *facts: Fact) -> list[str]:
    return [one.outcome for one in check_text(text, scene, facts)]


HEAD = fact("hand_motion", "raised past the head", "left hand")
SHOULDER = fact("hand_motion", "raised past the shoulder", "left hand")


@pytest.mark.parametrize(
    ("text", "known", "outcome"),
    [
        ("raises the left hand past the shoulder.", HEAD, "supported"),
        ("raises the left hand past the head.", SHOULDER, "unverifiable"),
        ("lowers the left hand.", HEAD, "contradicted"),
        ("lowers the right hand.", HEAD, "unverifiable"),
        ("raises a hand.", HEAD, "supported"),
        ("lowers a hand.", HEAD, "unverifiable"),
        ("does not raise the left hand.", HEAD, "contradicted"),
        ("does not lower the left hand.", HEAD, "unverifiable"),
        ("stands up.", HEAD, "unverifiable"),
        ("sits down.", fact("stance_motion", "crouches down"), "unverifiable"),
        ("stands up.", fact("stance_motion", "crouches down"), "contradicted"),
        ("moves the left hand up and down twice.", fact("repeats", "3", "left hand"), "contradicted"),
        ("waves twice.", fact("repeats", "2", "left hand"), "supported"),
    ],
)
def test_a_sure_fact_of_the_same_kind_and_part_decides(text, known, outcome, pair):
    assert outcomes(f"The person on the right {text}", pair, known) == [outcome]
    unsure = replace(known, sure=False)
    assert outcomes(f"The person on the right {text}", pair, unsure) == ["unverifiable"]


@pytest.mark.parametrize("target", ["the person on the left", "the other person"])
def test_who_is_first_is_decided_from_either_side(target, pair):
    first = fact("order", "before", target=0)
    turned = fact("order", "after", person=0, target=1)
    for known in (first, turned):
        assert outcomes(f"The person on the right moves before {target}.", pair, known) == ["supported"]
        assert outcomes(f"The person on the right moves after {target}.", pair, known) == ["contradicted"]


def test_who_is_told_apart_by_clothes_may_be_either(pair):
    known = (fact("turn", "own left"), fact("turn", "own right", person=0))
    assert outcomes("The man in red turns to his left.", pair, *known) == ["unverifiable"]
    both = (fact("turn", "own left"), fact("turn", "own left", person=0))
    assert outcomes("The man in red turns to his right.", pair, *both) == ["contradicted"]


def test_a_still_claim_of_whom_a_motion_changes_is_open_unless_it_holds(pair):
    standing = fact("stance", "standing")
    text = "The person on the right is sitting."
    assert outcomes(text, pair, standing) == ["contradicted"]
    assert outcomes(text, pair, standing, fact("stance_motion", "sits down", sure=False)) == ["unverifiable"]
    assert outcomes(text, pair, standing, fact("stance_motion", "sits down", person=0)) == ["contradicted"]
    assert outcomes(text, pair, fact("stance", "sitting"), fact("stance_motion", "sits down")) == ["supported"]


def test_a_picture_that_stands_alone_is_read_as_before(pair):
    still = replace(pair, frames=())
    assert outcomes("The person on the right sits down.", still, fact("stance", "sitting")) == ["supported"]


def test_a_claim_alone_is_open_where_it_is_in_its_text(pair):
    """The judge checks claim by claim, texts are checked whole: both leave open what a motion changes."""
    known = (
        fact("stance", "standing"),
        fact("stance_motion", "sits down", sure=False),
        fact("elbow", "bent", "left elbow"),
    )
    text = "The person on the right is sitting. The left elbow of the person on the right is straight."
    whole = check_text(text, pair, known)
    assert [one.outcome for one in whole] == ["unverifiable", "contradicted"]
    assert tuple(check_claim(one.claim, pair, known) for one in whole) == whole
