"""A sentence about a clip -> its claims of motion, and the sentence without their words."""

import re
from collections.abc import Sequence
from dataclasses import replace

from llavapose.pose.claims.mentions import Mention, spoken_of, subject_at
from llavapose.pose.claims.moving.bodies import body_motions
from llavapose.pose.claims.moving.limbs import limb_motions
from llavapose.pose.claims.moving.order import order_motions, target_of
from llavapose.pose.claims.moving.verbs import Moved, told
from llavapose.pose.claims.parts import Part
from llavapose.records import Claim

_NONE = re.compile(r"(?:neither|none|no)\b")
_SO_DOES = re.compile(r"\b(?:so|as) (?:is|does|do|did) $")


def motion_claims(
    sentence: str, plain: str, mentions: list[Mention], parts: list[Part], earlier: Sequence[str]
) -> tuple[list[Claim], str]:
    """The claims of motion of a sentence, and the sentence with their words hidden.

    Args:
        sentence: in lower case.
        plain: the same with people hidden.
        mentions: of the sentence.
        parts: of the sentence.
        earlier: those spoken of in the sentences before, the last one last.
    """
    moved = [*limb_motions(sentence, plain, mentions, parts), *body_motions(sentence, plain, mentions)]
    owners = [_owner(one, sentence, mentions, earlier) for one in moved]
    orders = list(order_motions(plain, mentions, moved, owners))
    moved += orders
    owners += [_owner(one, sentence, mentions, earlier) for one in orders]
    kept: dict[tuple[object, ...], Claim] = {}
    for one, owner in sorted(zip(moved, owners, strict=True), key=lambda pair: (pair[0].verb, pair[0].claim.end)):
        claim = _claimed(one, owner, plain, mentions, earlier)
        if claim is not None:
            kept.setdefault((claim.kind, claim.part, claim.value, claim.mention, claim.target), claim)
    hidden = sentence
    for one in moved:
        start, end = one.hidden
        hidden = hidden[:start] + "~" * (end - start) + hidden[end:]
    claims = _most_exact(list(kept.values()))
    return [*claims, *_so_does(plain, claims, mentions)], hidden


def _claimed(
    one: Moved,
    owner: str | None,
    plain: str,
    mentions: list[Mention],
    earlier: Sequence[str],
) -> Claim | None:
    """What was read as a claim of its person; None where nothing is said to happen."""
    if not one.claim.kind:
        return None
    doubtful, denied = told(plain, one)
    if doubtful:
        return None
    claim = replace(one.claim, mention=owner)
    if claim.kind == "order" and claim.target is None:
        claim = replace(claim, target=target_of(owner, mentions, earlier))
    if claim.target is not None and claim.target == claim.mention:
        return None
    return replace(claim, negated=denied or (owner is not None and _NONE.match(owner) is not None))


def _owner(one: Moved, sentence: str, mentions: list[Mention], earlier: Sequence[str]) -> str | None:
    """Whom a motion is said of."""
    carried = spoken_of(one.claim.start, mentions, list(earlier))
    owner = one.claim.mention or subject_at(one.claim.start, mentions, carried, sentence)
    before = [mention for mention in mentions if mention.end <= one.verb]
    later = any(mention.text == owner and mention.start > one.verb for mention in mentions)
    if later and before and before[-1].text in ("he", "she", "they") and all(mention.pronoun for mention in before):
        return carried or before[-1].text  # "He moves before the woman"
    return owner


def _most_exact(claims: list[Claim]) -> list[Claim]:
    """Without the shoulder where the same words say the head, and without an order told twice."""
    high = {(c.part, c.mention, c.value.split()[0], c.start) for c in claims if c.value.endswith("the head")}
    told: set[frozenset[str | None]] = set()
    kept = []
    for claim in claims:
        if (
            claim.value.endswith("the shoulder")
            and (claim.part, claim.mention, claim.value.split()[0], claim.start) in high
        ):
            continue
        if claim.kind == "order":
            pair = frozenset((claim.mention, claim.target))
            if pair in told:
                continue
            told.add(pair)
        kept.append(claim)
    return kept


def _so_does(plain: str, claims: list[Claim], mentions: list[Mention]) -> list[Claim]:
    """What is said of one more person: "The man stands up; so does the woman"."""
    found = []
    for mention in mentions:
        before = [claim for claim in claims if claim.end <= mention.start and claim.kind != "order"]
        if not mention.pronoun and before and _SO_DOES.search(plain, 0, mention.start):
            found.append(replace(before[-1], mention=mention.text, start=mention.start, end=mention.end))
    return found
