r"""What stands around questions and answers in a base's conversation, as plain values that any process can have.

Said of a sample, where those of the same pictures share the head, and replied, answer and end are supervised:

    head | lead question asked replied answer end | between question asked replied answer end | tail
"""

from dataclasses import dataclass

from llavapose.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A base's chat template, taken apart.

    Attributes:
        heads: the text in front of the first question with one picture, two, ..., each up to and including its last
            special token, before the processor puts tokens in a placeholder's place.
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
        note: how what the template writes differs from what it asks for; "": not at all.
    """

    heads: tuple[str, ...]
    marker: str
    lead: str
    text_lead: str
    text_gap: str
    asked: str
    replied: str
    end: str
    between: str
    tail: str
    note: str = ""

    def head(self, num_pictures: int) -> str:
        """The text up to and including the last picture's marker, with a placeholder a picture.

        Args:
            num_pictures: at least one.

        Raises:
            DataError: more pictures than the template's numbers have been looked at for.
        """
        if num_pictures <= len(self.heads):
            return self.heads[num_pictures - 1]
        last, before = self.heads[-1], self.heads[-2] if len(self.heads) > 1 else ""
        if not before or not last.startswith(before):
            raise DataError(f"a sample has {num_pictures} pictures; expected at most {len(self.heads)} with this base")
        return last + last.removeprefix(before) * (num_pictures - len(self.heads))


SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
"""LLaVA-1.5's system sentence (Liu et al., 2024, conversation ``vicuna_v1``)."""

IMAGE_TOKEN = "<image>"

LLAVA15 = Wording(
    heads=(f"{SYSTEM} USER: {IMAGE_TOKEN}", f"{SYSTEM} USER: {IMAGE_TOKEN}\n{IMAGE_TOKEN}"),
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
