"""Replies written to be read slowly: each is read, or refused, within a second of one core."""

import time
from contextlib import suppress

import pytest

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import ReplyError
from llavapose.evaluation.judges.replies import read_ratings
from llavapose.pose.claims.extract import MAX_SENTENCE, extract_claims
from llavapose.pose.facts.scene import scene_facts
from llavapose.teacher.reply.forms import MAX_BLOCKS
from llavapose.teacher.reply.parse import MAX_CHARACTERS, parse_reply
from llavapose.teacher.reply.reading import read_reply
from llavapose.teacher.reply.wrapping import cleaned, without_closing
from tests.drawn_by_hand import THREE

UNITS = [
    " ", "\n", "\t", "\xa0", " \n", "[", "{", "]", "(", '"', "“", "'", "`", "```\n", "*", "** x", "_", "---\n", "- - ",
    "#", "| ", "1", "1. ", "1.\n", "and and and ", "word ", "Question: ", "Question: a b\nAnswer: c\n",
    "User: a b\nAssistant: c\n", "<", "<think>", "</think>", "<q>", ",", "? ", ". ", "\u200b", "here is ", "the man ",
    "arm ", "person 1 ", "two people, ", "his ", "left elbow ", "one of the people ", "a) x\n", '{"a":',
    '{"question": "a b?", "answer": "c d"},', "I cannot ", "\\", "The man raises his left arm. ",
    "Is the left arm raised? ", "0.5, ", "[0.5, 0.5]", "if you would like ", "note: ", "person 1 " * 109 + ". ",
    "his " * 240 + ". ", "arm " * 240 + ". ", "\U0001f600", "词",
]  # fmt: skip
FORMS = (
    ("conv", "", ""),
    ("complex", "Question: a b?\nAnswer: ", "."),
    ("detail", "A man stands here. ", " and so on."),
)


def seconds(text: str, kind: str) -> float:
    start = time.process_time()
    instruction = "Describe the picture." if kind == "detail" else None
    read_reply(
        text, kind, scene=THREE, facts=scene_facts(THREE), finish="stop", conv_form="pairs", instruction=instruction
    )
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS, ids=range(len(UNITS)))
def test_no_reply_is_read_for_longer_than_a_second(unit: str):
    for number, (kind, before, after) in enumerate(FORMS):
        assert seconds(before + unit * (100_000 // len(unit)) + after, kind) < 1
        if number == UNITS.index(unit) % len(FORMS):  # the longest that is read, in one form each
            room = MAX_CHARACTERS - len(before) - len(after)
            assert seconds(before + unit * (room // len(unit)) + after, kind) < 1


@pytest.mark.parametrize("unit", UNITS, ids=range(len(UNITS)))
def test_no_judge_s_reply_either(unit: str):
    for protocol in JudgeProtocol:
        start = time.process_time()
        with suppress(ReplyError):
            read_ratings(unit * (100_000 // len(unit)), protocol)
        assert time.process_time() - start < 1


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_a_reply_that_is_no_sample_of_anything_is_too_long(kind: str):
    with pytest.raises(ReplyError, match="too long"):
        parse_reply("A man stands here. " * 900, kind, instruction="Describe.")
    with pytest.raises(ReplyError, match="too long"):
        parse_reply("Question: What is it?\nAnswer: It is a man.\n" * MAX_BLOCKS, "conv")


def test_a_list_without_an_end_claims_nothing():
    claim = "The man stands with his left arm raised"
    assert extract_claims(f"{claim}.")
    assert not extract_claims(f"{claim}, {'and so on ' * (MAX_SENTENCE // 10)}.")


def test_long_blanks_and_rules_are_shortened_and_short_ones_left():
    assert cleaned("a" + " " * 99 + "b" + "-" * 99) == "a" + " " * 99 + "b" + "-" * 99
    assert cleaned("a" + " " * 500 + "b" + "\n" * 500 + "c" + "=" * 500) == "a b\n\nc" + "=" * 100


def test_separators_at_the_end_are_left_out_whatever_their_number():
    assert without_closing("A man stands." + "\n---\n* * *\n===" * 300) == "A man stands."
    assert without_closing("---\n***") == "---"
