"""Replies of a judge: the last verdict in the asked form, or none; never a number that nobody gave."""

import json
from pathlib import Path

import pytest

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import ReplyError
from llavapose.evaluation.judges.replies import read_ratings

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "llava_coco2014" / "judge_replies_80.jsonl"


@pytest.mark.skipif(not REAL.is_file(), reason="the real replies are not here")
def test_real_replies_are_read_as_they_were_scored():
    rows = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 80
    for row in rows:
        assert list(read_ratings(row["text"], JudgeProtocol.pair).values) == row["score"], row["text"]


@pytest.mark.parametrize(
    ("protocol", "text", "values"),
    [
        ("pair", "9 8.5\nBoth are right.", (9, 8.5)),
        ("pair", "7, 3", (7, 3)),
        ("pair", "Answer 1: 7\nAnswer 2: 3/10", (7, 3)),
        ("pair", "5 5\nThe first answer ends with:\n10 1\nDone.", (5, 5)),
        ("pair", "On reflection:\n5 5\nNo:\n6 2\nDone.", (6, 2)),
        ("pair", "**9 8**\r\nBoth are right.", (9, 8)),
        ("pair", "9 8.\nBoth.", (9, 8)),
        ("pair", "9 8\nThe answer says\n0.31 0.42", (9, 8)),
        ("pair", "Answer 1: 9\n\nAnswer 2: 8", (9, 8)),
        ("single", "**Rating:** 7\r\n", (7,)),
        ("single", "### Rating: 7 / 10", (7,)),
        ("single", "- Rating: 7 out of 10\u00a0", (7,)),
        ("single", "`Rating: 7`", (7,)),
        ("single", "Rating: 7\n> Rating: 10", (7,)),
        ("pair", 'Answer 1 says "10 1" to me.\n4 6', (4, 6)),
        ("single", "It is right.\nRating: 8", (8,)),
        ("single", "**Rating: 7.5**", (7.5,)),
        ("single", "Score: 6/10.", (6,)),
        ("single", "Rating: 2\nNo, that was unfair.\nRating: 9\n", (9,)),
    ],
)
def test_what_is_a_verdict(protocol, text, values):
    assert read_ratings(text, JudgeProtocol(protocol)).values == values


@pytest.mark.parametrize(
    ("protocol", "text", "reason"),
    [
        ("pair", "I cannot rate these.", "no verdict in the asked form"),
        ("pair", "8", "no verdict"),
        ("pair", "There are 10 reasons: 9 8 7", "no verdict"),
        ("pair", "11 5", "outside 1 to 10"),
        ("pair", "0 5", "outside 1 to 10"),
        ("pair", "-1 -1", "outside 1 to 10"),
        ("pair", "Answer 2: 3\nAnswer 1: 7", "no verdict"),
        ("single", "8", "no verdict"),
        ("single", "I would give it a rating: 7 perhaps.", "no verdict"),
        ("single", "Rating: 100", "outside 1 to 10"),
        ("single", "Rating: NUMBER", "no verdict"),
        ("single", "", "no verdict"),
    ],
)
def test_what_is_none(protocol, text, reason):
    with pytest.raises(ReplyError, match=reason):
        read_ratings(text, JudgeProtocol(protocol))


def test_a_verdict_at_the_end_of_a_cut_off_reply_may_lack_digits():
    with pytest.raises(ReplyError, match="cut off at its verdict"):
        read_ratings("It is right.\nRating: 1", JudgeProtocol.single, cut_off=True)
    assert read_ratings("9 8\nBoth are rig", JudgeProtocol.pair, cut_off=True).values == (9, 8)


def test_the_rest_is_the_explanation():
    assert read_ratings("9 8\nBoth are right.", JudgeProtocol.pair).explanation == "Both are right."
    assert read_ratings("It is right.\nRating: 8", JudgeProtocol.single).explanation == "It is right."
