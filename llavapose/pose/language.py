"""The one place where facts become English: statements, questions and false counterparts.

    >>> state(fact, scene)
    'The left elbow of the person on the right is bent.'
    >>> ask(fact, scene, order=0)
    'Is the left elbow of the person on the right bent or straight?'

Training text, the probe's pairs and the benchmark's questions are all worded here (kinds of motion in
``pose/motion/language.py``, whose tables are part of these), and ``pose/claims/`` reads the words back: a phrasing
added here must be readable there (a test holds it).
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from llavapose.pose.motion import language as motion
from llavapose.pose.motion import vocabulary as motions
from llavapose.pose.people import prominent, references
from llavapose.pose.vocabulary import OPPOSITES
from llavapose.records import Fact, Scene, Thing

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Number words by value; above ten the word is "many"."""

PLURAL_THINGS = frozenset(("skis", "scissors"))
"""COCO categories that take no article."""

PHRASES: dict[str, dict[str, str]] = {
    "facing": {
        "toward the camera": "toward the camera",
        "away from the camera": "away from the camera",
        "image left": "the left side of the picture",
        "image right": "the right side of the picture",
    },
    "place": {
        "left": "on the left side of the picture",
        "middle": "in the middle of the picture",
        "right": "on the right side of the picture",
    },
    "side_of": {"left of": "to the left of", "right of": "to the right of"},
}
"""Values whose words in a sentence differ from their names."""

SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "arm_height": {
        "above the head": ("above the head",),
        "raised": ("raised", "held up"),
        "at shoulder height": ("at shoulder height",),
        "lowered": ("lowered", "down", "hanging down"),
        "in front of the body": ("in front of the body",),
        "folded": ("folded over the chest",),
    },
    "legs": {"in a stride": ("in a stride",)},
    "leg_lift": {"lifted": ("lifted",), "on the ground": ("on the ground",)},
}
"""Other wordings of values, where a text has room for them; a value that is not here has its name alone."""

STATEMENTS: dict[str, tuple[str, ...]] = {
    "elbow": (
        "the {part} of {who} is {value}.",
        "{who} has a {value} {part}.",
        "{who} has the {part} {value}.",
    ),
    "knee": (
        "the {part} of {who} is {value}.",
        "{who} has a {value} {part}.",
        "{who} has the {part} {value}.",
    ),
    "arm_height": (
        "the {part} of {who} is {value}.",
        "{who} has the {part} {value}.",
    ),
    "arm_side": (
        "the {part} of {who} is {value}.",
        "{who} has the {part} {value}.",
    ),
    "legs": ("the legs of {who} are {value}.", "{who} has the legs {value}."),
    "leg_lift": ("the {part} of {who} is {value}.", "{who} has the {part} {value}."),
    "trunk": ("the trunk of {who} is {value}.", "the upper body of {who} is {value}.", "{who} is {value}."),
    "stance": ("{who} is {value}.", "in the picture, {who} is {value}."),
    "facing": ("{who} is facing {value}.", "{who} faces {value}.", "the body of {who} faces {value}."),
    "place": ("{who} is {value}.", "{who} can be seen {value}.", "{who} appears {value}."),
    "side_of": ("{who} is {value} {target}.", "{who} can be seen {value} {target}.", "{who} appears {value} {target}."),
    "nearest": (
        "{target} is nearest to {who}.",
        "the person nearest to {who} is {target}.",
        "nearest to {who} is {target}.",
    ),
    "contact": (
        "the {part} of {who} is touching {target}.",
        "{who} is touching {target} with the {part}.",
        "{who} touches {target} with the {part}.",
    ),
    "count": (
        "there {are} {value} in the picture.",
        "the picture shows {value}.",
        "{value} can be seen in the picture.",
    ),
    **motion.STATEMENTS,
}
"""Statements by kind; the first is the plainest, and the probe's."""

CHOICES: dict[str, str] = {
    "elbow": "is the {part} of {who} {first} or {second}?",
    "knee": "is the {part} of {who} {first} or {second}?",
    "arm_height": "is the {part} of {who} {first} or {second}?",
    "arm_side": "is the {part} of {who} {first} or {second}?",
    "legs": "are the legs of {who} {first} or {second}?",
    "leg_lift": "is the {part} of {who} {first} or {second}?",
    "trunk": "is the trunk of {who} {first} or {second}?",
    "stance": "is {who} {first} or {second}?",
    "facing": "is {who} facing {first} or {second}?",
    "place": "is {who} {first} or {second}?",
    "side_of": "is {who} {first} or {second} {target}?",
    "nearest": "who is nearest to {who}, {first} or {second}?",
    "contact": "is the {part} of {who} touching {first} or {second}?",
    "count": "how many people are there in the picture, {first} or {second}?",
    **motion.CHOICES,
}
"""Questions between two values."""

