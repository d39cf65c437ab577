"""The questions of a teacher that sees everything, answered from less, or from another picture's keypoints.

Each question is drawn from the picture's own captions, boxes and keypoints, whatever the answers may use. Where what
may be used does not answer it, something else is told that it does say: of the person asked about, else of the picture.
So the sets of two teachers have the same pictures, kinds and questions, and differ by their answers alone.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from llavapose.pose.language import label, sentence, state
from llavapose.records import Fact
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.captions import shown
from llavapose.teacher.offline.complex import answer_to, cases_asked, found_from
from llavapose.teacher.offline.conv import Asked, Talk, asked, more, related, talk_of, whole_limb
from llavapose.teacher.offline.detail import describe, evidence_count, plural
from llavapose.teacher.offline.evidence import Evidence

NOTHING = "That cannot be told."
"""The answer where there is nothing at all to tell."""


def limited_pairs(full: Evidence, seen: Evidence, num: int, seed: int) -> list[tuple[str, str]]:
    """Conversation: the first ``num`` questions of all evidence, answered from what is seen."""
    _, told = talk_of(seen, seed)
    known = dict(told)
    found = []
    for index, one in enumerate(asked(full, num, seed)):
        rng = random.Random(f"{seed}/{seen.scene.id}/limited/{index}")
        own = Talk(evidence=seen, names=one.names, noun=one.noun, rng=rng)
        answer = known.get(one.question) or _instead(own, None) if one.fact is None else _about(one, one.fact, own)
        found.append((one.question, answer))
    return found


def limited_description(seen: Evidence, seed: int) -> str:
    """Description of what is seen."""
    return describe(seen, seed) or NOTHING


def limited_reasoning(full: Evidence, seen: Evidence, seed: int, num: int) -> list[tuple[str, str]]:
    """Reasoning: what follows from what is seen, where anything does; else what is seen."""
    found = []
    for question, (case, rng) in cases_asked(full, seed, num).items():
        known = found_from(seen, case)
        talk = Talk(evidence=seen, names=seen.names, noun=seen.told.noun, rng=rng)
        answer = answer_to(known, seen, rng) if known else _instead(talk, case.person, most=3)
        found.append((question, answer))
    return found


def _about(one: Asked, fact: Fact, talk: Talk) -> str:
    """The answer to a question about a fact: its like that is seen, else something else."""
    scene, names = talk.evidence.scene, talk.names
    held = _like(fact, talk.evidence)
    if held is None:
        return _instead(talk, fact.person)
    text = state(held, scene, 0, names)
    if one.said is not None:
        said, of = one.said
        yes = label(said, of) == label(held, scene) and said.value == held.value
        return f"{'Yes' if yes else 'No'}, {related(held, text[:1].lower() + text[1:], talk)}"
    if one.limb:
        found = whole_limb(held, talk)
        return found[1] if found else text
    return more(held, text, talk)


def _like(fact: Fact, seen: Evidence) -> Fact | None:
    """The fact that is seen of the same kind, person and part; of two people also of the same other one."""
    fitting = [one for one in seen.facts if (one.kind, one.person, one.part) == (fact.kind, fact.person, fact.part)]
    same = [one for one in fitting if one.target == fact.target]
    if same or fact.kind in ("side_of", "nearest"):
        return same[0] if same else None
    return fitting[0] if fitting else None


def _instead(talk: Talk, person: int | None, *, most: int = 2) -> str:
    """Something else that is seen: of the person's pose, or of person and picture as captions and boxes have them."""
    seen, rng = talk.evidence, talk.rng
    own = seen.of(person, *_POSE) if person is not None and seen.joints else []
    if own:
        held = ordered([(fact, seen.balance.weight(fact, seen.scene)) for fact in own], rng)[0]
        return more(held, state(held, seen.scene, 0, talk.names), talk)
    found = [text for text in (*_placed(talk, person), *_told(talk)) if text]
    found = found or list(shown(seen.scene))
    rng.shuffle(found)
    chosen = [sentence(text) for text in dict.fromkeys(found)][: rng.randint(1, most)]
    return " ".join(f"{text}." for text in chosen) or NOTHING


_POSE = (
    "stance", "trunk", "arm_height", "elbow", "knee", "leg_lift", "legs", "arm_side", "facing", "contact",
)  # fmt: skip
"""Kinds of fact that joints show."""


def _placed(talk: Talk, person: int | None) -> list[str]:
    """Where the person is among the others, by boxes; the one place that their name does not say already."""
    seen = talk.evidence
    facts = seen.of(person, "place", "nearest", "side_of") if person is not None and seen.boxes else []
    facts = [fact for fact in facts if fact.kind != "place" or fact.value not in talk.names[fact.person or 0].split()]
    talk.rng.shuffle(facts)
    return [state(fact, seen.scene, 0, talk.names).removesuffix(".") for fact in facts[:1]]


def _told(talk: Talk) -> list[str]:
    """What is read out of captions, and how many people boxes show."""
    seen, rng = talk.evidence, talk.rng
    told, people = seen.told, plural(talk.noun)
    place = rng.choice(told.places) if told.places else ""
    found = [evidence_count(replace(seen, told=replace(told, noun=talk.noun)), rng)] if seen.boxes else []
    if seen.alone:
        found += [" ".join(("the", talk.noun, "is", action, place)).strip() for action in _one(told.does, rng)]
        found += [f"the {talk.noun} is wearing {worn}" for worn in told.wears[:1]]
    else:
        every = f"both {people}" if len(seen.scene.people) == 2 else f"the {people}"
        found += [" ".join((every, "are", action, place)).strip() for action in _one(told.does, rng)]
        deeds = [] if told.does else _one([deed.action for deed in told.deeds], rng)
        found += [" ".join(("one of the", people, "is", action, place)).strip() for action in deeds]
    if place and not any(place in text for text in found):
        found.append(f"the scene is {place}")
    return found


def _one(actions: Sequence[str], rng: random.Random) -> list[str]:
    """One of the actions that captions tell oftenest: several may be one in other words."""
    return [rng.choice(actions[:2])] if actions else []
