"""A small grammar: who somebody is called throughout a text, and how facts become clauses, participles and sentences.

>>> body(who, facts, evidence, rng)
'is standing, facing the camera, with both elbows bent and the left arm down'
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llavapose.pose.language import SAID, phrase, sentence, thing_words
from llavapose.records import Fact, Scene
from llavapose.teacher.offline.caption_words import family_of

_HE, _SHE = ("man", "boy"), ("woman", "girl")

MIRRORED = ("arm_height", "arm_side", "elbow", "knee", "leg_lift")
"""Kinds with a left and a right part that can be told in one: "both elbows bent"."""

SMALL_ORDER = ("arm_height", "arm_side", "elbow", "legs", "leg_lift", "knee", "contact", "trunk")
"""The order in which parts are told: arms, legs, what they are at, and the trunk where the whole has no room for it."""


@dataclass(frozen=True, kw_only=True)
class Ref:
    """How one person is called: ``name`` with its place where there are several, ``noun`` alone."""

    name: str
    noun: str

    @property
    def pronoun(self) -> str | None:
        """He or she where the noun tells it, else None: the name is said again."""
        return "he" if self.noun in _HE else "she" if self.noun in _SHE else None

    @property
    def other(self) -> str:
        """The object: him or her, else the name again."""
        return {"he": "him", "she": "her", None: self.name}[self.pronoun]

    @property
    def own(self) -> str:
        """The possessive: his, her or their."""
        return {"he": "his", "she": "her", None: "their"}[self.pronoun]

    def again(self) -> str:
        """The subject of a sentence after the first."""
        return self.pronoun or self.name

    def of(self, part: str) -> str:
        """A part with its person: "the boy's left arm", "the left arm of the boy on the left"."""
        return f"the {part} of {self.name}" if " " in self.name.removeprefix("the ") else f"{self.name}'s {part}"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is said of a part of the body or a thing in the hand: "{own} left arm" is "raised"."""

    noun: str
    state: str
    plural: bool = False

    def small(self, own: str) -> str:
        """Without a verb: "the left arm raised"."""
        return f"{self.noun} {self.state}".format(own=own)

    def finite(self, own: str) -> str:
        """With its verb: "the left arm is raised"."""
        return f"{self.noun} {'are' if self.plural else 'is'} {self.state}".format(own=own)


