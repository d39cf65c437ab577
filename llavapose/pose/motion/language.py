"""Motion facts in English: the wording of every kind; ``pose/language.py`` puts it beside that of still kinds.

    >>> act(fact), act(fact, "ing")
    ('raises the left hand past the shoulder', 'raising the left hand past the shoulder')

``pose/claims/moving/`` reads the words back (a test holds it). Left and right of a turn are the person's own, those
of a shift the picture's; the words say which.
"""

from llavapose.records import Fact

TIMES = ("", "once", "twice", "three times", "four times", "five times", "six times", "seven times", "eight times",
         "nine times", "ten times")  # fmt: skip
"""How often, by number."""

FORMS = ("does", "do", "ing")
"""The forms of a verb phrase: "raises", "raise" behind "does" or "to", "raising"."""

_HAND = {
    "raised past the shoulder": ("raises", "raise", "raising", "the {part} past the shoulder"),
    "raised past the head": ("raises", "raise", "raising", "the {part} past the head"),
    "lowered past the shoulder": ("lowers", "lower", "lowering", "the {part} past the shoulder"),
    "lowered past the head": ("lowers", "lower", "lowering", "the {part} past the head"),
}
_HINGE = {
    "bends": ("bends", "bend", "bending", "the {part}"),
    "straightens": ("straightens", "straighten", "straightening", "the {part}"),
}
ACTS: dict[str, dict[str, tuple[str, str, str, str]]] = {
    "hand_motion": _HAND,
    "elbow_motion": _HINGE,
    "knee_motion": _HINGE,
    "stance_motion": {
        "sits down": ("sits", "sit", "sitting", "down"),
        "crouches down": ("crouches", "crouch", "crouching", "down"),
        "stands up": ("stands", "stand", "standing", "up"),
    },
    "turn": {
        "own left": ("turns", "turn", "turning", "to their own left"),
        "own right": ("turns", "turn", "turning", "to their own right"),
    },
    "shift": {
        "image left": ("moves", "move", "moving", "toward the left side of the picture"),
        "image right": ("moves", "move", "moving", "toward the right side of the picture"),
    },
    "approach": {
        "nearer": ("comes", "come", "coming", "nearer to the camera"),
        "away": ("moves", "move", "moving", "away from the camera"),
    },
    "order": {
        "before": ("moves", "move", "moving", "before {target}"),
        "after": ("moves", "move", "moving", "after {target}"),
    },
}
"""Kind -> value -> the verb in its ``FORMS``, and what follows it."""

_AGAIN = {
    "hand": ("moves", "move", "moving", "the {part} up and down"),
    "elbow": ("bends and straightens", "bend and straighten", "bending and straightening", "the {part}"),
    "knee": ("bends and straightens", "bend and straighten", "bending and straightening", "the {part}"),
}
"""The same of what is repeated, by the part's noun."""

PHRASES: dict[str, dict[str, str]] = {
    "hand_motion": {
        "raised past the shoulder": "up past the shoulder",
        "raised past the head": "up past the head",
        "lowered past the shoulder": "down past the shoulder",
        "lowered past the head": "down past the head",
    },
    "shift": {"image left": "left", "image right": "right"},
}
"""What ``{way}`` says in a sentence where it is not the value."""

STATEMENTS: dict[str, tuple[str, ...]] = {
    "hand_motion": (
        "{who} {does} the {part} {past}.",
        "the {part} of {who} moves {way}.",
        "{who} moves the {part} {way}.",
        "{who} brings the {part} {way}.",
    ),
    "elbow_motion": ("{who} {act}.", "the {part} of {who} {does}.", "{who} can be seen {acting}."),
    "knee_motion": ("{who} {act}.", "the {part} of {who} {does}.", "{who} can be seen {acting}."),
    "stance_motion": ("{who} {act}.", "{who} can be seen {acting}.", "in the course of the clip, {who} {act}."),
    "turn": ("{who} {act}.", "the body of {who} {act}.", "{who} can be seen {acting}."),
    "shift": ("{who} {act}.", "{who} moves {way} across the picture.", "{who} can be seen {acting}."),
    "approach": ("{who} {act}.", "{who} can be seen {acting}.", "in the course of the clip, {who} {act}."),
    "repeats": (
        "{who} {again} {times}.",
        "the {part} of {who} {goes} {times}.",
        "{who} can be seen {going} {times}.",
    ),
    "order": ("{who} {act}.", "{who} starts to move {value} {target}.", "{who} begins moving {value} {target}."),
}
"""Statements by kind; the first is the plainest, and the probe's."""

CHOICES: dict[str, str] = {
    "hand_motion": "does {who} {first} or {second} the {part} {past}?",
    "elbow_motion": "does {who} {first} or {second} the {part}?",
    "knee_motion": "does {who} {first} or {second} the {part}?",
    "stance_motion": "does {who} {first} or {second}?",
    "turn": "does {who} turn {first} or {second}?",
    "shift": "does {who} move {first} or {second}?",
    "approach": "does {who} {first} or {second}?",
    "repeats": "does {who} {do_again} {first} or {second}?",
    "order": "does {who} move {first} or {second} {target}?",
}
"""Questions between two values."""

CHOICE_APART = "does {who} {first} or {second}?"
"""The same where more than the verb differs between the two, as between past the shoulder and past the head."""

