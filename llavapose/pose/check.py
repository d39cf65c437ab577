"""Claims against facts: supported, contradicted, or unverifiable because nothing sure is known.

Of a scene with frames motion is read and checked too. That somebody does not move so is no fact: a claim of motion is
contradicted only by a sure other motion of the same kind and part, and by none where one of them is unsure.

Only sure facts decide. Near words are judged leniently: "bent" holds of a slightly bent elbow, "raised" of an arm
above the head; between values that border on each other without either covering the other nothing is decided.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from llavapose.errors import DataError
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.claims.moving.times import changes
from llavapose.pose.claims.words.people import EVERYBODY
from llavapose.pose.claims.words.shared import NUMBERS
from llavapose.pose.identities import open_people, ways
from llavapose.pose.motion import vocabulary as motions
from llavapose.pose.people import prominent, resolve
from llavapose.pose.skeleton import skeleton_named
from llavapose.pose.things import ANNOTATED
from llavapose.pose.thresholds import COUNT
from llavapose.records import CheckedClaim, Claim, Fact, Scene

RELATIONS = ("side_of", "nearest", "order")
"""Kinds of claims whose target is a person."""

SUPPORTED, CONTRADICTED, UNVERIFIABLE = "supported", "contradicted", "unverifiable"

COVERS: dict[str, dict[str, tuple[str, ...]]] = {
    "elbow": {"bent": ("slightly bent",)},
    "knee": {"bent": ("slightly bent",)},
    "arm_height": {"raised": ("above the head",), "in front of the body": ("folded",)},
    "legs": {"apart": ("in a stride",)},
    "trunk": {"leaning": ("bent over",)},
    "hand_motion": {
        "raised past the shoulder": ("raised past the head",),
        "lowered past the shoulder": ("lowered past the head",),
    },
}
"""Claimed value -> other true values that it also describes."""

BORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "elbow": (("slightly bent", "bent"),),
    "knee": (("slightly bent", "bent"),),
    "arm_height": (
        ("at shoulder height", "raised"),
        ("raised", "at shoulder height"),
        ("folded", "in front of the body"),
        ("lowered", "in front of the body"),
        ("in front of the body", "lowered"),
        ("lowered", "folded"),
        ("folded", "lowered"),
    ),
    "legs": (("in a stride", "apart"),),
    "trunk": (("bent over", "leaning"),),
    "hand_motion": (
        ("raised past the head", "raised past the shoulder"),
        ("lowered past the head", "lowered past the shoulder"),
    ),
    "stance_motion": (("sits down", "crouches down"), ("crouches down", "sits down")),
}
"""(claimed, true) pairs that neither hold nor fail."""


_SOME = re.compile(r"\b(?:other|more|main|primary|additional) (?:people|individuals|men|women|persons|figures)\b")
_PLURAL = re.compile(r"\b(?:people|persons|men|women|children|skiers|surfers|players)\b")
_THE_OTHER = re.compile(r"(?:the|his|her|their) (?:other|second)(?: \w+)?")
_OTHER = re.compile(r"(?:another|the other|(?:a|the) (?:second|third|fourth|fifth|sixth)|his|her|their|one of) ")


def check_text(text: str, scene: Scene, facts: tuple[Fact, ...]) -> tuple[CheckedClaim, ...]:
    """Every claim of a text with its outcome and, where one decided, the fact.

    Args:
        text: free English about the scene.
        scene: whom and what the text can speak of.
        facts: of ``scene_facts(scene)``.
    """
    return check_claims(extract_claims(text, moving=bool(scene.frames)), scene, facts)


def check_claims(claims: Sequence[Claim], scene: Scene, facts: tuple[Fact, ...]) -> tuple[CheckedClaim, ...]:
    """The claims of one text, each with its outcome.

    Who is told apart by what words cannot show ("the woman in pink") may be anybody: such claims are contradicted only
    if they are under every way to give the text's people to those of the picture.
    """
    meant = {name: people_meant(name, scene) for claim in claims for name in (claim.mention, claim.target)}
    told = tuple(check_claim(claim, scene, facts, meant[claim.mention]) for claim in claims)
    names = open_people(claims, lambda name: meant.get(name) or ())
    open_ones = [claim for claim in claims if claim.mention in names or claim.target in names]
    if len(prominent(scene)) < 2 or not open_ones:
        return told
    best: tuple[CheckedClaim, ...] | None = None
    for way in ways(names, prominent(scene), len(open_ones)):
        tried = tuple(_check_as(claim, way, meant, scene, facts) for claim in open_ones)
        if best is None or _num_wrong(tried) < _num_wrong(best):
            best = tried
        if not _num_wrong(best):
            return told
    wrong = {id(one.claim): one for one in best or () if one.outcome == CONTRADICTED}
    return tuple(wrong.get(id(one.claim), one) for one in told)


def _num_wrong(told: tuple[CheckedClaim, ...]) -> int:
    return sum(one.outcome == CONTRADICTED for one in told)


def _check_as(
    claim: Claim,
    way: dict[str, int],
    meant: dict[str | None, tuple[int, ...]],
    scene: Scene,
    facts: tuple[Fact, ...],
) -> CheckedClaim:
    """A claim where names are given to people."""
    people = (way[claim.mention],) if claim.mention in way else meant[claim.mention]
    target = way.get(claim.target or "") if claim.kind in RELATIONS else None
    if target is not None and people == (target,):
        return CheckedClaim(claim=claim, outcome=CONTRADICTED)
    return check_claim(claim, scene, facts, people, target)


def _at_any_time(checked: CheckedClaim, people: tuple[int, ...], facts: tuple[Fact, ...]) -> CheckedClaim:
    """The outcome of a claim that names no time: what the middle frame denies may be so before or after it.

    Only of whom a motion, sure or not, changes what is claimed: whoever keeps still is all the time as in the middle.
    """
    claim = checked.claim
    if checked.outcome != CONTRADICTED or not any(
        fact.person in people and changes(fact.kind, fact.part, claim) for fact in facts
    ):
        return checked
    return replace(checked, outcome=UNVERIFIABLE, fact=None)


def check_claim(
    claim: Claim,
    scene: Scene,
    facts: tuple[Fact, ...],
    people: tuple[int, ...] | None = None,
    target: int | None = None,
) -> CheckedClaim:
    """One claim with its outcome; a claim of all people holds when it holds of each.

    Args:
        claim: what is said.
        scene: the picture.
        facts: of ``scene_facts(scene)``.
        people: whom it is about, where that is known already.
        target: whom it relates them to, where that is known already.
    """
    if claim.kind == "count":
        return _judged(claim, *_check_count(claim, facts))
    people = people_meant(claim.mention, scene) if people is None else people
    verdicts = [_check_person(claim, person, scene, facts, target) for person in people]
    for outcome in (CONTRADICTED, UNVERIFIABLE, SUPPORTED):
        for verdict in verdicts:
            if verdict[0] == outcome:
                return _at_any_time(_judged(claim, *verdict), people, facts)
    return CheckedClaim(claim=claim, outcome=UNVERIFIABLE)


def _judged(claim: Claim, outcome: str, fact: Fact | None) -> CheckedClaim:
    if claim.negated and outcome == CONTRADICTED and claim.kind in motions.VALUES and claim.kind != "order":
        return CheckedClaim(claim=claim, outcome=UNVERIFIABLE)  # who turns left may turn right too, unseen
    if claim.negated and outcome != UNVERIFIABLE:
        outcome = CONTRADICTED if outcome == SUPPORTED else SUPPORTED
    return CheckedClaim(claim=claim, outcome=outcome, fact=fact)


def people_meant(mention: str | None, scene: Scene) -> tuple[int, ...]:
    """The people that a claim's mention means; empty where that is not certain."""
    chosen = prominent(scene)
    if mention is None:
        return chosen if len(chosen) == 1 else ()
    if _SOME.search(mention):
        return ()
    spoken = [str(n) for n, word in enumerate(NUMBERS) if re.match(rf"(?:the |all )?{word} ", mention)]
    number = spoken[0] if spoken else None
    if re.fullmatch(EVERYBODY, mention) or (number and _PLURAL.search(mention)):
        wanted = "2" if mention.startswith("both") else number
        return chosen if wanted in (None, str(len(chosen))) else ()
    if _OTHER.match(mention) and len(chosen) == 1:
        return ()  # somebody else than the one person whom the facts are about
    person = resolve(mention, scene)
    return () if person is None else (person,)


