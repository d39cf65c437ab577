"""Conversation: short questions with one definite answer each, about facts and about what the captions say."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from llavapose.pose.facts.relations import FOOT_OBJECTS, HAND_OBJECTS
from llavapose.pose.language import (
    OPEN,
    STATEMENTS,
    ask,
    ask_open,
    ask_whether,
    flipped,
    lend,
    sentence,
    state,
)
from llavapose.pose.people import references
from llavapose.records import Fact, Scene
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.conv_told import told_pairs
from llavapose.teacher.offline.detail import evidence_count
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.grammar import Ref

_Texts = tuple[str, str]
"""Question and answer."""

CHOICE_SHARE, DOUBT_SHARE, LIMB_SHARE = 0.52, 0.1, 0.14
"""Shares of the forms of a question about a fact: two values offered; yes or no; a whole limb. The rest is open."""

NOUN_SHARE = 0.65
"""Share of pictures whose people are called by the captions' noun; the others' are "the person"."""

MORE_SHARE = 0.85
"""Share of answers that go on with something else about the same person."""

RELATED_SHARE = 0.35
"""Share of answers to yes-or-no questions about a limb that go on with a related fact."""

_LIMBS = (("elbow", "arm_height", "arm_side"), ("knee", "leg_lift"))
"""Kinds that speak of one limb."""

HINGES = ("elbow", "knee")
CAPTION_SHARE = 0.15
"""Share of caption questions where keypoints can be asked about."""

_TOLD_BESIDE = ("arm_height", "elbow", "knee", "trunk", "leg_lift", "contact", "arm_side")
"""Kinds that an answer about one person can go on with."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What one picture's questions share: the evidence, what people are called, the generator of choices."""

    evidence: Evidence
    names: Sequence[str]
    noun: str
    rng: random.Random

    def ref(self, person: int) -> Ref:
        """How the person is called."""
        return Ref(name=self.names[person], noun=self.noun)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question with its answer, and what it is about.

    Attributes:
        question: as it is asked.
        answer: as the evidence has it.
        fact: that it is about; None where captions and objects answer.
        said: of a yes-or-no question, the fact that it asks for with the scene that has its names; None for others.
        limb: whether it asks for all that is known of a limb.
        names: what people are called in it, by their number.
        noun: what each of them is called.
    """

    question: str
    answer: str
    fact: Fact | None = None
    said: tuple[Fact, Scene] | None = None
    limb: bool = False
    names: Sequence[str] = ()
    noun: str = "person"


def pairs(evidence: Evidence, num: int, seed: int) -> list[_Texts]:
    """Up to ``num`` pairs with different questions; a larger ``num`` begins with the same."""
    return [(one.question, one.answer) for one in asked(evidence, num, seed)]


def talk_of(evidence: Evidence, seed: int) -> tuple[Talk, list[_Texts]]:
    """What a picture's questions share, and those that captions and boxes answer."""
    rng = random.Random(f"{seed}/{evidence.scene.id}/conv")
    called = rng.random() < NOUN_SHARE
    names = evidence.names if called else references(evidence.scene)
    talk = Talk(evidence=evidence, names=names, noun=evidence.told.noun if called else "person", rng=rng)
    return talk, told_pairs(evidence, talk.noun, rng)


def asked(evidence: Evidence, num: int, seed: int) -> list[Asked]:
    """As ``pairs``, each with what it is about."""
    talk, told = talk_of(evidence, seed)
    rng = talk.rng
    rng.shuffle(told)
    weighted = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in evidence.facts]
    facts = ordered(weighted, rng)
    chosen: dict[str, Asked] = {}
    share = CAPTION_SHARE if evidence.joints else 0.5
    queue = [*facts, *facts]  # a second question about a fact comes only after a first about every other
    while len(chosen) < num and (told or queue):
        if told and (not queue or rng.random() < share):
            question, answer = told.pop()
            one = Asked(question=question, answer=answer, names=talk.names, noun=talk.noun)
        else:
            one = _about(queue.pop(0), talk)
        chosen.setdefault(one.question, one)
    return list(chosen.values())


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