OPEN: dict[str, tuple[str, ...]] = {
    "hand_motion": (
        "what does {who} do with the {part}?",
        "how does the {part} of {who} move?",
        "which way does the {part} of {who} go?",
        "how does {who} move the {part}?",
    ),
    "elbow_motion": (
        "what does {who} do with the {part}?",
        "how does the {part} of {who} change?",
        "what happens at the {part} of {who}?",
        "how does {who} move the {part}?",
    ),
    "knee_motion": (
        "what does {who} do with the {part}?",
        "how does the {part} of {who} change?",
        "what happens at the {part} of {who}?",
        "how does {who} move the {part}?",
    ),
    "stance_motion": (
        "how does the stance of {who} change?",
        "what does {who} do in the course of the clip?",
        "what change of stance does {who} make?",
        "how does {who} change posture?",
    ),
    "turn": (
        "which way does {who} turn, seen from where they are?",
        "to which side of their own does {who} turn?",
        "in which direction does {who} turn their body?",
        "which way does the body of {who} turn?",
    ),
    "shift": (
        "which way does {who} move across the picture?",
        "toward which side of the picture does {who} move?",
        "in which direction does {who} go in the picture?",
        "how does the place of {who} in the picture change?",
    ),
    "approach": (
        "how does the distance between {who} and the camera change?",
        "which way does {who} move, seen from the camera?",
        "how does {who} move with respect to the camera?",
        "what happens to the distance of {who} from the camera?",
    ),
    "repeats": (
        "how many times does {who} {do_again}?",
        "how often does {who} {do_again}?",
    ),
    "order": (
        "when does {who} start to move, compared with {target}?",
        "who starts to move first, {who} or {target}?",
    ),
}
"""Questions that name no value; the benchmark draws from the first two of a kind."""

DOUBTS: dict[str, str] = {
    **dict.fromkeys(
        ("hand_motion", "elbow_motion", "knee_motion", "stance_motion", "turn", "shift", "approach", "order"),
        "does {who} {do}?",
    ),
    "repeats": "does {who} {do_again} {times}?",
}
"""Questions to be answered with yes or no."""

BARE: dict[str, dict[str, str]] = {
    "hand_motion": {
        "raised past the head": "(?:raise[sd]?|up)[^.]* head",
        "lowered past the head": "(?:lower(?:s|ed)?|down)[^.]* head",
        "raised past the shoulder": "raise[sd]?|up",
        "lowered past the shoulder": "lower(?:s|ed)?|down",
    },
    "elbow_motion": {"bends": "bends?|bent", "straightens": "straightens?|straightened"},
    "knee_motion": {"bends": "bends?|bent", "straightens": "straightens?|straightened"},
    "stance_motion": {
        "sits down": "(?:sits?|sat) down",
        "crouches down": "(?:crouch(?:es|ed)?|squats?|squatted) down",
        "stands up": "(?:stands?|stood|gets?|got) up",
    },
    "turn": {"own left": "left", "own right": "right"},
    "shift": {"image left": "left", "image right": "right"},
    "approach": {"nearer": "nearer|closer|toward (?:the )?camera", "away": "away|farther|further"},
    "repeats": {
        str(number): f"{number} times|{often}|{often.removesuffix(' times')}"
        for number, often in enumerate(TIMES)
        if number
    },
    "order": {"before": "before|first|earlier", "after": "after|second|later"},
}
"""Expressions by which a bare answer, "Down.", "Twice.", names a value to a question about its kind."""


def act(fact: Fact, form: str = "does", target: str = "") -> str:
    """What somebody does, without who: "sits down", "bends and straightens the left knee twice".

    Args:
        fact: of a kind of motion.
        form: one of ``FORMS``.
        target: what the fact's target is called; only ``order`` has one.
    """
    verbs = _verbs(fact)
    often = f" {TIMES[int(fact.value)]}" if fact.kind == "repeats" else ""
    return f"{verbs[FORMS.index(form)]} {verbs[-1]}{often}".format(part=fact.part or "limb", target=target)


def choice(fact: Fact, *, apart: bool = False) -> str:
    """How a value is named among the alternatives of a question; ``apart``: those of ``CHOICE_APART``."""
    verbs = _verbs(fact)
    if fact.kind == "repeats":
        return TIMES[int(fact.value)]
    if fact.kind == "order":
        return fact.value
    if fact.kind in ("turn", "shift") and not apart:
        return verbs[-1]
    return verbs[1] if fact.kind in ("hand_motion", "elbow_motion", "knee_motion") and not apart else act(fact, "do")


def alike(one: Fact, other: Fact) -> bool:
    """Whether the two alternatives share all but the verb of a question."""
    return one.part == other.part and (one.kind != "hand_motion" or _verbs(one)[-1] == _verbs(other)[-1])


def words(fact: Fact, target: str = "") -> dict[str, str]:
    """What the templates of a motion fact may name, beside who, part, value and target."""
    verbs = _verbs(fact)
    told = {"act": act(fact, "does", target), "do": act(fact, "do", target), "acting": act(fact, "ing", target)}
    told |= {"does": verbs[0], "way": PHRASES.get(fact.kind, {}).get(fact.value, fact.value)}
    told["past"] = fact.value.partition(" ")[2] if fact.kind == "hand_motion" else ""
    if fact.kind != "repeats":
        return told
    again = [f"{verb} {verbs[-1]}".format(part=fact.part or "") for verb in verbs[:-1]]
    hand = (fact.part or "").endswith("hand")
    told |= {"again": again[0], "do_again": again[1], "going": again[2], "times": TIMES[int(fact.value)]}
    return told | {"goes": "goes up and down" if hand else verbs[0]}


def _verbs(fact: Fact) -> tuple[str, str, str, str]:
    if fact.kind == "repeats":
        return _AGAIN[(fact.part or "hand").rpartition(" ")[2]]
    return ACTS[fact.kind][fact.value]
