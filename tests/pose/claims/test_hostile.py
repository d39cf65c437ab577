"""Texts that would keep a regular expression busy for ever, and signs that the reading itself uses."""

import time

import pytest

from llavapose.pose.claims.extract import extract_claims

REPEATED = [
    "a man, ", "a man and ", "a tall red man, ", "xx ", "left ", "on the left of the man ", "his left arm and ", "w",
    "nearest to the man is the woman ", "two tall ", "the other ", "a-", "er ", "aer", "red and ", "a man with a red ",
    "a man's ", "three of the ", "holding a ", "left and right hand, his left ", "is lying ", "lean ", "not ",
    "there is ",
    "stands to the ", "a group of ", "both of the two ", "in the light red dark blue ", "neither nor ", "who is who ",
]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_no_sentence_is_read_for_ever(piece):
    text = "The man " + piece * (980 // len(piece)) + "."
    start = time.perf_counter()
    extract_claims(text)
    assert time.perf_counter() - start < 5, "a sentence of 1,000 characters takes about a twentieth of a second"


def test_the_signs_that_hide_people_are_letters_like_others():
    assert extract_claims("ƿǀǀ is standing.") == extract_claims("xxx is standing.")
    assert [claim.value for claim in extract_claims("The man with the ƿǀ tattoo is standing.")] == ["standing"]


MOVING = [
    "raises and lowers ", "raises his left hand and ", "moves to the left and ", "toward the camera and ",
    "before the man ", "first ", "three times ", "his left hand goes up, then ", "from left to right ", "slowly ",
    "steps back, away, ",
    "bends and straightens it ", "sits down and stands up ", "turns around to her ", "left hand up and down ", "waves ",
]  # fmt: skip


@pytest.mark.parametrize("piece", [*REPEATED, *MOVING])
def test_no_sentence_about_a_clip_is_read_for_ever(piece):
    text = "The man " + piece * (980 // len(piece)) + "."
    start = time.perf_counter()
    extract_claims(text, moving=True)
    assert time.perf_counter() - start < 5
