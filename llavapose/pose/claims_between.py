"""Claims that need no body part's state: who is where, who holds what, how many people there are."""

import re
from collections.abc import Iterator

from llavapose.pose import claim_words as words
from llavapose.pose.mentions import Mention
from llavapose.pose.things import THING_NAMES
from llavapose.records import Claim

_SIDE_OF, _PLACE, _NEAREST = re.compile(words.SIDE_OF), re.compile(words.PLACE), re.compile(words.NEAREST)
_CONTACT = tuple(re.compile(pattern) for pattern in words.CONTACT)
_COUNT, _COUNT_LEAD = re.compile(words.COUNT), re.compile(words.COUNT_LEAD)
_ONE_LEGGED = re.compile(words.ONE_LEGGED)


def relation_claims(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    """Places in the picture, who is left or right of whom, who is nearest to whom, standing on one leg."""
    for match in _SIDE_OF.finditer(sentence):
        later = [m.text for m in mentions if m.start > match.end() and not m.pronoun and not m.aside]
        mention = later[0] if match.start() == 0 and later else None
        yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(), mention=mention,
                    target=match["target"])  # fmt: skip
    named = [(m.start, m.end) for m in mentions if not m.pronoun]
    for match in _PLACE.finditer(sentence):
        if not any(a < match.end() and match.start() < b for a, b in named):
            value = match["where"] if match["where"] in ("left", "right") else "middle"
            yield Claim(kind="place", value=value, start=match.start(), end=match.end())
    for match in _NEAREST.finditer(sentence):
        # "The person nearest to A is B" and "B is nearest to A" both say whom A has nearest.
        before = [m.text for m in mentions if m.end <= match.start() and not m.aside]
        target = match["target"] or (before[-1] if before else None)
        if target and match["other"]:
            yield Claim(kind="nearest", value="nearest", start=match.start(), end=match.end(), mention=match["other"],
                        target=target)  # fmt: skip
    for match in _ONE_LEGGED.finditer(sentence):
        lifted = "right leg" if match["side"] == "left" else "left leg"
        yield Claim(kind="leg_lift", value="lifted", start=match.start(), end=match.end(), part=lifted)


def contact_claims(sentence: str) -> Iterator[Claim]:
    """A hand or foot at an object; without a part where the text does not say which."""
    taken: list[tuple[int, int]] = []
    for pattern in _CONTACT:
        for match in pattern.finditer(sentence):
            start, end = match.span("thing")
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            group = match.groupdict()
            for part in _hands(group):
                yield Claim(kind="contact", value="touching", start=match.start(), end=match.end(), part=part,
                            mention=group.get("owner"), target=THING_NAMES[match["thing"]])  # fmt: skip


def _hands(group: dict[str, str | None]) -> tuple[str | None, ...]:
    limb = group.get("limb")
    if limb is None:
        return (None,)
    noun = "foot" if limb == "feet" else limb
    sides = [side for side in (group.get("first"), group.get("second")) if side]
    if not sides and (group.get("plural") or limb == "feet"):
        sides = ["left", "right"]
    return tuple(f"{side} {noun}" for side in sides) or (None,)


def count_claims(sentence: str) -> Iterator[Claim]:
    """How many people: at most one claim a place in the sentence."""
    taken: list[tuple[int, int]] = []
    for match in (*_COUNT_LEAD.finditer(sentence), *_COUNT.finditer(sentence)):
        group = match.groupdict()
        number = group.get("number")
        if any(match.start() < b and a < match.end() for a, b in taken):
            continue
        if match.re is _COUNT_LEAD and not _counts_people(sentence, match):
            continue
        if match.re is _COUNT and re.search(r"\b(?:the|both|all|other|these|those|of) $", sentence[: match.start()]):
            continue
        taken.append(match.span())
        yield Claim(kind="count", value=_value(number, many=bool(group.get("many"))), start=match.start(),
                    end=match.end())  # fmt: skip


def _counts_people(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number after "there are" counts people: it says so, or stands alone."""
    after = sentence[match.end() :]
    if "number of people" in match[0]:
        return True
    return re.match(rf" (?:\w+ )?{words.PEOPLE}\b", after) is not None or re.match(r"\s*[.,;]?\s*$", after) is not None


def _value(number: str | None, *, many: bool) -> str:
    if many:
        return "many"
    if number is None:
        return "1"
    if number in words.NUMBERS:
        number = str(words.NUMBERS.index(number))
    number = {"no": "0"}.get(number, number)
    return number if int(number) <= 10 else "many"
