"""Detailed description: from the whole picture to each person, and of each from stance to hands, within a length."""

import random
from collections.abc import Sequence

from llavapose.pose.language import people_words, phrase, sentence, state, thing_words
from llavapose.records import Fact
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.captions import Reading, shown
from llavapose.teacher.offline.evidence import Evidence

MAX_WORDS = 105
"""Sentences are added up to about this many words."""

WORDS_A_FACT = 6
"""About as many words tell one fact."""


def describe(evidence: Evidence, seed: int) -> str:
    """A description of all sure facts that fit; facts beyond the length are left out in seeded order; "" of nothing."""
    rng = random.Random(f"{seed}/{evidence.scene.id}/detail")
    kept = _kept(evidence, rng)
    told = evidence.told
    sentences: list[str] = []
    if evidence.facts or told.does or told.deeds or told.places:
        sentences = _alone(evidence, kept, rng) if evidence.alone else _several(evidence, kept, rng)
    if not evidence.joints and not told.does and not told.deeds:
        sentences += shown(evidence.scene)[:2]
    if evidence.boxes and not evidence.joints:
        sentences += _objects(evidence)
    return " ".join(f"{sentence(text)}." for text in sentences if text)


def intro(evidence: Evidence, rng: random.Random) -> str:
    """The only person at first sight: "a woman in a red shirt"."""
    return intro_of(evidence.told, rng)


def intro_of(told: Reading, rng: random.Random) -> str:
    """The same of what captions say."""
    noun = told.noun
    article = "an" if noun[0] in "aeiou" else "a"
    worn = told.wears
    if not worn or rng.random() < 0.3:
        return f"{article} {noun}"
    clothes = rng.choice(worn)
    link = (
        "wearing" if clothes.split()[-1] in ("pants", "jeans", "shorts", "trousers", "hat", "cap", "helmet") else "in"
    )
    return f"{article} {noun} {link} {clothes}"


