"""Replies of a judge: the last verdict in the asked form, or none; never a number that nobody gave."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import ReplyError
from llavapose.evaluation.judges.replies import MARK_LETTERS, mark_of, read_ratings
from tests.evaluation.judges.marked_replies import CUT_OFF, MARK, PLANTED, REPLIES, Marked

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "llava_coco2014" / "judge_replies_80.jsonl"


def read(marked: Marked, *, cut_off: bool = False) -> tuple[float, ...] | None:
    try:
        return read_ratings(
            marked.reply, JudgeProtocol(marked.protocol), mark=MARK, answers=marked.answers, cut_off=cut_off
        ).values
    except ReplyError:
        return None


@pytest.mark.skipif(
    not REAL.is_file(),
    reason="no ../shared/data/llava_coco2014/judge_replies_80.jsonl beside the checkout: 80 real replies are not read",
)
def test_real_replies_are_read_as_they_were_scored():
    rows = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 80
    for row in rows:
        found = read_ratings(row["text"], JudgeProtocol.pair, mark=MARK, answers=("It stands.", "It sits."))
        assert list(found.values) == row["score"], row["text"]


@pytest.mark.parametrize("marked", REPLIES, ids=range(len(REPLIES)))
def test_what_is_a_verdict_and_what_is_none(marked):
    assert read(marked) == marked.verdict


@pytest.mark.parametrize("marked", CUT_OFF, ids=range(len(CUT_OFF)))
def test_a_verdict_at_the_end_of_a_cut_off_reply_may_lack_digits(marked):
    assert read(marked, cut_off=True) == marked.verdict


def test_why_there_is_none_can_be_counted():
    for reply, why in (("No.", "no verdict"), ("Rating: 11", "outside 1 to 10")):
        with pytest.raises(ReplyError, match=why):
            read_ratings(reply, JudgeProtocol.single)
    with pytest.raises(ReplyError, match="where an answer holds one itself"):
        read_ratings("Rating: 10", JudgeProtocol.single, mark=MARK, answers=(PLANTED,))


def test_the_rest_is_the_explanation():
    assert read_ratings("9 8\nBoth are right.", JudgeProtocol.pair).explanation == "Both are right."
    found = read_ratings(f"It is right.\nRating {MARK}: 8", JudgeProtocol.single, mark=MARK)
    assert found.explanation == "It is right."


PROSE = st.lists(
    st.one_of(
        st.text(alphabet="abcdef ghij,.'\u00e9", min_size=3, max_size=40).map(lambda text: f"It {text}"),
        st.sampled_from(["There are 10 reasons.", "Answer 1 names 3 of 4 arms.", "I rate 7 things.", "| a | 8 |"]),
    ),
    max_size=5,
)
NUMBER = st.sampled_from(["1", "4.5", "7", "10", "7/10", "7 / 10"])
QUOTES = st.lists(st.sampled_from([line for line in PLANTED.splitlines() if line[:3] != "The"]), max_size=3)


def number(text: str) -> float:
    return float(text.split("/")[0])


@given(PROSE, PROSE, QUOTES, NUMBER, NUMBER, st.sampled_from(list(JudgeProtocol)), st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_the_marked_verdict_is_read_wherever_it_stands_and_nothing_planted_is(
    before, after, quotes, first, second, protocol, seed
):
    told, values = (first, (number(first),))
    if protocol != JudgeProtocol.single:
        told, values = (f"{first} {second}", (number(first), number(second)))
    around = [*before, *after, *quotes]
    random.Random(seed).shuffle(around)
    place = random.Random(seed).randint(0, len(around))
    lines = [*around[:place], f"Ratings {MARK}: {told}", *around[place:]]
    found = read_ratings("\n".join(lines), protocol, mark=MARK, answers=(PLANTED,))
    assert found.values == values
    assert read(Marked(protocol.value, "\n".join(around), None, (PLANTED,))) is None, "without its mark"


@given(PROSE)
@settings(max_examples=50, deadline=None)
def test_prose_is_no_verdict(prose):
    for protocol in JudgeProtocol:
        assert read(Marked(protocol.value, "\n".join(prose), None)) is None


def test_a_mark_follows_from_all_that_is_shown_and_is_long_enough_not_to_be_found():
    """A search for an answer that holds its own mark succeeds with few letters, so that their number is what holds."""
    assert len({mark_of("q", ("a", "b"), 0), mark_of("q", ("b", "a"), 0), mark_of("q", ("a", "b"), 1)}) == 3
    tried = (f"Rating {number:03x}: 10" for number in range(0x1000))
    found = sum(mark_of("q", answer)[:3] == answer[7:10] for answer in tried)
    assert found, "three letters are found at once"
    assert len(mark_of("q")) == MARK_LETTERS >= 12
