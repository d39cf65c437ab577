"""A chat template's text in front of frames, each behind its time, as heads in which a word stands for the times."""

from collections.abc import Callable, Sequence

from llavapose.data.reading.wording import TIME
from llavapose.errors import DataError

SAID = f"{TIME} "
"""What stands for a time as a part of a message, with the blank behind it, which some templates take off."""


def timed_heads(
    render: Callable[[int], str], heads: Sequence[str], tail: str, *, tokens: Sequence[str], numbered: int
) -> tuple[tuple[str, ...], bool]:
    """The texts in front of the first question with one frame, two, ..., each frame behind ``TIME``.

    A template that keeps a message's own order writes them itself. One that writes all pictures before all words would
    leave the times behind them: there they are put in front of its pictures.

    Args:
        render: what stands before the question with a number of frames, by the template.
        heads: the texts with pictures that are no frames.
        tail: what stands between those and the question.
        tokens: all special tokens.
        numbered: up to how many frames a template is looked at that does not go on as it began.

    Returns:
        (heads, whether the times were put there); (): nothing is found to put them in front of.
    """
    try:
        found = [_in_order(render(num), num, tail) for num in range(1, len(heads) + 1)]
        if "" not in found:
            if len(found) == 3 and not _goes_on(found):
                found += [_in_order(render(num), num, tail) for num in range(4, numbered + 1)]
            if "" not in found:
                return tuple(found), False
    except DataError:
        pass
    return _placed(heads, tokens), True


def _in_order(text: str, num: int, tail: str) -> str:
    """The head of a rendered text in which every time has a picture behind it; "" where they have not."""
    head = text.removesuffix(tail)
    parts = head.split(TIME)
    is_good = text.endswith(tail) and len(parts) == num + 1 and all(part.strip() for part in parts[1:])
    return head if is_good else ""


def _goes_on(found: Sequence[str]) -> bool:
    more = found[1].removeprefix(found[0])
    return found[1].startswith(found[0]) and found[2] == found[1] + more


def _placed(heads: Sequence[str], tokens: Sequence[str]) -> tuple[str, ...]:
    """The heads with a time in front of the first token of every picture."""
    of_pictures = [one for one in tokens if all(head.count(one) == num for num, head in enumerate(heads, 1))]
    if not of_pictures:
        return ()
    first = min(of_pictures, key=heads[0].index)
    return tuple(_behind(head.split(first), f"{SAID}{first}") for head in heads)


def _behind(parts: Sequence[str], picture: str) -> str:
    """The parts with a picture between them, apart from a number that a template writes before it ("Image 1")."""
    text = parts[0]
    for part in parts[1:]:
        text += (" " if text[-1:].isalnum() else "") + picture + part
    return text