def listed(items: Sequence[str], word: str = "and") -> str:
    """Items in a row: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def said(fact: Fact, rng: random.Random) -> str:
    """The value in one of its wordings."""
    return rng.choice(SAID.get(fact.kind, {}).get(fact.value, (phrase(fact),)))


def parts(facts: Iterable[Fact], scene: Scene, rng: random.Random) -> list[Part]:
    """The facts about parts, left and right in one where they agree, from the trunk to the feet."""
    chosen = compatible([fact for fact in facts if fact.kind in SMALL_ORDER])
    found, told = _arms(chosen, rng)
    chosen = [fact for fact in chosen if fact not in told]
    for kind in SMALL_ORDER:
        of_kind = sorted((fact for fact in chosen if fact.kind == kind), key=lambda fact: fact.part or "")
        same = len(of_kind) == 2 and kind in MIRRORED and of_kind[0].value == of_kind[1].value
        if same:
            noun = {"leg_lift": "feet"}.get(kind, f"{(of_kind[0].part or '').split()[-1]}s")
            found.append(Part(noun=f"both {noun}", state=said(of_kind[0], rng), plural=True))
        elif kind == "contact":
            found += _touched(of_kind, scene)
        else:
            found += [_part(fact, rng) for fact in of_kind]
    return found


def compatible(facts: Sequence[Fact]) -> list[Fact]:
    """The facts without those that would say of one limb what another fact of the same person says better.

    Feet that are on a board are not told to be on the ground, and folded arms not to be across the body.
    """
    on_things = {fact.person for fact in facts if fact.kind == "contact" and (fact.part or "").endswith("foot")}
    folded = {(fact.person, fact.part) for fact in facts if fact.value == "folded"}
    return [
        fact
        for fact in facts
        if not (fact.value == "on the ground" and fact.person in on_things)
        and not (fact.value == "across the body" and (fact.person, fact.part) in folded)
    ]


def _arms(facts: Sequence[Fact], rng: random.Random) -> tuple[list[Part], list[Fact]]:
    """Arms of which height and side are both told, each in one part; and the facts that these parts tell."""
    heights = {fact.part: fact for fact in facts if fact.kind == "arm_height"}
    sides = {fact.part: fact for fact in facts if fact.kind == "arm_side"}
    both = sorted(part for part in heights.keys() & sides.keys() if part)
    if not both:
        return [], []
    words = {fact.value: said(fact, rng) for fact in heights.values()}
    arms = sorted(part for part in heights.keys() | sides.keys() if part)
    states = {part: _arm(words, heights.get(part), sides.get(part)) for part in arms}
    told = [*heights.values(), *sides.values()]
    if len(both) == 2 and len(set(states.values())) == 1:
        return [Part(noun="both arms", state=states[both[0]], plural=True)], told
    return [Part(noun=f"{{own}} {part}", state=state) for part, state in states.items()], told


def _arm(words: dict[str, str], height: Fact | None, side: Fact | None) -> str:
    """Height and side of one arm; of an arm across the body, "in front of it" need not be said."""
    before = height is not None and height.value == "in front of the body"
    if height is None or (before and side is not None and side.value == "across the body"):
        return phrase(side) if side else ""
    return f"{words[height.value]} and {phrase(side)}" if side else words[height.value]


def _part(fact: Fact, rng: random.Random) -> Part:
    if fact.kind == "trunk":
        return Part(noun="{own} upper body", state=said(fact, rng))
    if fact.kind == "legs":
        return Part(noun="{own} legs", state=said(fact, rng), plural=True)
    return Part(noun=f"{{own}} {fact.part}", state=said(fact, rng))


def _touched(facts: Sequence[Fact], scene: Scene) -> list[Part]:
    feet = [fact for fact in facts if (fact.part or "").endswith("foot")]
    things = {fact.target for fact in feet}
    found = []
    if len(feet) == 2 and len(things) == 1 and feet[0].target is not None:
        found.append(Part(noun="both feet", state=f"on {thing(feet[0], scene)}", plural=True))
        feet = []
    found += [Part(noun=f"{{own}} {fact.part}", state=f"on {thing(fact, scene)}") for fact in feet]
    hands = [fact for fact in facts if (fact.part or "").endswith("hand")]
    for fact in hands:
        name = thing(fact, scene)
        found.append(Part(noun=name, state=f"in {{own}} {fact.part}", plural=not name.startswith(("a ", "an "))))
    return found


def thing(fact: Fact, scene: Scene) -> str:
    """What the fact's hand or foot is at, with its article."""
    assert fact.target is not None
    return thing_words(scene.things[fact.target].category)


_FACING = {
    "toward the camera": ("facing the camera", "turned toward the camera", "facing toward the camera"),
    "away from the camera": ("facing away from the camera", "turned away from the camera"),
    "image left": ("facing the left side of the picture", "turned toward the left side of the picture"),
    "image right": ("facing the right side of the picture", "turned toward the right side of the picture"),
}
_STANDS = {"standing": "stands", "sitting": "sits", "crouching": "crouches", "lying": "lies"}


def facing(fact: Fact, rng: random.Random) -> str:
    """The direction as a participle: "turned away from the camera"."""
    return rng.choice(_FACING[fact.value])