def _kept(evidence: Evidence, rng: random.Random) -> list[Fact]:
    """The facts about people that fit, chosen by the balance."""
    facts = [
        fact
        for fact in evidence.facts
        if fact.person is not None
        and fact.kind != "side_of"
        and not (fact.kind == "place" and fact.value in evidence.names[fact.person].split())
    ]
    facts = grammar.compatible(facts)
    weights = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in facts]
    return ordered(weights, rng)[: (MAX_WORDS - 25) // WORDS_A_FACT]


def _alone(evidence: Evidence, kept: list[Fact], rng: random.Random) -> list[str]:
    """Who, where and what; then the body."""
    if not evidence.people:
        return _seen(evidence, rng)
    person = evidence.people[0]
    who = evidence.ref(person)
    first, action = _opening(evidence, rng)
    kept = _without_standing(kept, [text for text in evidence.told.does if any(text in one for one in first)])
    if action and family_of(action) == "bend":
        kept = [fact for fact in kept if fact.kind != "trunk" or fact.value != "bent over"]
    again = who.again() if first else who.name
    return [*first, *person_sentences(again, kept, evidence, rng, own=who.own, action=action)]


def _without_standing(facts: list[Fact], actions: Sequence[str]) -> list[Fact]:
    """The facts without "standing" where a sentence told somebody to be on the way."""
    if not any(map(grammar.on_the_move, actions)):
        return facts
    return [fact for fact in facts if fact.value != "standing"]


def _opening(evidence: Evidence, rng: random.Random) -> tuple[list[str], str]:
    """The first sentences about the only person, and what they do where that is still to be said."""
    told = evidence.told
    somebody = intro(evidence, rng)
    place = rng.choice(told.places) if told.places else ""
    action = rng.choice(told.does[:2]) if told.does else ""
    form = rng.randrange(5)
    shown = sentence(evidence_count(evidence, rng)) if form == 4 else ""
    if form == 0 and action:
        return [" ".join(filter(None, (somebody, "is", action, place)))], ""
    if form == 1 and place and action:
        return [f"{place}, {somebody} is {action}"], ""
    if form == 2 and place:
        return [f"the picture shows {somebody} {place}"], action
    if form == 4 and shown:
        return [shown, *([f"the {told.noun} is {action}"] if action else [])], ""
    start = rng.choice(("the picture shows", "we see", "there is", "this is a picture of"))
    return [" ".join(filter(None, (start, somebody, place)))], action


def evidence_count(evidence: Evidence, rng: random.Random) -> str:
    """How many people there are, and where, without a full stop; "" where that is not sure."""
    number = evidence.count()
    if number is None:
        return ""
    place = rng.choice(evidence.told.places) if evidence.told.places and rng.random() < 0.6 else ""
    people = people_words(number.value)
    if evidence.told.noun != "person":
        people = people.replace("person", evidence.told.noun).replace("people", plural(evidence.told.noun))
    be = "is" if number.value == "1" else "are"
    if not place:
        form = rng.choice(("there {be} {people} in the picture", "the picture shows {people}",
                           "{people} can be seen in the picture"))  # fmt: skip
        return form.format(be=be, people=people)
    return rng.choice((f"there {be} {people} {place}", f"{people} {be} {place}", f"{place}, there {be} {people}"))


def plural(noun: str) -> str:
    """Several of a noun: "men" for "man"."""
    return {"man": "men", "woman": "women", "child": "children", "person": "people"}.get(noun, f"{noun}s")


def _several(evidence: Evidence, kept: list[Fact], rng: random.Random) -> list[str]:
    """How many, where, what is going on; then one after another as they stand in the picture."""
    sentences = _seen(evidence, rng)
    actions = (*evidence.told.does, *(deed.action for deed in evidence.told.deeds))
    kept = _without_standing(kept, [action for action in actions if any(action in text for text in sentences)])
    for person in evidence.people:
        own = [fact for fact in kept if fact.person == person]
        actions = evidence.actions(person)
        action = rng.choice(actions) if actions and evidence.told.does == () and rng.random() < 0.6 else ""
        who = evidence.ref(person)
        sentences += person_sentences(who.name, own, evidence, rng, own=who.own, action=action)
    return sentences


def _seen(evidence: Evidence, rng: random.Random) -> list[str]:
    """The picture as a whole, as captions and boxes have it."""
    told, first = evidence.told, evidence_count(evidence, rng)
    if evidence.alone and not evidence.people:
        somebody = intro(evidence, rng)
        doing = f" is {told.does[0]}" if told.does else ""
        place = f" {told.places[0]}" if told.places else ""
        return [f"{somebody}{doing}{place}"] if doing else [f"the picture shows {somebody}{place}"]
    sentences = [first] if first else []
    if told.does:
        every = f"both {plural(told.noun)}" if len(evidence.scene.people) == 2 else f"all the {plural(told.noun)}"
        return [*sentences, f"{every} are {rng.choice(told.does[:2])}"]
    deeds = [deed.action for deed in told.deeds]
    if deeds and (len(evidence.scene.people) > 1 or evidence.scene.num_crowds):
        one = rng.choice(deeds[:3])
        others = [action for action in deeds if family_of(action) != family_of(one)]
        if others and rng.random() < 0.5:
            return [*sentences, f"one of them is {one}, and another is {rng.choice(others)}"]
        return [*sentences, f"one of them is {one}"]
    if not sentences and told.places:
        return [f"the scene is {rng.choice(told.places)}"]
    return sentences


def person_sentences(
    who: str, facts: Sequence[Fact], evidence: Evidence, rng: random.Random, *, own: str, action: str = ""
) -> list[str]:
    """One person in sentences without full stops: the whole with two or three parts, then the other parts."""
    if not facts:
        return [sentence(f"{who} is {action}")] if action else []
    scene, kinds = evidence.scene, grammar.told_in_whole(facts)
    near = [fact for fact in facts if fact.kind == "nearest"]
    limbs = [fact for fact in facts if fact.kind not in kinds and fact.kind != "nearest"]
    groups = _grouped(limbs, rng)
    placed = [fact for fact in facts if fact.kind == "place"]
    broad = [fact for fact in facts if fact.kind in kinds and fact.kind != "place"]
    apart = bool(
        placed and (action or not broad or broad[0].kind == "facing" or (len(broad) > 1 and rng.random() < 0.25))
    )
    first = [*broad, *([] if apart else placed), *(groups.pop(0) if groups and rng.random() < 0.75 else [])]
    sentences = [grammar.body(who, first, scene, rng, own=own, action=action)] if first or action else []
    subject = {"his": "he", "her": "she"}.get(own, who)
    if groups and not sentences:
        sentences.append(grammar.clauses(grammar.parts(groups.pop(0), scene, rng), own, rng, who=who))
    for number, group in enumerate(groups):
        found = grammar.parts(group, scene, rng)
        if rng.random() < 0.4 and number % 2 == 0 and own != "their":
            with_whom = f"{subject} has {grammar.listed([part.small('the') for part in found])}"
            sentences.append(with_whom)
        else:
            sentences.append(grammar.clauses(found, own, rng))
    if apart:
        they = bool(sentences) and evidence.alone and own == "their"
        be = "are" if they else "is"
        spot = rng.choice((be, "can be seen", f"{be} to be found")) + f" {phrase(placed[0])}"
        at = rng.randrange(1, max(len(sentences), 2)) if sentences else 0
        sentences.insert(at, f"{'they' if they else subject if sentences else who} {spot}")
    sentences += [state(fact, scene, rng.randrange(3), evidence.names).removesuffix(".") for fact in near]
    return sentences


def _grouped(facts: Sequence[Fact], rng: random.Random) -> list[list[Fact]]:
    """The facts about parts in groups of what belongs together: trunk and arms, hands, legs."""
    arms = [fact for fact in facts if fact.kind in ("trunk", "arm_height", "arm_side")]
    bends = [fact for fact in facts if fact.kind in ("elbow",)]
    held = [fact for fact in facts if fact.kind == "contact" and (fact.part or "").endswith("hand")]
    legs = [fact for fact in facts if fact not in arms and fact not in bends and fact not in held]
    groups = [arms, [*bends, *held], legs] if rng.random() < 0.5 else [[*arms, *held], bends, legs]
    cut = [group[start : start + 4] for group in groups for start in range(0, len(group), 4)]
    if rng.random() < 0.55:
        rng.shuffle(cut)
    merged: list[list[Fact]] = []
    for group in filter(None, cut):
        if merged and len(merged[-1]) + len(group) <= 3:
            merged[-1] += group
        else:
            merged.append(list(group))
    return merged


def _objects(evidence: Evidence) -> list[str]:
    names = sorted({thing.category for thing in evidence.scene.things})
    return [f"the picture shows {grammar.listed([thing_words(name) for name in names])}"] if names else []
