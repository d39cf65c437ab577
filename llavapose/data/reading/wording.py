r"""What stands around questions and answers in a base's conversation, as plain values that any process can have.

Said of a sample, where those of the same pictures share the head, and replied, answer and end are supervised:

    head | lead question asked replied answer end | between question asked replied answer end | tail
"""

from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.errors import DataError
from llavapose.frames import time_told

TIME = "Txtime"
"""Stands for a time in a text in front of a question: no template writes it."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A base's chat template, taken apart.

    Attributes:
        heads: the text in front of the first question with one picture, two, ..., each up to and including its last
            special token, before the processor puts tokens in a placeholder's place.
        timed: the same with frames, each behind its time, for which ``TIME`` stands.
        marker: the last special token of what the processor makes of a head: text behind it is encoded with it in
            front, and its id taken off. What the processor puts behind it stands in ``lead``, not in the prefix.
        lead: what stands between marker and first question.
        text_lead: all that stands before a sample without pictures, as far as it is the prefix.
        text_gap: what stands between it and the first question.
        asked: behind a question, up to where a model that is asked begins to write.
        replied: what it has to write before an answer: a space; supervised.
        end: what ends an answer: supervised, and where the answer of a model that is asked ends.
        between: from there to the next question.
        tail: behind the last answer's end.
        places_times: whether the times are put in front of the pictures here, for the template writes all pictures
            before all words.
        note: how what the template writes differs from what it asks for; "": not at all.
    """

    heads: tuple[str, ...]
    timed: tuple[str, ...]
    marker: str
    lead: str
    text_lead: str
    text_gap: str
    asked: str
    replied: str
    end: str
    between: str
    tail: str
    places_times: bool = False
    note: str = ""

    def head(self, num_pictures: int, times_s: Sequence[float] = ()) -> str:
        """The text up to and including the last picture's marker, with a placeholder a picture.

        Args:
            num_pictures: at least one.
            times_s: where the pictures are frames: of each, in seconds.

        Raises:
            DataError: more pictures than the template's numbers have been looked at for.
        """
        if not times_s:
            return _of(self.heads, num_pictures)
        between = _of(self.timed, num_pictures).split(TIME)
        # Some templates take off the blank behind it: it stands in what is between the times.
        told = [time_told(time_s).strip() for time_s in times_s]
        return between[0] + "".join(time + text for time, text in zip(told, between[1:], strict=True))


def _of(heads: Sequence[str], num: int) -> str:
    """The head of a number of pictures; of more than there are heads, as the last one grows."""
    if not heads:
        raise DataError("a sample has frames, and this base's chat template has no place for their times")
    if num <= len(heads):
        return heads[num - 1]
    last, before = heads[-1], heads[-2] if len(heads) > 1 else ""
    if not before or not last.startswith(before):
        raise DataError(f"a sample has {num} pictures; expected at most {len(heads)} with this base")
    return last + last.removeprefix(before) * (num - len(heads))


SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
"""LLaVA-1.5's system sentence (Liu et al., 2024, conversation ``vicuna_v1``)."""

IMAGE_TOKEN = "<image>"

LLAVA15 = Wording(
    heads=(f"{SYSTEM} USER: {IMAGE_TOKEN}", f"{SYSTEM} USER: {IMAGE_TOKEN}\n{IMAGE_TOKEN}"),
    timed=(
        f"{SYSTEM} USER: {TIME} {IMAGE_TOKEN}",
        f"{SYSTEM} USER: {TIME} {IMAGE_TOKEN}\n{TIME} {IMAGE_TOKEN}",
    ),
    marker=IMAGE_TOKEN,
    lead="\n",
    text_lead=f"{SYSTEM} USER:",
    text_gap=" ",
    asked=" ASSISTANT:",
    replied=" ",
    end="</s>",
    between="USER: ",
    tail="",
)
"""LLaVA-1.5's conversation, vicuna v1."""
