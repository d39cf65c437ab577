"""Blind paragraphs: free texts with the claims that a reader lists, against those that are extracted."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.things import THING_NAMES
from llavapose.records import Claim

_NOMINATIVE = {"his": "he", "him": "he", "her": "she", "hers": "she", "their": "they", "them": "they"}
"""Pronouns as claims name them."""


class Scores(NamedTuple):
    """Shares of extracted claims that a reader lists, of listed claims that are extracted; and how many there are."""

    precision: float
    recall: float
    num_extracted: int
    num_listed: int


def paragraph_scores(rows: Iterable[dict[str, Any]]) -> Scores:
    """Compare by kind, value, part and denial, by the object, and by the person where a text speaks of several."""
    right = extracted = listed = 0
    for row in rows:
        found, matched, _ = matches(row)
        right, extracted, listed = right + matched, extracted + len(found), listed + len(row["claims"])
    return Scores(right / max(extracted, 1), right / max(listed, 1), extracted, listed)


def matches(row: dict[str, Any]) -> tuple[tuple[Claim, ...], int, list[str]]:
    """The claims of a paragraph, how many of them are listed, and a line for each one that is missed or too many."""
    found = extract_claims(row["text"])
    left, wrong, asides = list(row["claims"]), [], []
    for claim in found:
        same = next((one for one in left if _same(claim, one, several=row["people"] > 1)), None)
        if same is None and _unlisted(claim):
            asides.append(claim)
        elif same is None:
            wrong.append(f"too many: {claim.kind} {claim.value} {claim.part} of {claim.mention} (not: {claim.negated})")
        else:
            left.remove(same)
    num = len(row["claims"]) - len(left)
    return (
        tuple(claim for claim in found if claim not in asides),
        num,
        [*wrong, *(f"missed: {one['kind']} {one['value']} {one['part']} of {one['mention']}" for one in left)],
    )


def _unlisted(claim: Claim) -> bool:
    """Whether readers do not list such claims: a number of some of the people, a hold without the hand."""
    return (claim.kind == "count" and claim.mention is not None) or (claim.kind == "contact" and claim.part is None)


def _same(claim: Claim, one: dict[str, Any], *, several: bool) -> bool:
    if (claim.kind, claim.value, claim.part) != (one["kind"], str(one["value"]), one["part"]):
        return False
    if claim.negated != bool(one.get("negated", False)):
        return False
    if one["kind"] == "contact" and claim.target and not _one_thing(claim.target, one.get("target") or ""):
        return False
    if one["kind"] == "count":  # whose words are the number's
        return True
    mention = (one["mention"] or "").lower()
    return not several or not mention or _akin(claim.mention or "", _NOMINATIVE.get(mention, mention))


def _one_thing(category: str, words: str) -> bool:
    """Whether words name a thing of a category: "a bag" a handbag."""
    names = [THING_NAMES[name] for name in THING_NAMES if re.search(rf"\b{name}(?:e?s)?\b", words.lower())]
    return category in names or _akin(category, words)


def _akin(one: str, other: str) -> bool:
    """Whether two wordings share all the telling words of the shorter one."""
    first, second = (
        {word.removesuffix("s") for word in re.findall(r"[a-z]+", words.lower())}
        - {"the", "a", "an", "of", "hi", "her"}
        for words in (one, other)
    )
    return bool(first and second) and (first <= second or second <= first)