def _check_count(claim: Claim, facts: tuple[Fact, ...]) -> tuple[str, Fact | None]:
    fact = next((fact for fact in facts if fact.kind == "count" and fact.sure), None)
    if fact is None:
        return UNVERIFIABLE, None
    number = fact.measure or _number(fact.value)
    if claim.mention is not None:  # a part of the people: there may be others, but not fewer
        least = COUNT.num_many_false + 1 if claim.value == "many" else _number(claim.value)
        return (CONTRADICTED if least > number else UNVERIFIABLE), fact
    if claim.value == "many":
        if number >= COUNT.num_many_true:
            return SUPPORTED, fact
        return (CONTRADICTED if number <= COUNT.num_many_false else UNVERIFIABLE), fact
    return (SUPPORTED if claim.value == fact.value else CONTRADICTED), fact


def _number(value: str) -> int:
    return COUNT.num_most_told + 1 if value == "many" else int(value)


def _check_person(
    claim: Claim, person: int, scene: Scene, facts: tuple[Fact, ...], target: int | None
) -> tuple[str, Fact | None]:
    own = [fact for fact in facts if fact.kind == claim.kind and fact.person == person]
    if claim.kind == "contact":
        return _check_contact(claim, person, scene, own)
    if claim.kind in RELATIONS:
        if claim.kind == "order":
            own += [_turned_round(fact) for fact in facts if fact.kind == "order" and fact.target == person]
        return _check_relation(claim, person, scene, [fact for fact in own if fact.sure], target)
    sure = [fact for fact in own if fact.sure and claim.part in (None, fact.part)]
    verdicts = [(_compare(claim, fact), fact) for fact in sure]
    for verdict in verdicts:
        if verdict[0] == SUPPORTED:
            return verdict
    # "An elbow is bent" fails only when both elbows are known and neither is.
    needed = 2 if claim.part is None and own and own[0].part is not None else 1
    against = [verdict for verdict in verdicts if verdict[0] == CONTRADICTED]
    if claim.kind in motions.VALUES and any(not fact.sure and claim.part in (None, fact.part) for fact in own):
        return UNVERIFIABLE, None
    return against[0] if len(against) >= needed else (UNVERIFIABLE, None)


