"""Blind paragraphs: free texts with the claims that a reader lists, against those that are extracted."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from llavapose.pose.claims.extract import extract_claims
from llavapose.records import Claim


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
    left, wrong = list(row["claims"]), []
    for claim in found:
        same = next((one for one in left if _same(claim, one, several=row["people"] > 1)), None)
        if same is None:
            wrong.append(f"too many: {claim.kind} {claim.value} {claim.part} of {claim.mention} (not: {claim.negated})")
        else:
            left.remove(same)
    num = len(row["claims"]) - len(left)
    return (
        found,
        num,
        [*wrong, *(f"missed: {one['kind']} {one['value']} {one['part']} of {one['mention']}" for one in left)],
    )


def _same(claim: Claim, one: dict[str, Any], *, several: bool) -> bool:
    if (claim.kind, claim.value, claim.part) != (one["kind"], str(one["value"]), one["part"]):
        return False
    if claim.negated != bool(one.get("negated", False)):
        return False
    if one["kind"] == "contact" and claim.target and not _akin(claim.target, one.get("target") or ""):
        return False
    if one["kind"] == "count":  # whose words are the number's; the extractor names a number of some of the people
        return claim.mention is None
    return not several or not one["mention"] or _akin(claim.mention or "", one["mention"])


def _akin(one: str, other: str) -> bool:
    """Whether two wordings share all the telling words of the shorter one."""
    first, second = (
        {word.removesuffix("s") for word in re.findall(r"[a-z]+", words.lower())}
        - {"the", "a", "an", "of", "hi", "her"}
        for words in (one, other)
    )
    return bool(first and second) and (first <= second or second <= first)