OPEN: dict[str, tuple[str, ...]] = {
    "elbow": (
        "how is the {part} of {who}?",
        "is the {part} of {who} straight, slightly bent or bent?",
        "how much is the {part} of {who} bent?",
        "what does the {part} of {who} look like?",
    ),
    "knee": (
        "how is the {part} of {who}?",
        "is the {part} of {who} straight, slightly bent or bent?",
        "how much is the {part} of {who} bent?",
        "what does the {part} of {who} look like?",
    ),
    "arm_height": (
        "how high is the {part} of {who}?",
        "how high does {who} hold the {part}?",
        "what is {who} doing with the {part}?",
        "at what height is the {part} of {who}?",
    ),
    "arm_side": (
        "to which side is the {part} of {who}?",
        "where does {who} hold the {part}?",
        "what is {who} doing with the {part}?",
        "whereabouts is the {part} of {who}?",
    ),
    "legs": (
        "how are the legs of {who}?",
        "how does {who} keep the legs?",
        "how does {who} place the legs?",
        "what is the position of the legs of {who}?",
    ),
    "leg_lift": (
        "where is the {part} of {who}?",
        "does {who} have the {part} lifted or on the ground?",
        "what is {who} doing with the {part}?",
        "whereabouts is the {part} of {who}?",
    ),
    "trunk": (
        "how is the trunk of {who}?",
        "how is the upper body of {who}?",
        "how does {who} hold the upper body?",
        "what is the posture of {who}?",
    ),
    "stance": (
        "what is the stance of {who}?",
        "is {who} standing, sitting, crouching or lying?",
        "how would you describe the stance of {who}?",
        "what posture has {who} taken?",
    ),
    "facing": (
        "which way is {who} facing?",
        "which way does {who} face?",
        "in which direction is {who} turned?",
        "where is {who} facing?",
    ),
    "place": (
        "where in the picture is {who}?",
        "in which part of the picture is {who}?",
        "whereabouts in the picture is {who}?",
        "where should I look for {who}?",
    ),
    "side_of": ("on which side of {target} is {who}?",),
    "nearest": ("who is nearest to {who}?",),
    "contact": (
        "what is the {part} of {who} touching?",
        "what does {who} touch with the {part}?",
        "what is at the {part} of {who}?",
        "what does {who} have at the {part}?",
    ),
    "count": (
        "how many people are there in the picture?",
        "how many people can be seen?",
    ),
    **motion.OPEN,
}
"""Questions that name no value; the benchmark draws from the first two of a kind."""

DOUBTS: dict[str, str] = {
    **dict.fromkeys(("elbow", "knee", "arm_height", "arm_side", "leg_lift"), "is the {part} of {who} {value}?"),
    "legs": "are the legs of {who} {value}?",
    "trunk": "is the trunk of {who} {value}?",
    "stance": "is {who} {value}?",
    "facing": "is {who} facing {value}?",
    "place": "is {who} {value}?",
    "side_of": "is {who} {value} {target}?",
    "nearest": "is {target} nearest to {who}?",
    "contact": "is the {part} of {who} touching {target}?",
    "count": "{are} there {value} in the picture?",
    **motion.DOUBTS,
}
"""Questions to be answered with yes or no."""


def state(fact: Fact, scene: Scene, variant: int = 0, names: Sequence[str] = ()) -> str:
    """A full sentence that states the fact.

    Args:
        fact: what holds.
        scene: its scene.
        variant: counts through the phrasings of its kind.
        names: what people are called, by index; empty: as ``references`` has them.
    """
    phrasings = STATEMENTS[fact.kind]
    return sentence(phrasings[variant % len(phrasings)].format(**_words(fact, scene, names)))


def ask(
    fact: Fact,
    scene: Scene,
    order: int = 0,
    false_fact: Fact | None = None,
    false_scene: Scene | None = None,
    names: Sequence[str] = (),
) -> str:
    """A question that names the true value and a false one without saying which holds.

    Args:
        fact: what is true.
        scene: its scene.
        order: 0 names the true value first, 1 the false one.
        false_fact: the false counterpart; None takes the clearest (``flipped``).
        false_scene: the scene that ``false_fact`` points into, where it differs.
        names: as in ``state``.

    Returns:
        The question; where nothing can stand against the fact, the kind's open question.
    """
    false_fact = false_fact or flipped(fact, scene, random.Random(0))
    if false_fact is None:
        return ask_open(fact, scene, names=names)
    template, apart = CHOICES[fact.kind], fact.kind in motions.VALUES and not motion.alike(fact, false_fact)
    if apart:
        template = motion.CHOICE_APART
    pair = (_choice(fact, scene, names, apart), _choice(false_fact, false_scene or scene, names, apart))
    first, second = pair if order == 0 else pair[::-1]
    return sentence(template.format(**_words(fact, scene, names), first=first, second=second))


def ask_open(fact: Fact, scene: Scene, variant: int = 0, names: Sequence[str] = ()) -> str:
    """A question that the fact answers and that names no value."""
    phrasings = OPEN[fact.kind]
    return sentence(phrasings[variant % len(phrasings)].format(**_words(fact, scene, names)))