def _about(fact: Fact, talk: Talk) -> Asked:
    """A question that the fact answers, in one of the forms."""
    scene, rng, form = talk.evidence.scene, talk.rng, talk.rng.random()
    variant = rng.randrange(len(STATEMENTS[fact.kind])) if rng.random() < 0.35 else 0
    false = false_counterpart(fact, talk.evidence, rng)
    answer = more(fact, state(fact, scene, variant, talk.names), talk)
    if false and form < CHOICE_SHARE and rng.random() < talk.evidence.balance.offer(fact, scene):
        return _asked(ask(fact, scene, rng.randrange(2), *false, names=talk.names), answer, fact, talk)
    if false and CHOICE_SHARE <= form < CHOICE_SHARE + DOUBT_SHARE:
        return _doubt(fact, false, talk)
    if CHOICE_SHARE <= form < CHOICE_SHARE + DOUBT_SHARE + LIMB_SHARE and fact.part and fact.person is not None:
        one_of_two = rng.random() < 0.5
        texts = _which(fact, talk) if one_of_two else whole_limb(fact, talk)
        if texts:
            return replace(_asked(*texts, fact, talk), limb=not one_of_two)
    # A benchmark knows an open question for one fact by its words, with "the person" for everybody.
    plain = replace(talk, names=references(scene), noun="person")
    openly = ask_open(fact, scene, rng.randrange(len(OPEN[fact.kind])))
    return _asked(openly, more(fact, state(fact, scene, variant), plain), fact, plain)


def _asked(question: str, answer: str, fact: Fact, talk: Talk) -> Asked:
    return Asked(question=question, answer=answer, fact=fact, names=talk.names, noun=talk.noun)


def more(fact: Fact, answer: str, talk: Talk) -> str:
    """The answer, often with something else that holds of the same person."""
    rng, evidence = talk.rng, talk.evidence
    if fact.person is None:
        return _counted(fact, answer, talk)
    if rng.random() > MORE_SHARE:
        return answer
    who, told = talk.ref(fact.person), answer.removesuffix(".")
    if fact.kind in ("nearest", "side_of"):
        whole = grammar.whole(
            evidence.of(fact.person, *rng.choice((("stance", "trunk"), ("facing",), ("stance",)))), rng
        )
        return f"{told}, and {who.name} {whole}." if whole else answer
    twin = next((one for one in evidence.of(fact.person, fact.kind) if one.part != fact.part), None)
    if twin and _is_even(twin, talk) and fact.kind in grammar.MIRRORED and rng.random() < 0.3:
        joint = "and" if twin.value == fact.value else rng.choice(("while", "but"))
        return f"{told}, {joint} {grammar.clauses(grammar.parts([twin], evidence.scene, rng), who.own, rng)}."
    kinds = ("knee", "trunk") if fact.kind == "contact" else _TOLD_BESIDE
    fitting = [one for one in evidence.of(fact.person, *kinds) if len(grammar.compatible([fact, one])) == 2]
    others = [one for one in fitting if one.kind != fact.kind and _is_even(one, talk)]
    actions = [
        action
        for action in evidence.actions(fact.person)[:2]
        if (fact.kind != "contact" or not _names(action, fact, talk))
        and not (fact.value == "standing" and grammar.on_the_move(action))
    ]
    if actions and (not others or rng.random() < 0.35):
        place = f" {rng.choice(evidence.told.places)}" if evidence.told.places and rng.random() < 0.4 else ""
        return f"{told}, while {who.again()} is {rng.choice(actions)}{place}."
    if not others:
        return answer
    chosen = dict.fromkeys(rng.choices(others, k=rng.choice((1, 1, 2))))
    found = grammar.parts(chosen, evidence.scene, rng)
    if fact.kind in ("stance", "facing", "place") and rng.random() < 0.6:
        return f"{told}, with {grammar.listed([part.small('the') for part in found])}."
    clauses = [part.finite(who.own) for part in found]
    return f"{', '.join((told, *clauses[:-1]))}, and {clauses[-1]}."


def _is_even(fact: Fact, talk: Talk) -> bool:
    """Whether a fact is told beside another, by lot: a common value seldom."""
    return talk.rng.random() < talk.evidence.balance.even(fact, talk.evidence.scene)


def _names(action: str, fact: Fact, talk: Talk) -> bool:
    """Whether an action names the thing that the fact is about."""
    assert fact.target is not None
    return talk.evidence.scene.things[fact.target].category.split()[-1] in action


