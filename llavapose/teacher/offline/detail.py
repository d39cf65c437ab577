"""Detailed description: how many people there are, then each one from stance to hands, within a length."""

import random
from collections.abc import Iterable

from llavapose.pose.language import STATEMENTS, phrase, sentence, state, thing_words
from llavapose.records import Fact
from llavapose.teacher.offline import captions
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.conv import things_listed
from llavapose.teacher.offline.evidence import Evidence

MAX_WORDS = 110
"""Sentences are added up to about this many words."""

_ORDER = (
    "stance", "facing", "trunk", "arm_height", "arm_side", "elbow", "legs", "leg_lift", "knee", "contact", "place",
    "side_of", "nearest",
)  # fmt: skip
"""The order in which a person is described."""


def describe(evidence: Evidence, seed: int) -> str:
    """A description of all sure facts that fit; facts beyond the length are left out in seeded order."""
    rng = random.Random(f"{seed}/{evidence.scene.id}/detail")
    opening = _opening(evidence, rng)
    people = _people(evidence, MAX_WORDS - _length(opening), rng)
    closing = _objects(evidence) if evidence.boxes and not evidence.joints else []
    return " ".join((*opening, *people, *closing))


def _opening(evidence: Evidence, rng: random.Random) -> list[str]:
    """How many people there are and what the captions say, as much of either as the context allows."""
    texts = list(captions.captions(evidence.scene))
    rng.shuffle(texts)
    number = evidence.count()
    count = [state(number, evidence.scene, rng.randrange(3))] if number else []
    return [*count, *texts[: 1 if evidence.joints else 3]]


def _people(evidence: Evidence, room: int, rng: random.Random) -> list[str]:
    """Sentences about the people: whole people in the picture's order, each with the facts that fit."""
    facts = [fact for fact in evidence.facts if fact.person is not None and fact.kind != "side_of"]
    weights = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in facts]
    # The plain style repeats the whole name in every sentence, the flowing one says "their".
    plain = rng.random() < 0.5
    kept: list[Fact] = []
    for fact in ordered(weights, rng):
        cost = len(state(fact, evidence.scene).split()) if plain else 6
        if cost <= room:
            kept.append(fact)
            room -= cost
    sentences = []
    for person in evidence.people:
        of_person = sorted((f for f in kept if f.person == person), key=lambda f: (_ORDER.index(f.kind), f.part or ""))
        sentences += _plain(of_person, evidence, rng) if plain else _flowing(of_person, evidence)
    return sentences


def _plain(facts: list[Fact], evidence: Evidence, rng: random.Random) -> list[str]:
    return [
        state(fact, evidence.scene, 0 if rng.random() < 0.7 else rng.randrange(len(STATEMENTS[fact.kind])))
        for fact in facts
    ]


def _flowing(facts: list[Fact], evidence: Evidence) -> list[str]:
    """One person in joined sentences: stance and facing in one, left and right in one, "their" for the name."""
    if not facts or facts[0].person is None:
        return []
    who = evidence.names[facts[0].person]
    whole = [clause for fact in facts if (clause := _clause(fact, evidence))]
    first = f"{who} is {' and is '.join(whole[:2])}." if whole else f"{who} can be seen."
    sentences = [sentence(first)]
    if whole[2:]:
        sentences.append(f"They are {' and '.join(whole[2:])}.")
    for kind in ("arm_height", "arm_side", "elbow", "leg_lift", "knee"):
        sentences += _sides([fact for fact in facts if fact.kind == kind])
    for fact in facts:
        if fact.kind == "legs":
            sentences.append(f"Their legs are {phrase(fact)}.")
        elif fact.kind == "contact" and fact.target is not None:
            sentences.append(
                f"Their {fact.part} is touching {thing_words(evidence.scene.things[fact.target].category)}."
            )
        elif fact.kind == "nearest":
            sentences.append(state(fact, evidence.scene, 1))
    return sentences


def _clause(fact: Fact, evidence: Evidence) -> str | None:
    """What can stand after "is" or "are"; None for facts about a part."""
    if fact.kind == "facing":
        return f"facing {phrase(fact)}"
    if fact.kind in ("stance", "trunk", "place"):
        return phrase(fact)
    return None


def _sides(facts: list[Fact]) -> list[str]:
    """One kind's facts of the left and the right part in one sentence."""
    if len(facts) == 2 and facts[0].value == facts[1].value and facts[0].kind != "leg_lift":
        return [f"Both their {_plural(facts[0])} are {facts[0].value}."]
    if len(facts) == 2:
        return [f"Their {facts[0].part} is {facts[0].value}, and their {facts[1].part} is {facts[1].value}."]
    return [f"Their {fact.part} is {fact.value}." for fact in facts]


def _plural(fact: Fact) -> str:
    return f"{(fact.part or '').split()[-1]}s"


def _objects(evidence: Evidence) -> list[str]:
    names = sorted({thing.category for thing in evidence.scene.things})
    return [f"The picture shows {things_listed(names)}."] if names else []


def _length(sentences: Iterable[str]) -> int:
    return sum(len(text.split()) for text in sentences)
