"""What an answer says that the picture's facts decide, each thing once, with what takes itself back marked.

    "The left elbow is bent. The left elbow is straight."  ->  both void: "says both"

Guesses, conditions and either-ors are not among the claims at all: ``pose/claims`` reads them as saying nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from llavapose.pose.check import BORDERS, CONTRADICTED, COVERS, SUPPORTED, check_claim, people_meant
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.motion import language as motion
from llavapose.pose.people import has_place, references
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Asked, CheckedClaim, Claim, Fact, Scene

FEW_WORDS = 6
"""Longest answer that is read as a bare value: "It is slightly bent." has four."""
FEW_BEFORE = 3
"""Most words before a number that answers how many people there are: "I can see two women"."""
_DECIDED = (SUPPORTED, CONTRADICTED)
_SEVERAL = ("contact", "side_of", "order")
"""Kinds of which several are true at once of one person, for different targets."""
_NOT_PLAIN = re.compile(r"\b(?:not|no|neither|or|if|either|maybe|perhaps)\b")


@dataclass(frozen=True, kw_only=True)
class Said:
    """One decided claim.

    Attributes:
        checked: the claim with its outcome and the fact that decided it.
        people: whom it is about.
        void: whether the answer says the opposite as well, so that nothing can be earned with it.
    """

    checked: CheckedClaim
    people: tuple[int, ...]
    void: bool = False

    @property
    def right(self) -> bool:
        """Whether it holds."""
        return self.checked.outcome == SUPPORTED


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All that an answer claims: ``checked`` in reading order, and what of it was decided, each thing once."""

    checked: tuple[CheckedClaim, ...]
    said: tuple[Said, ...]


def read_answer(text: str, scene: Scene, facts: tuple[Fact, ...], asked: Asked | None = None) -> Reading:
    """Read an answer.

    Args:
        text: of the answer.
        scene: whom and what it can speak of.
        facts: of the scene.
        asked: what the question asks for; "Bent." and "She is standing." then are about that part and person.
    """
    claims = _claims_of(text, bool(scene.frames))
    if asked is not None:
        claims = tuple(_about_asked(claim, asked, scene) for claim in _as_total(claims, text, asked))
        if not any(is_about(claim, asked, people_meant(claim.mention, scene)) for claim in claims):
            claims += _bare_value(text, asked, scene)
    checked = tuple(check_claim(claim, scene, facts) for claim in claims)
    # What takes itself back does so by its words: else "straight" and "bent" were a find where one is not decided.
    said = _voided(_each_once(checked, scene))
    return Reading(checked=checked, said=tuple(one for one in said if one.checked.outcome in _DECIDED))


@lru_cache(maxsize=4096)
def _claims_of(text: str, moving: bool) -> tuple[Claim, ...]:
    """Read once, for the same answer is often given to many questions."""
    return extract_claims(text, moving=moving)


def is_about(claim: Claim, asked: Asked, people: tuple[int, ...]) -> bool:
    """Whether the claim, which is about ``people``, answers the question."""
    whose = people == (asked.person,) if asked.person is not None else claim.kind != "count" or claim.mention is None
    return claim.kind == asked.kind and claim.part == asked.part and whose


def _as_total(claims: tuple[Claim, ...], text: str, asked: Asked) -> tuple[Claim, ...]:
    """How many people there are is answered by a number of women too, said first and alone: "Two women."."""
    counts = [claim for claim in claims if claim.kind == "count"]
    first = counts[0] if asked.kind == "count" and len(counts) == 1 else None
    if first is None or first.mention is None or len(text[: first.start].split()) > FEW_BEFORE:
        return claims
    return tuple(replace(claim, mention=None) if claim is first else claim for claim in claims)


def _about_asked(claim: Claim, asked: Asked, scene: Scene) -> Claim:
    """What a claim leaves open is what was asked: whose, and left or right."""
    if claim.kind != asked.kind:
        return claim
    if claim.part is None:
        claim = replace(claim, part=asked.part)
    vague = claim.mention is None or not has_place(claim.mention.lower())
    if asked.person is not None and vague and not people_meant(claim.mention, scene):
        claim = replace(claim, mention=references(scene)[asked.person])
    return claim


def _bare_value(text: str, asked: Asked, scene: Scene) -> tuple[Claim, ...]:
    """A bare "Bent." answers a question about an elbow: exactly one value of the kind is named."""
    lowered = text.lower()
    if asked.person is None or len(text.split()) > FEW_WORDS or _NOT_PLAIN.search(lowered):
        return ()
    found: list[re.Match[str]] = []
    words = motion.BARE.get(asked.kind) or {value: re.escape(value) for value in VALUES.get(asked.kind, ())}
    values = []
    for value in sorted(words, key=len, reverse=True):
        match = re.search(rf"\b(?:{words[value]})\b", lowered)
        if match and not any(match.start() < other.end() and other.start() < match.end() for other in found):
            found.append(match)
            values.append(value)
    if len(found) != 1:
        return ()
    start, end = found[0].span()
    names = references(scene)
    others = [name for index, name in enumerate(names) if name and index != asked.person]
    target = others[0] if asked.kind == "order" and len(others) == 1 else None
    if asked.kind == "order" and target is None:
        return ()
    return (Claim(kind=asked.kind, value=values[0], start=start, end=end, part=asked.part,
                  mention=names[asked.person], target=target),)  # fmt: skip


def _each_once(checked: Sequence[CheckedClaim], scene: Scene) -> list[Said]:
    """The claims, each thing said once: repeating oneself neither helps nor hurts."""
    seen: dict[tuple[object, ...], Said] = {}
    for one in checked:
        claim = one.claim
        people = people_meant(claim.mention, scene) if claim.kind != "count" else ()
        target = one.fact.target if one.fact is not None and one.fact.target is not None else claim.target
        of_some = claim.kind == "count" and claim.mention is not None
        what = (claim.kind, people, claim.part, claim.value, target, claim.negated, of_some)
        seen.setdefault(what, Said(checked=one, people=people))
    return list(seen.values())


def _voided(said: Sequence[Said]) -> tuple[Said, ...]:
    return tuple(replace(one, void=any(_takes_back(one, other) for other in said if other is not one)) for one in said)


def _takes_back(one: Said, other: Said) -> bool:
    """Whether two claims cannot both hold: a value and another, or a value and its denial."""
    a, b = one.checked.claim, other.checked.claim
    if a.kind != b.kind or one.people != other.people or a.part != b.part:
        return False
    if a.kind in _SEVERAL and a.target != b.target:
        return False
    if a.kind == "count" and (a.mention or b.mention):
        return False  # "six people, two women among them"
    if a.negated and b.negated:
        return False
    if a.negated != b.negated:
        return a.value == b.value and a.target == b.target
    if a.kind == "nearest":
        return a.target != b.target
    return a.value != b.value and not _compatible(a.kind, a.value, b.value)


def _compatible(kind: str, value: str, other: str) -> bool:
    """Whether two values of a kind may hold at once: "bent" of a slightly bent elbow."""
    covers, borders = COVERS.get(kind, {}), BORDERS.get(kind, ())
    one_way = other in covers.get(value, ()) or (value, other) in borders
    return one_way or value in covers.get(other, ()) or (other, value) in borders or "many" in (value, other)
