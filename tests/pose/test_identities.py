"""People told apart by what keypoints do not show: a text about them is wrong only if it is whoever they are."""

import pytest

from llavapose.pose.check import CONTRADICTED, UNVERIFIABLE, check_text
from llavapose.pose.identities import MAX_OPEN, ways
from llavapose.pose.people import references
from llavapose.records import Fact


def sure(kind, value, person, part=None, target=None):
    return Fact(kind=kind, value=value, sure=True, person=person, part=part, target=target)


FACTS = (
    sure("stance", "standing", 0), sure("stance", "sitting", 1),
    sure("elbow", "bent", 0, "left elbow"), sure("elbow", "straight", 1, "left elbow"),
    sure("side_of", "left of", 0, target=1), sure("side_of", "right of", 1, target=0),
)  # fmt: skip


@pytest.fixture
def scene(figures):
    return figures.row(2)


def wrong(text, scene):
    return [one.claim.value for one in check_text(text, scene, FACTS) if one.outcome == CONTRADICTED]


@pytest.mark.parametrize(
    "text",
    [
        "The woman in pink is standing with her left elbow bent.", "The woman in pink is sitting.",
        "The man in red is standing, and the woman in pink is sitting.",
        "The man in red, who is standing, is to the left of the woman in pink.",
    ],
)  # fmt: skip
def test_what_fits_somebody_is_not_wrong(text, scene):
    assert wrong(text, scene) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("The woman in pink is lying on the ground.", ["lying"]),
        ("The woman in pink is standing with her left elbow straight.", ["straight"]),
        ("The man in red is sitting, and the woman in pink is sitting.", ["sitting"]),
        ("The man in red, who is standing, is to the right of the woman in pink.", ["right of"]),
    ],
)
def test_what_fits_nobody_is_wrong(text, values, scene):
    assert len(wrong(text, scene)) == len(values)


def test_one_who_is_named_by_place_is_not_anybody(scene):
    name = references(scene)[0]
    assert name and wrong(f"{name.capitalize()} is sitting.", scene) == ["sitting"]


def test_many_names_and_claims_are_left_open(scene):
    names = [f"the person in colour {n}" for n in range(MAX_OPEN + 1)]
    assert list(ways(names, (0, 1), 1)) == []
    assert list(ways(names[:2], (0, 1), 10**6)) == []
    colours = ("pink", "red", "blue", "green", "black", "white")
    few, many = (" ".join(f"The person in {colour} is lying." for colour in colours[:n]) for n in (2, MAX_OPEN + 1))
    assert [one.outcome for one in check_text(few, scene, FACTS)] == [CONTRADICTED] * 2
    assert {one.outcome for one in check_text(many, scene, FACTS)} == {UNVERIFIABLE}