def _compare(claim: Claim, fact: Fact) -> str:
    if fact.value == claim.value or fact.value in COVERS.get(claim.kind, {}).get(claim.value, ()):
        return SUPPORTED
    return UNVERIFIABLE if (claim.value, fact.value) in BORDERS.get(claim.kind, ()) else CONTRADICTED


def _turned_round(fact: Fact) -> Fact:
    """Who moves before another is moved after by them."""
    value = motions.OPPOSITES["order"][fact.value]
    return replace(fact, person=fact.target, target=fact.person, value=value)


def _check_relation(
    claim: Claim, person: int, scene: Scene, sure: list[Fact], target: int | None
) -> tuple[str, Fact | None]:
    others = [other for other in prominent(scene) if other != person]
    if target is None:
        alone = len(others) == 1 and _THE_OTHER.fullmatch(claim.target or "") is not None
        target = others[0] if alone else resolve(claim.target or "", scene)
    if target is None:
        return UNVERIFIABLE, None
    if claim.kind == "nearest":
        fact = next(iter(sure), None)
        if fact is None or target == fact.person:
            return UNVERIFIABLE, None
        return (SUPPORTED if fact.target == target else CONTRADICTED), fact
    fact = next((fact for fact in sure if fact.target == target), None)
    return (UNVERIFIABLE if fact is None else SUPPORTED if fact.value == claim.value else CONTRADICTED), fact


def _check_contact(claim: Claim, person: int, scene: Scene, own: list[Fact]) -> tuple[str, Fact | None]:
    """Touching is supported by a sure contact.

    It is denied where no such thing is in the picture, or where the hand or foot is plainly seen and nowhere near one.
    """
    at_kind = [fact for fact in own if fact.target is not None and scene.things[fact.target].category == claim.target]
    near = [fact for fact in at_kind if claim.part in (None, fact.part)]
    sure = next((fact for fact in near if fact.sure), None)
    if sure:
        return SUPPORTED, sure
    if near or not scene.things:
        return UNVERIFIABLE, None
    if all(thing.category != claim.target for thing in scene.things):
        return (CONTRADICTED if claim.target in ANNOTATED else UNVERIFIABLE), None
    elsewhere = next((fact for fact in at_kind if fact.sure), None)
    seen = claim.part is not None and _seen(claim.part, person, scene)
    return (CONTRADICTED, elsewhere) if seen else (UNVERIFIABLE, None)


def _seen(part: str, person: int, scene: Scene) -> bool:
    """Whether the wrist or ankle of a hand or foot is visible."""
    try:
        skeleton = skeleton_named(scene.skeleton)
    except DataError:
        return False
    side, _, limb = part.partition(" ")
    index = skeleton.index(f"{side} {'wrist' if limb == 'hand' else 'ankle'}")
    keypoints = scene.people[person].keypoints
    return index is not None and index < len(keypoints) and keypoints[index][2] == 2
