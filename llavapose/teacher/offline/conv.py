"""Conversation: short questions with one definite answer each, about facts and about what the captions say."""

import random
from dataclasses import replace

from llavapose.pose.facts.relations import FOOT_OBJECTS, HAND_OBJECTS
from llavapose.pose.language import (
    STATEMENTS,
    ask,
    ask_open,
    ask_whether,
    flipped,
    lend,
    people_words,
    sentence,
    state,
    thing_words,
)
from llavapose.records import Fact, Scene
from llavapose.teacher.offline import captions
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.evidence import Evidence

_Texts = tuple[str, str]
"""Question and answer."""

CHOICE_SHARE, DOUBT_SHARE, LIMB_SHARE = 0.6, 0.1, 0.1
"""Shares of the forms of a question about a fact: two values offered; yes or no; a whole limb. The rest is open."""

HINGES = ("elbow", "knee")
CAPTION_SHARE = 0.12
"""Share of caption questions where keypoints can be asked about."""


def pairs(evidence: Evidence, num: int, seed: int) -> list[_Texts]:
    """Up to ``num`` pairs with different questions; a larger ``num`` begins with the same."""
    rng = random.Random(f"{seed}/{evidence.scene.id}/conv")
    told = [*_caption_pairs(evidence, rng), *(_box_pairs(evidence) if evidence.boxes else ())]
    rng.shuffle(told)
    weighted = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in evidence.facts]
    facts = ordered(weighted, rng)
    chosen: dict[str, str] = {}
    share = CAPTION_SHARE if evidence.joints else 0.5
    queue = [*facts, *facts]  # a second question about a fact comes only after a first about every other
    while len(chosen) < num and (told or queue):
        if told and (not queue or rng.random() < share):
            question, answer = told.pop()
        else:
            question, answer = _fact_pair(queue.pop(0), evidence, rng)
        chosen.setdefault(question, answer)
    return list(chosen.items())


def false_counterpart(fact: Fact, evidence: Evidence, rng: random.Random) -> tuple[Fact, Scene] | None:
    """A false fact of the same kind, drawn so that either of two values is the true one equally often."""
    scene = evidence.scene
    if fact.kind == "nearest":
        other = flipped(fact, scene, rng)
        return (other, scene) if other else None
    options = evidence.balance.rivals(fact, scene)
    if fact.kind == "contact":
        touched = {
            scene.things[f.target].category for f in evidence.near if f.person == fact.person and f.target is not None
        }
        possible = FOOT_OBJECTS if (fact.part or "").endswith("foot") else HAND_OBJECTS
        options = {name: share for name, share in options.items() if name in possible and name not in touched}
        return lend(fact, scene, _drawn(options, rng)) if options else None
    if not options:
        other = flipped(fact, scene, rng)
        return (other, scene) if other else None
    return replace(fact, value=_drawn(options, rng)), scene


def _drawn(options: dict[str, float], rng: random.Random) -> str:
    return rng.choices(list(options), list(options.values()))[0]


def _fact_pair(fact: Fact, evidence: Evidence, rng: random.Random) -> _Texts:
    """A question that the fact answers, in one of the forms."""
    scene, form = evidence.scene, rng.random()
    variant = rng.randrange(len(STATEMENTS[fact.kind])) if rng.random() < 0.35 else 0
    false = false_counterpart(fact, evidence, rng)
    if false and form < CHOICE_SHARE and rng.random() < evidence.balance.offer(fact, scene):
        return ask(fact, scene, rng.randrange(2), *false), state(fact, scene, variant)
    if false and CHOICE_SHARE <= form < CHOICE_SHARE + DOUBT_SHARE:
        return _doubt(fact, scene, false, rng)
    if CHOICE_SHARE <= form < CHOICE_SHARE + DOUBT_SHARE + LIMB_SHARE and fact.part and fact.person is not None:
        limb = _limb(fact, evidence, rng)
        if limb:
            return limb
    return ask_open(fact, scene, rng.randrange(4)), state(fact, scene, variant)


def _doubt(fact: Fact, scene: Scene, false: tuple[Fact, Scene], rng: random.Random) -> _Texts:
    """A yes-or-no question, as often yes as no; the answer repeats what holds."""
    true_text = state(fact, scene)
    said = true_text if true_text.startswith("In the") else true_text[:1].lower() + true_text[1:]
    if rng.random() < 0.5:
        return ask_whether(fact, scene), f"Yes, {said}"
    return ask_whether(*false), f"No, {said}"


def _limb(fact: Fact, evidence: Evidence, rng: random.Random) -> _Texts | None:
    """What a whole arm or leg is doing, from all that is sure of it."""
    side = (fact.part or "").split()[0]
    arm = fact.kind in ("elbow", "arm_height", "arm_side")
    kinds, limb = (("arm_height", "arm_side", "elbow"), "arm") if arm else (("leg_lift", "knee"), "leg")
    assert fact.person is not None
    found = [f for f in evidence.of(fact.person, *kinds) if f.part and f.part.startswith(side)]
    if fact.kind == "contact" or len(found) < 2 or found[0].kind in HINGES:
        return None
    question = rng.choice(("what is the {side} {limb} of {who} doing?", "how does {who} hold the {side} {limb}?"))
    words = {"side": side, "limb": limb, "who": evidence.names[fact.person]}
    said = f"the {side} {limb} of {words['who']} is {' and '.join(f.value for f in found if f.kind not in HINGES)}"
    bends = [f"the {f.part} is {f.value}" for f in found if f.kind in HINGES]
    return sentence(question.format(**words)), sentence(f"{', and '.join((said, *bends))}.")


def _caption_pairs(evidence: Evidence, rng: random.Random) -> list[_Texts]:
    """What captions alone answer."""
    scene = evidence.scene
    found: list[_Texts] = []
    texts = captions.captions(scene)
    if texts:
        for question in ("What is happening in the picture?", "What does the picture show?", "What can be seen here?"):
            found.append((question, rng.choice(texts)))
    alone = len(scene.people) == 1 and not scene.num_crowds
    who, are = ("the person", "is") if alone else ("the people", "are")
    doing, worn, where = captions.doing(scene), captions.wearing(scene), captions.places_in(scene)
    if doing and alone:
        found.append(("What is the person doing?", f"The person is {doing[0]}."))
        found.append(("Which action is the person doing?", f"The person is {doing[-1]}."))
    elif doing and texts:
        told = next((text for text in texts if doing[0] in text.lower()), texts[0])
        found.append(("What are the people doing?", told))
    if worn and alone:
        found.append(("What is the person wearing?", f"The person is wearing {worn[0]}."))
    if where:
        found.append((f"Where {are} {who}?", sentence(f"{who} {are} {where[0]}.")))
    return found


def _box_pairs(evidence: Evidence) -> list[_Texts]:
    """What boxes answer besides the facts: which objects there are."""
    names = sorted({thing.category for thing in evidence.scene.things})
    found: list[_Texts] = []
    if names:
        found.append(("Which objects can be seen in the picture?", f"The picture shows {things_listed(names)}."))
        found.append(("What else is in the picture?", f"There is {things_listed(names)} in the picture."))
    if len(evidence.scene.people) == 1 and names:
        found.append(("Who and what can be seen?", sentence(f"{people_words(1)} and {things_listed(names)}.")))
    return found


def things_listed(categories: list[str]) -> str:
    """Objects in words: "a dog, an umbrella and skis"."""
    words = [thing_words(category) for category in categories]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