def ask_whether(claimed: Fact, scene: Scene, names: Sequence[str] = ()) -> str:
    """A yes-or-no question about the value, true or false, of ``claimed``."""
    return sentence(DOUBTS[claimed.kind].format(**_words(claimed, scene, names)))


def flipped(fact: Fact, scene: Scene, rng: random.Random, facts: tuple[Fact, ...] = ()) -> Fact | None:
    """The fact's false counterpart, None where the scene offers none.

    Args:
        fact: a true fact.
        scene: its scene.
        rng: chooses where several would do (people or times: one more or less; another object; another person).
        facts: all facts of the scene; what the same hand or foot may touch as well is not offered as false.
    """
    if fact.kind in ("count", "repeats"):
        if not fact.value.isdigit():
            return None
        return replace(fact, value=str(rng.choice([n for n in neighbours(int(fact.value)) if n <= 10])))
    if fact.kind == "contact":
        return _other_thing(fact, scene, rng, facts)
    if fact.kind == "nearest":
        names = references(scene)
        others = [one for one in prominent(scene) if one not in (fact.person, fact.target) and names[one]]
        return replace(fact, target=rng.choice(others)) if others else None
    return replace(fact, value=(OPPOSITES.get(fact.kind) or motions.OPPOSITES[fact.kind])[fact.value])


def neighbours(number: int) -> tuple[int, ...]:
    """The counts, of people or of times, next to ``number``."""
    return (number + 1,) if number <= 1 else (number - 1, number + 1)


def lend(fact: Fact, scene: Scene, category: str) -> tuple[Fact, Scene]:
    """A contact fact that names an object which the scene lacks, and a scene that has it."""
    thing = Thing(id=-1, category=category, box_xyxy=(0.0, 0.0, 0.0, 0.0))
    return replace(fact, target=len(scene.things)), replace(scene, things=(*scene.things, thing))


def label(fact: Fact, scene: Scene) -> str:
    """What the fact's truth hangs on: the value, or the name of what it points at."""
    if fact.target is not None and fact.kind == "contact":
        return scene.things[fact.target].category
    if fact.target is not None and fact.kind == "nearest":
        return references(scene)[fact.target]
    return fact.value


def people_words(number: int | str) -> str:
    """How many people in words: "one person", "two people", "many people"."""
    word = number_word(number)
    return f"{word} person" if word == "one" else f"{word} people"


def number_word(number: int | str) -> str:
    """A number in words: "two" for 2 or "2"; "many" above ten."""
    text = str(number)
    return NUMBER_WORDS[int(text)] if text.isdigit() and int(text) < len(NUMBER_WORDS) else "many"


def thing_words(category: str) -> str:
    """An object with its article: "an umbrella", "a tennis racket", "skis"."""
    if category in PLURAL_THINGS:
        return category
    return f"{'an' if category[0] in 'aeiou' else 'a'} {category}"


def phrase(fact: Fact) -> str:
    """The fact's value as it stands in a sentence; of a motion, what is done ("raises the left hand past the head")."""
    if fact.kind in motions.VALUES:
        return fact.value if fact.kind == "order" else motion.act(fact)
    return PHRASES.get(fact.kind, {}).get(fact.value, fact.value)


def sentence(text: str) -> str:
    """The text with a capital letter."""
    return text[:1].upper() + text[1:]


def _words(fact: Fact, scene: Scene, names: Sequence[str] = ()) -> dict[str, str]:
    """What the templates of the fact's kind may name."""
    names = names or references(scene)
    words = {"part": fact.part or "", "value": phrase(fact), "who": "", "target": "", "are": ""}
    if fact.person is not None:
        words["who"] = names[fact.person] or "the person"
    if fact.kind == "count":
        words |= {"value": people_words(fact.value), "are": "is" if fact.value == "1" else "are"}
    if fact.target is not None:
        words["target"] = (
            thing_words(scene.things[fact.target].category) if fact.kind == "contact" else names[fact.target]
        )
    return words | motion.words(fact, words["target"]) if fact.kind in motions.VALUES else words


def _choice(fact: Fact, scene: Scene, names: Sequence[str] = (), apart: bool = False) -> str:
    """How a value is named among the alternatives of a question."""
    if fact.kind in motions.VALUES:
        return motion.choice(fact, apart=apart)
    if fact.kind == "count":
        return number_word(fact.value)
    return _words(fact, scene, names)["target"] if fact.kind in ("contact", "nearest") else phrase(fact)


def _other_thing(fact: Fact, scene: Scene, rng: random.Random, facts: tuple[Fact, ...]) -> Fact | None:
    """The same hand or foot at an object that it does not touch."""
    near = {f.target for f in facts if f.kind == "contact" and f.person == fact.person} | {fact.target}
    touched = {scene.things[target].category for target in near if target is not None}
    others = [index for index, thing in enumerate(scene.things) if thing.category not in touched]
    return replace(fact, target=rng.choice(others)) if others else None
