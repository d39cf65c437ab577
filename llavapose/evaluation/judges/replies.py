"""What a judge's reply says: its last verdict in the asked form, or that there is none, which is never a number.

A reply, and what is read out of it:

    9 8.5                                     pair: 9 and 8.5
    Both answers are right, but ...

    The second answer sees no racket.         pair: 10 and 6
    Answer 1: 10
    Answer 2: 6

    It names both arms rightly.               single: 8
    Rating: 8
"""

import re
from dataclasses import dataclass

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import ReplyError
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST

_SPACE = r"[ \t]*"
_NUMBER = r"(-?\d+(?:\.\d+)?)(?:/10)?"
_LABELLED = rf"{_SPACE}(?:assistant|answer) {{}}:{_SPACE}{_NUMBER}{_SPACE}"
_FORMS = {
    JudgeProtocol.single: (rf"^{_SPACE}\**(?:rating|score)\**:{_SPACE}\**{_NUMBER}\**\.?{_SPACE}$",),
    JudgeProtocol.pair: (
        rf"^{_SPACE}{_NUMBER}[ \t,]+{_NUMBER}{_SPACE}$",
        rf"^{_LABELLED.format(1)}\n{_LABELLED.format(2)}$",
    ),
}
"""A verdict stands on lines of its own: a number inside a sentence is none."""


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """The numbers, in the order in which the answers stood, and the rest of the reply."""

    values: tuple[float, ...]
    explanation: str


def read_ratings(text: str, protocol: JudgeProtocol, *, cut_off: bool = False) -> Ratings:
    """The last verdict of a reply.

    Args:
        text: the reply.
        protocol: how many numbers were asked for.
        cut_off: whether the reply ended at its longest: a number at its very end may lack digits.

    Raises:
        ReplyError: no verdict in the asked form, or one outside 1 to 10.
    """
    flags = re.MULTILINE | re.IGNORECASE
    found = [match for form in _FORMS[protocol] for match in re.finditer(form, text, flags)]
    if not found:
        raise ReplyError("no verdict in the asked form")
    last = max(found, key=lambda match: match.start())
    if cut_off and not text[last.end() :].strip():
        raise ReplyError("cut off at its verdict")
    values = tuple(float(number) for number in last.groups())
    if not all(LOWEST <= value <= HIGHEST for value in values):
        raise ReplyError("a rating outside 1 to 10")
    return Ratings(values=values, explanation=f"{text[: last.start()].strip()} {text[last.end() :].strip()}".strip())
