"""Frames: which are chosen of a sample or question, how their times are written, and what is wrong with a record's."""

import json

import pytest

from llavapose.errors import DataError
from llavapose.frames import chosen, middle, time_told, with_frames
from llavapose.llava_json import from_record, timed_marks, to_record
from llavapose.records import Sample, Turn

TURNS = (Turn(role="user", text="Who sits down?"), Turn(role="assistant", text="The man."))
NAMES = tuple(f"7/{at:02}.jpg" for at in range(16))
TIMES = tuple(at / 5 for at in range(16))
SAMPLE = Sample(id="7", images=NAMES, kind="conv", turns=TURNS, times_s=TIMES)
EVERY_FIFTH = (0, 5, 10, 15)
"""Four of sixteen: the first, the last, and two between, counted by hand."""


def record(**changed):
    talk = [{"from": "human", "value": "Who sits down?"}, {"from": "gpt", "value": "The man."}]
    return {"id": "7", "image": ["a.jpg", "b.jpg"], "kind": "conv", "conversations": talk, "times": [0, 0.5]} | changed


def test_frames_are_spread_evenly_with_the_first_and_the_last():
    assert chosen(16, 4) == EVERY_FIFTH
    assert chosen(16, 1) == (middle(16),) == (8,)
    assert chosen(3, 8) == (0, 1, 2)
    for num in range(1, 20):
        for wanted in range(2, num + 1):
            found = chosen(num, wanted)
            assert len(set(found)) == wanted and (found[0], found[-1]) == (0, num - 1) and list(found) == sorted(found)


def test_a_sample_s_frames_go_with_their_times():
    four = with_frames(SAMPLE, 4)
    assert four.images == tuple(NAMES[at] for at in EVERY_FIFTH)
    assert four.times_s == (0.0, 1.0, 2.0, 3.0) and four.turns == TURNS
    assert with_frames(SAMPLE, None) == with_frames(SAMPLE, 16) == with_frames(SAMPLE, 99) == SAMPLE
    still = with_frames(SAMPLE, 1)
    assert (still.images, still.times_s) == ((NAMES[8],), (1.6,))


def test_pictures_without_times_are_no_frames():
    several = Sample(id="7", images=NAMES, kind="conv", turns=TURNS)
    assert with_frames(several, 1) == several


def test_times_are_told_with_one_decimal():
    assert [time_told(one) for one in (0.0, 0.44, 12.0)] == ["0.0 s: ", "0.4 s: ", "12.0 s: "]
    assert timed_marks((0.0, 0.44)) == "0.0 s: <image>\n0.4 s: <image>\n"


def test_what_is_written_is_read_back():
    written = json.loads(json.dumps(to_record(SAMPLE)))
    assert written["times"] == list(TIMES) and written["conversations"][0]["value"].count("<image>") == 16
    assert from_record(written, None, where="here") == SAMPLE
    still = to_record(with_frames(SAMPLE, 1))
    assert (still["image"], still["times"]) == (NAMES[8], [1.6])
    assert from_record(still, None, where="here") == with_frames(SAMPLE, 1)
    assert "times" not in to_record(Sample(id="1", images=("a.jpg",), kind="conv", turns=TURNS))


def test_marks_behind_their_times_are_read_as_well():
    talk = [{"from": "human", "value": "0.0 s: <image>\n0.5 s: <image>\nWho sits down?"}, record()["conversations"][1]]
    assert from_record(record(conversations=talk), None, where="here") == from_record(record(), None, where="here")
    other = [{**talk[0], "value": talk[0]["value"].replace("0.5", "0.7")}, talk[1]]
    with pytest.raises(DataError, match="mark inside its text"):
        from_record(record(conversations=other), None, where="here")


BAD = {
    "no list": ({"times": 0.5}, r"times is 0\.5; expected seconds since the first frame, ascending, one a picture"),
    "nothing": ({"times": None}, r"times is None"),
    "text": ({"times": [0, "1"]}, r"times is \[0, '1'\]"),
    "true": ({"times": [False, True]}, r"times is \[False, True\]"),
    "too few": ({"times": [0]}, r"times has 1 numbers, and the sample 2 pictures"),
    "none": ({"times": []}, r"times has 0 numbers, and the sample 2 pictures"),
    "too many": ({"times": [0, 1, 2]}, r"times has 3 numbers, and the sample 2 pictures"),
    "no pictures": ({"image": "a.jpg"}, r"times has 2 numbers, and the sample 1 pictures"),
    "below 0": ({"times": [-0.5, 1]}, r"times has -0\.5; expected"),
    "no end": ({"times": [0, float("inf")]}, r"times has inf; expected"),
    "no number": ({"times": [float("nan"), 1]}, r"times has nan; expected"),
    "falling": ({"times": [1, 0.5]}, r"times has 0\.5 behind 1; expected"),
    "twice": ({"times": [1, 1]}, r"times has 1 behind 1; expected"),
}


@pytest.mark.parametrize(("changed", "said"), BAD.values(), ids=BAD)
def test_bad_times_are_told_in_one_line(changed, said):
    with pytest.raises(DataError, match=rf"^here: sample 7: {said}") as caught:
        from_record(record(**changed), None, where="here")
    assert "\n" not in str(caught.value)


def test_times_without_any_picture_are_refused():
    alone = {key: value for key, value in record().items() if key != "image"}
    with pytest.raises(DataError, match="times has 2 numbers, and the sample 0 pictures"):
        from_record(alone, None, where="here")
