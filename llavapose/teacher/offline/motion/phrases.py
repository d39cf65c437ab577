"""Movements as verbs, of one side of the body or of both, and times in words.

>>> verb_of("hand_motion", "raised past the head", "both hands", "ing", "her")
'raising both hands past the head'
"""

import random
from collections.abc import Sequence

from llavapose.pose.motion.language import ACTS, FORMS, TIMES

_PAST = {
    "raises": "raised", "lowers": "lowered", "bends": "bent", "straightens": "straightened", "sits": "sat",
    "crouches": "crouched", "stands": "stood", "turns": "turned", "moves": "moved", "comes": "come",
}  # fmt: skip
"""Verb as ``ACTS`` has it first -> its participle, which is in nobody else's sentences."""

_BOTH_WAYS = {
    "does": ("raises and lowers", "bends and straightens"),
    "do": ("raise and lower", "bend and straighten"),
    "ing": ("raising and lowering", "bending and straightening"),
    "done": ("raised and lowered", "bent and straightened"),
}
"""What is repeated, of hands and of elbows and knees, by the form."""


def verb_of(kind: str, value: str, part: str | None, form: str, own: str) -> str:
    """A movement in one of the forms of its verb.

    Args:
        kind: of the fact.
        value: of the fact.
        part: what moves, with its article: "the left hand", "both hands"; None where the kind has none.
        form: one of ``pose.motion.language.FORMS``, or "done".
        own: the possessive of who moves.
    """
    if kind == "repeats":
        return f"{_BOTH_WAYS[form]['hand' not in (part or '')]} {part} {TIMES[int(value)]}"
    *verbs, rest = ACTS[kind][value]
    verb = _PAST[verbs[0]] if form == "done" else verbs[FORMS.index(form)]
    return f"{verb} {rest}".replace("the {part}", part or "").replace("their own", f"{own} own")


def seconds(time_s: float) -> str:
    """A time to a tenth of a second, as frames are headed: "1.2"."""
    return f"{time_s:.1f}"


def from_words(time_s: float) -> str:
    """From when on: "from about 1.2 s on", "right from the start"."""
    return "right from the start" if seconds(time_s) == "0.0" else f"from about {seconds(time_s)} s on"


def at_words(time_s: float) -> str:
    """When something begins: "at about 1.2 s", "right at the start"."""
    return "right at the start" if seconds(time_s) == "0.0" else f"at about {seconds(time_s)} s"


def span_words(span_s: tuple[float, float], rng: random.Random) -> str:
    """From when to when: "from about 0.4 to 1.0 s", "between about 0.4 and 1.0 s"; "at about 0.4 s" of a moment."""
    start, end = map(seconds, span_s)
    if start == "0.0":
        return f"from the start until about {end} s"
    if start == end:
        return f"at about {start} s"
    return rng.choice((f"from about {start} to {end} s", f"between about {start} and {end} s"))


def listed(items: Sequence[str]) -> str:
    """Items in a row: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