def _counted(fact: Fact, answer: str, talk: Talk) -> str:
    """How many people there are, with where they are and what one of them does as far as the captions say it."""
    rng, told = talk.rng, talk.evidence.told
    counted = evidence_count(talk.evidence, rng) if talk.noun == told.noun and rng.random() < 0.75 else ""
    answer = f"{sentence(counted)}." if counted else answer
    several = fact.value != "1" and told.deeds and not told.does
    if several and rng.random() < 0.6:
        return f"{answer.removesuffix('.')}, and one of them is {rng.choice(told.deeds).action}."
    return answer


def _doubt(fact: Fact, false: tuple[Fact, Scene], talk: Talk) -> Asked:
    """A yes-or-no question, as often yes as no; the answer says what holds, now and then with a related fact."""
    true_text = state(fact, talk.evidence.scene, talk.rng.randrange(len(STATEMENTS[fact.kind])), talk.names)
    told = related(fact, true_text[:1].lower() + true_text[1:], talk)
    yes = talk.rng.random() < 0.5
    said = (fact, talk.evidence.scene) if yes else false
    answer = f"{'Yes' if yes else 'No'}, {told}"
    return replace(_asked(ask_whether(*said, talk.names), answer, fact, talk), said=said)


def related(fact: Fact, answer: str, talk: Talk) -> str:
    """The answer, in few of them with one more fact of the same limb or kind of the same person."""
    limbs = next((kinds for kinds in _LIMBS if fact.kind in kinds), ())
    if fact.person is None or not limbs or talk.rng.random() > RELATED_SHARE:
        return answer
    side = (fact.part or "").partition(" ")[0]
    others = [
        one
        for one in talk.evidence.of(fact.person, *limbs)
        if (one.kind == fact.kind) != ((one.part or "").partition(" ")[0] == side)
        and len(grammar.compatible([fact, one])) == 2
    ]
    if not others:
        return answer
    found = grammar.parts([talk.rng.choice(others)], talk.evidence.scene, talk.rng)
    return f"{answer.removesuffix('.')}, and {found[0].finite(talk.ref(fact.person).own)}."


def _which(fact: Fact, talk: Talk) -> _Texts | None:
    """Which of two arms, elbows, knees or legs it is, where both are known and differ."""
    side, _, noun = (fact.part or "").partition(" ")
    if fact.person is None or fact.kind not in (*HINGES, "arm_height", "leg_lift"):
        return None
    other = next((f for f in talk.evidence.of(fact.person, fact.kind) if f.part != fact.part), None)
    if other is None or other.value == fact.value or {"bent", "slightly bent"} == {other.value, fact.value}:
        return None
    who = talk.ref(fact.person)
    question = f"which {noun} of {who.name} is {fact.value}?"
    answer = f"the {side} {noun} of {who.name} is {fact.value}, {talk.rng.choice(('and', 'while', 'but'))} "
    return sentence(question), sentence(f"{answer}the {other.part} is {other.value}.")


def whole_limb(fact: Fact, talk: Talk) -> _Texts | None:
    """What a whole arm or leg is doing, from all that is sure of it."""
    side = (fact.part or "").split()[0]
    arm = fact.kind in ("elbow", "arm_height", "arm_side")
    kinds, limb = (("arm_height", "arm_side", "elbow"), "arm") if arm else (("leg_lift", "knee"), "leg")
    assert fact.person is not None
    found = [f for f in talk.evidence.of(fact.person, *kinds) if f.part and f.part.startswith(side)]
    if fact.kind == "contact" or len(found) < 2 or found[0].kind in HINGES:
        return None
    asked = ("what is the {side} {limb} of {who} doing?", "how does {who} hold the {side} {limb}?")
    more = ("describe the {side} {limb} of {who}.", "what can be said about the {side} {limb} of {who}?")
    words = {"side": side, "limb": limb, "who": talk.names[fact.person]}
    values = [grammar.said(f, talk.rng) for f in found if f.kind not in HINGES]
    said = f"the {side} {limb} of {words['who']} is {' and '.join(values)}"
    bends = [f"the {f.part} is {f.value}" for f in found if f.kind in HINGES]
    question = talk.rng.choice((*asked, *more)).format(**words)
    return sentence(question), sentence(f"{', and '.join((said, *bends))}.")
