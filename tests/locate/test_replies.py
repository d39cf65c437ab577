"""Points and joints as text: what is written is read back, and what is not of the form is never taken for one."""

import pytest

from llavapose.locate.codings import CODINGS, LEVELS
from llavapose.locate.joints import JOINTS, question
from llavapose.locate.replies import Spot, read_spot, read_spots, spot_of, write_spot, write_spots
from llavapose.pose.skeleton import COCO17

WRITTEN = [
    ("decimal", (0.512, 0.04), "[0.512,0.040]"),
    ("decimal", (1.0, 0.0), "[1.000,0.000]"),
    ("decimal", (1.7, -0.2), "[1.000,0.000]"),
    ("bins", (0.512, 0.04), "[512,40]"),
    ("bins", (1.0, 0.0), "[999,0]"),
    ("tokens", (0.512, 0.04), "<loc512><loc040>"),
]
# Marked before the reader was run on them: none of these is a place, nor "not visible".
UNREAD = {
    "decimal": [
        "", "[0.5,0.5]", "[0.512,0.040", "0.512,0.040", "[0.512, 0.040]", "[1.001,0.500]", "[0.512,0.040] [0.1,0.2]",
        "The elbow is at [0.512,0.040]", "[.512,.040]", "[-0.512,0.040]", "[0.512,0.040,0.900]", "[0,512,0,040]",
        "[٠.512,0.040]",
        "hidden", "[0.512,0.040]hiddenhidden", "not  visible", "not visible, but [0.512,0.040]", "visible", "None",
        "[nan,0.040]",
        "[2.512,0.040]", "[0.5120,0.0400]", "[0.512;0.040]", "(0.512,0.040)", "[0.512,0.040] visible",
    ],
    "bins": [
        "[1000,5]", "[0.512,0.040]", "[5]", "[5,5,5]", "[,5]", "[5,]", "[-5,5]", "[5 ,5]", "<loc005><loc005>",
        "[0005,5]",
    ],
    "tokens": ["<loc512>", "<loc512> <loc040>", "<loc1000><loc040>", "<loc51><loc040>", "[512,40]", "<LOC512><LOC040>"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "point", "text"), WRITTEN)
def test_a_point_is_written_and_read_back(name, point, text):
    coding = CODINGS[name]
    assert coding.write(*point) == text
    clipped = tuple(min(max(value, 0), 1) for value in point)
    assert coding.read(text) == pytest.approx(clipped, abs=1 / LEVELS)
    form = coding.form
    assert form.whole(form.after(form.start, text)) and coding.nearest(text) == coding.read(text)
    assert all(form.after(form.start, text[: _end(name, i)]) for i in range(len(text) + 1))
    assert not form.whole(form.after(form.start, text[:-1])) and not form.after(form.start, text + "x")


def _end(name: str, number: int) -> int:
    """A new token is written whole."""
    return number if name != "tokens" else number // len("<loc000>") * len("<loc000>")


@pytest.mark.parametrize("name", CODINGS)
def test_no_step_is_lost(name):
    coding = CODINGS[name]
    for level in range(LEVELS):
        x = (level + 0.5) / LEVELS
        found = coding.read(coding.write(x, 1 - x))
        assert found == pytest.approx((x, 1 - x), abs=0.51 / LEVELS)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in UNREAD.items() for text in texts])
def test_what_is_not_of_the_form_is_unread(name, text):
    assert read_spot(text, CODINGS[name]) is None


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize(
    ("visibility", "x", "end"), [(2, 0.3, ""), (1, 0.3, " hidden"), (0, 0.3, None), (2, 1.2, None), (1, -0.01, None)]
)
def test_a_joint_is_a_place_a_hidden_place_or_not_visible(name, visibility, x, end):
    coding, spot = CODINGS[name], spot_of(x, 0.7, visibility)
    text = write_spot(spot, coding)
    assert text == ("not visible" if end is None else coding.write(0.3, 0.7) + end)
    found = read_spot(text, coding)
    assert found is not None and found.hidden == spot.hidden and (found.place is None) == (spot.place is None)
    if found.place is not None:
        assert found.place == pytest.approx((0.3, 0.7), abs=0.001)


@pytest.mark.parametrize("name", CODINGS)
def test_all_joints_in_one_answer(name):
    coding = CODINGS[name]
    spots = {joint: spot_of(0.05 * i, 0.5, i % 3) for i, joint in enumerate(COCO17.joints)}
    text = write_spots(spots, coding)
    found = read_spots(text, COCO17.joints, coding)
    assert [found[joint] is not None and found[joint].hidden for joint in spots] == [s.hidden for s in spots.values()]
    assert [bool(found[joint] and found[joint].place) for joint in spots] == [bool(s.place) for s in spots.values()]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"nose": [0.5, 0.5]}', '{"nose": null}',
                                  '{"Nose": "[0.512,0.040]"}', '{"nose": "[0.512,0.040]"',
                                  '{"nose": {"x": 1}}', '{"nose": "here"}'])  # fmt: skip
def test_what_one_answer_does_not_say_is_unread(text):
    assert read_spots(text, ("nose", "left eye"), CODINGS["decimal"]) == {"nose": None, "left eye": None}


def test_what_is_said_twice_or_besides_changes_nothing_else():
    found = read_spots('{"nose":"not visible","tail":"[0.100,0.100]"}', ("nose", "left eye"), CODINGS["decimal"])
    assert found == {"nose": Spot(), "left eye": None}


def test_every_joint_has_words_of_its_own():
    assert list(JOINTS)[:17] == list(COCO17.joints)
    descriptions = {joint.description for joint in JOINTS.values()}
    assert len(descriptions) == len(JOINTS) == 21
    for name in JOINTS:
        asked = question(name)
        assert asked.startswith(f"The {name} is ") and f"Where is the {name} of this person?" in asked
        for side, other in (("left", "right"), ("right", "left")):
            if name.startswith(side):
                assert other not in JOINTS[name].description


def test_what_decoding_under_constraint_may_write_is_always_a_place():
    coding = CODINGS["decimal"]
    # What could be written under constraint and lies beyond is brought to the edge.
    assert coding.nearest("[1.000,0.111]") == (1.0, 0.111) and coding.nearest("[1.234,0.000]") == (1.0, 0.0)
