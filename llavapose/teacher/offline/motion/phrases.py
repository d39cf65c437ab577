"""Movements as verbs: "raises the left hand above the head", "sitting down", "has turned to her own left".

>>> say(movement, "third", own="her")
'raises the left hand above the head'
"""

import random
from collections.abc import Sequence

from llavapose.pose.language import number_word

FORMS: dict[str, dict[str, str]] = {
    "raise": {"third": "raises", "ing": "raising", "past": "raised"},
    "lower": {"third": "lowers", "ing": "lowering", "past": "lowered"},
    "bend": {"third": "bends", "ing": "bending", "past": "bent"},
    "straighten": {"third": "straightens", "ing": "straightening", "past": "straightened"},
    "sit": {"third": "sits", "ing": "sitting", "past": "sat"},
    "crouch": {"third": "crouches", "ing": "crouching", "past": "crouched"},
    "stand": {"third": "stands", "ing": "standing", "past": "stood"},
    "turn": {"third": "turns", "ing": "turning", "past": "turned"},
    "move": {"third": "moves", "ing": "moving", "past": "moved"},
    "come": {"third": "comes", "ing": "coming", "past": "come"},
    "go": {"third": "goes", "ing": "going", "past": "gone"},
}
"""Verb -> its forms beside the base: "third", "ing", "past" (the participle)."""

VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "hand_motion": {
        "raised past the shoulder": ("raise", "{part} past the shoulder"),
        "raised past the head": ("raise", "{part} past the head"),
        "lowered past the shoulder": ("lower", "{part} past the shoulder"),
        "lowered past the head": ("lower", "{part} past the head"),
    },
    "elbow_motion": {"bends": ("bend", "{part}"), "straightens": ("straighten", "{part}")},
    "knee_motion": {"bends": ("bend", "{part}"), "straightens": ("straighten", "{part}")},
    "stance_motion": {"sits down": ("sit", "down"), "crouches down": ("crouch", "down"), "stands up": ("stand", "up")},
    "turn": {"own left": ("turn", "to {own} own left"), "own right": ("turn", "to {own} own right")},
    "shift": {
        "image left": ("move", "toward the left side of the picture"),
        "image right": ("move", "toward the right side of the picture"),
    },
    "approach": {"nearer": ("come", "nearer to the camera"), "away": ("go", "away from the camera")},
}
"""Kind and value -> the verb and what follows it."""

TIMES = {"1": "once", "2": "twice"}
"""Numbers of times that have a word of their own."""


def times_words(value: str) -> str:
    """How often: "once", "twice", "three times"."""
    return TIMES.get(value, f"{number_word(value)} times")


def verb_of(kind: str, value: str, part: str | None, form: str, own: str) -> str:
    """A movement in one of the forms of its verb.

    Args:
        kind: of the fact.
        value: of the fact.
        part: what moves, with its article: "the left hand", "both hands"; None where the kind has none.
        form: "base", "third", "ing" or "past".
        own: the possessive of who moves.
    """
    if kind == "repeats":
        up, down = ("raise", "lower") if "hand" in (part or "") else ("bend", "straighten")
        return f"{inflected(up, form)} and {inflected(down, form)} {part} {times_words(value)}"
    verb, rest = VERBS[kind][value]
    return f"{inflected(verb, form)} {rest.format(part=part, own=own)}"


def inflected(verb: str, form: str) -> str:
    """A verb in one of its forms."""
    return verb if form == "base" else FORMS[verb][form]


def seconds(time_s: float) -> str:
    """A time to a tenth of a second, as frames are headed: "1.2"."""
    return f"{time_s:.1f}"


def span_words(span_s: tuple[float, float], rng: random.Random) -> str:
    """From when to when: "from about 0.4 to 1.0 s", "between about 0.4 and 1.0 s"; "at about 0.4 s" of a moment."""
    start, end = map(seconds, span_s)
    if start == end:
        return f"at about {start} s"
    return rng.choice((f"from about {start} to {end} s", f"between about {start} and {end} s"))


def listed(items: Sequence[str]) -> str:
    """Items in a row: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
