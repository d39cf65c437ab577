"""Questions that captions and boxes answer: what somebody does and wears, where it is, how many, which objects."""

import random

from llavapose.pose.language import people_words, sentence, thing_words
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.captions import shown
from llavapose.teacher.offline.detail import evidence_count, intro, plural
from llavapose.teacher.offline.evidence import Evidence

_Texts = tuple[str, str]
"""Question and answer."""


def told_pairs(evidence: Evidence, noun: str, rng: random.Random) -> list[_Texts]:
    """What captions and boxes alone answer.

    Args:
        evidence: the picture.
        noun: what its people are called.
        rng: chooses words.
    """
    found = _of_one(evidence, noun, rng) if evidence.alone else _of_several(evidence, rng)
    sentences = shown(evidence.scene)
    if sentences and not evidence.told.does and not evidence.told.deeds:
        found.append((rng.choice(("what does the picture show?", "what can be seen here?")), rng.choice(sentences)))
    if evidence.boxes:
        found += _objects(evidence, rng)
    return [(sentence(question), f"{sentence(answer)}.") for question, answer in found]


def _of_one(evidence: Evidence, noun: str, rng: random.Random) -> list[_Texts]:
    told = evidence.told
    who = grammar.Ref(name=f"the {noun}", noun=noun)
    place = rng.choice(told.places) if told.places else ""
    found: list[_Texts] = []
    if told.does:
        action = rng.choice(told.does)
        ask = (f"what is {who.name} doing?", f"what is {who.name} busy with?", f"which action is {who.name} doing?")
        answers = (
            f"{who.name} is {action} {place}".strip(),
            f"{place}, {who.name} is {action}".removeprefix(", "),
            f"{who.name} is {action}",
        )
        found += [(question, answer) for question, answer in zip(ask, rng.sample(answers, 3), strict=True)]
        somebody = intro(evidence, rng) if noun == told.noun else f"a {noun}"
        happening = rng.choice(
            ("what is happening in the picture?", "what is going on here?", "what can be seen here?")
        )
        found.append((happening, f"{somebody} is {rng.choice(told.does)} {place}".strip()))
        other = rng.choice(told.does)
        found.append(
            ("what does the picture show in a few words?", f"it shows {somebody} who is {other} {place}".strip())
        )
    if told.wears:
        worn = rng.choice(told.wears)
        tail = f" while {rng.choice(told.does)}" if told.does and rng.random() < 0.5 else ""
        found.append((f"what is {who.name} wearing?", f"{who.name} is wearing {worn}{tail}"))
        found.append((f"how is {who.name} dressed?", f"{who.name} is dressed in {worn}"))
    if place:
        doing = f", {rng.choice(told.does)}" if told.does else ""
        found.append((f"where is {who.name}?", f"{who.name} is {place}{doing}"))
        found.append((f"in what kind of place is {who.name}?", f"{who.name} is {rng.choice(told.places)}"))
    return found


def _of_several(evidence: Evidence, rng: random.Random) -> list[_Texts]:
    told, number = evidence.told, len(evidence.scene.people)
    people = plural(told.noun)
    found: list[_Texts] = []
    place = rng.choice(told.places) if told.places else ""
    if place:
        found.append((f"where are the {people}?", f"the {people} are {place}"))
        count = evidence_count(evidence, rng) if evidence.boxes else ""
        found.append(("what kind of place is this?", f"{count}" if place in count else f"the scene is {place}"))
    if told.does:
        both = f"both {people}" if number == 2 else f"the {people}"
        action = rng.choice(told.does)
        found.append((f"what are the {people} doing?", f"{both} are {action} {place}".strip()))
        found.append(("what is going on here?", f"{people} are {rng.choice(told.does)} {place}".strip()))
    elif told.deeds and number > 1:
        first = rng.choice(told.deeds).action
        rest = [deed.action for deed in told.deeds if family_of(deed.action) != family_of(first)]
        more = f", and another is {rng.choice(rest)}" if rest else ""
        found.append((f"what are the {people} doing?", f"one of them is {first}{more}"))
        found.append(("what is happening in the picture?", f"one of the {people} is {first} {place}".strip()))
    return found


def _objects(evidence: Evidence, rng: random.Random) -> list[_Texts]:
    """Which objects there are besides people."""
    names = sorted({thing.category for thing in evidence.scene.things})
    if not names:
        return []
    things = grammar.listed([thing_words(name) for name in names])
    many = len(names) > 1 or things == names[0]
    place = rng.choice(evidence.told.places) if evidence.told.places and rng.random() < 0.6 else "in the picture"
    who = people_words(len(evidence.scene.people))
    if evidence.alone and evidence.told.noun != "person":
        who = f"a {evidence.told.noun}"
    be = "are" if many else "is"
    found = [
        ("which objects can be seen in the picture?", f"the picture shows {things}"),
        ("what else is in the picture?", f"there {be} {things} {place}"),
    ]
    if len(evidence.scene.people) < 5 and not evidence.scene.num_crowds:
        found.append(("who and what can be seen?", f"the picture shows {who} and {things}"))
    return found
