"""What a judge cannot rate, and when it is too much: one share of all questions, whatever it is that each lacks."""

from collections import Counter
from collections.abc import Sequence

from llavapose.errors import LlavaPoseError
from llavapose.evaluation.judges.protocol import NO_ANSWER, Case
from llavapose.records import Answer

MAX_MISSING = 0.1
"""Largest share of the questions that may lack a rating, unless ``judge.max_missing`` says otherwise."""


class TooManyMissing(LlavaPoseError):
    """So many ratings are missing that the others would say something else than they seem to."""

    goes_on_with = "judge.max_missing=1"


def answers_in(case: Case) -> tuple[Answer, ...]:
    """The answers that a judge sees at once: the arm's, then the other's."""
    return tuple(one for one in (case.answer, case.opponent) if one is not None)


def missing_answer(case: Case) -> str:
    """Whose answer is missing, and why; "" where none is."""
    failed = [one for one in answers_in(case) if one.finish == "failed"]
    return "; ".join(f"{NO_ANSWER} {one.arm}: {one.text}" for one in failed)


def too_many_missing(reasons: Sequence[str], num: int, most: float) -> str:
    """A line with the commonest reasons where more questions lack a rating than may; else "".

    Args:
        reasons: one a question that lacks any.
        num: questions in all.
        most: the share of them that may.
    """
    if len(reasons) <= most * num:
        return ""
    commonest = "; ".join(f"{count} x {why}" for why, count in Counter(reasons).most_common(3))
    return f"{len(reasons)} of {num} questions lack a rating, more than judge.max_missing={most:g}: {commonest}"
