"""Numbers of people in ordinary English: a total is judged, a part of the people is not taken for one."""

import pytest

from llavapose.pose.check import check_text
from llavapose.records import Fact
from tests.pose.claims.marked_counts import COUNTS, FURTHER, MISREAD, THIRD


def judged(figures, num_people: int, text: str) -> str:
    """What the numbers of this text are worth beside a picture with so many people."""
    value = str(num_people)
    fact = Fact(kind="count", person=None, value=value, sure=True, measure=num_people)
    checked = check_text(text, figures.row(num_people), (fact,))
    outcomes = {one.outcome for one in checked if one.claim.kind == "count"}
    return "wrong" if "contradicted" in outcomes else "right" if "supported" in outcomes else "open"


MARKED = [*COUNTS, *FURTHER, *THIRD]


@pytest.mark.parametrize(("num_people", "text", "marked"), MARKED, ids=[f"{n}-{text[:60]}" for n, text, _ in MARKED])
def test_marked_sentences(figures, num_people, text, marked):
    assert judged(figures, num_people, text) == marked


@pytest.mark.xfail(strict=True, reason="known: these are read otherwise")
@pytest.mark.parametrize(("num_people", "text", "marked"), MISREAD, ids=[text[:40] for _, text, _ in MISREAD])
def test_marked_sentences_that_are_misread(figures, num_people, text, marked):
    assert judged(figures, num_people, text) == marked