def whole(facts: Sequence[Fact], rng: random.Random, action: str = "") -> str:
    """Stance, trunk, place and direction as one predicate: "is standing upright, facing the camera"; "" without any.

    Args:
        facts: one person's.
        rng: chooses words.
        action: what the person does, which is then the verb: "is throwing a ball, standing upright".
    """
    by_kind = {fact.kind: fact for fact in facts}
    stance, trunk = by_kind.get("stance"), by_kind.get("trunk")
    words = []
    on_the_way = stance is not None and stance.value == "standing" and on_the_move(action)
    if stance and not on_the_way and not action.startswith(stance.value):
        words.append(stance.value)
    if trunk and _with_stance(trunk, stance) and (words or not action):
        words.append(f"and {trunk.value}" if words and trunk.value == "bent over" else trunk.value)
    turned = facing(by_kind["facing"], rng) if "facing" in by_kind else ""
    place = phrase(by_kind["place"]) if "place" in by_kind else ""
    if action:
        return ", ".join(filter(None, (f"is {action}", " ".join(words), turned)))
    if stance and rng.random() < 0.5 and (trunk is None or trunk.value != "bent over"):
        words = [_STANDS[stance.value], *(["upright"] if "upright" in words else [])]
        return ", ".join(filter(None, (" ".join(filter(None, (*words, place))), turned)))
    if words or place:
        return ", ".join(filter(None, (f"is {' '.join(filter(None, (*words, place)))}", turned)))
    return f"is {turned}" if turned else ""


def on_the_move(action: str) -> bool:
    """Whether whoever does it would not be said to stand."""
    return family_of(action) in ("walk", "run", "jump")


def _with_stance(trunk: Fact, stance: Fact | None) -> bool:
    """Whether the trunk is told beside the stance: "sitting upright"; of who crouches it is told as a part."""
    return trunk.value == "bent over" or (
        trunk.value == "upright" and (stance is None or stance.value in ("standing", "sitting"))
    )


def told_in_whole(facts: Sequence[Fact]) -> set[str]:
    """The kinds that ``whole`` tells."""
    stance = next((fact for fact in facts if fact.kind == "stance"), None)
    trunk = any(fact.kind == "trunk" and _with_stance(fact, stance) for fact in facts)
    return {"stance", "facing", "place"} | ({"trunk"} if trunk else set())


def body(who: str, facts: Sequence[Fact], scene: Scene, rng: random.Random, *, own: str, action: str = "") -> str:
    """One sentence about a person, without its full stop: the whole first, then the parts after "with".

    They are a second sentence where the first ends in "over" or the like, which would seem to be said of a part.
    """
    head = whole(facts, rng, action)
    left = [fact for fact in facts if fact.kind not in told_in_whole(facts)]
    if action and not head.count("upright") and not head.count("bent over"):
        left += [fact for fact in facts if fact.kind == "trunk" and fact not in left]
    rest = parts(left, scene, rng)
    if not head:
        return sentence(clauses(rest, own, rng, who="" if who in ("he", "she") else who)) if rest else ""
    if not rest:
        return sentence(f"{who} {head}")
    if head.split(",")[0].split()[-1] in ("over", "down", "forward", "stretching"):
        return sentence(f"{who} {head}. {sentence(clauses(rest, own, rng))}")
    article = "the" if rng.random() < 0.5 or own == "their" else own
    comma = "," if "," in head else ""
    return sentence(f"{who} {head}{comma} with {listed([part.small(article) for part in rest])}")


def clauses(found: Sequence[Part], own: str, rng: random.Random, who: str = "") -> str:
    """Parts as main clauses: "her left arm is raised, and both knees are bent".

    Args:
        found: at least one part.
        own: the possessive.
        rng: chooses the joint.
        who: the subject where nobody was named before: "the left arm of the boy is raised".
    """
    told = [part.finite(own) for part in found]
    if who:
        first = found[0]
        noun = first.noun.replace("{own}", "the").replace("both ", "both the ", 1)
        verb = "are" if first.plural else "is"
        if first.state.startswith("in {own}"):
            told[0] = f"{who} has {first.small('the')}"
        else:
            told[0] = f"{noun} of {who} {verb} {first.state}"
    if len(told) == 1:
        return told[0]
    apart = len(told) == 2 and found[0].state != found[1].state
    joint = rng.choice((", and", ", while", " and") if apart else (", and", " and")) if len(told) == 2 else ", and"
    return f"{', '.join(told[:-1])}{joint} {told[-1]}"
