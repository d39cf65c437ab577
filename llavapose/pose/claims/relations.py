"""Claims that need no body part's state: who is where, who holds what."""

import re
from collections.abc import Iterator

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.words import relations as words
from llavapose.pose.claims.words.bodies import ONE_LEGGED
from llavapose.pose.things import THING_NAMES
from llavapose.records import Claim

_SIDE_OF, _OWN_SIDE_OF, _VIEW = (re.compile(p) for p in (words.SIDE_OF, words.OWN_SIDE_OF, words.VIEW))
_ORDER, _BEYOND, _NEARER = (tuple(re.compile(p) for p in ps) for ps in (words._ORDER, words.BEYOND, words.NEARER))
_PLACE, _CONTACT = (tuple(re.compile(p) for p in ps) for ps in (words.PLACE, words.CONTACT))
_VAGUE_PLACE, _NEAREST = re.compile(words.VAGUE_PLACE), re.compile(words.NEAREST)
_ASIDE = re.compile(r"(?:left|right)(?:-hand side| side|-hand|ward)? (?:of|than|from) ")
_FROM = re.compile(r" (?:from|past|than|has|of) |relative|compared")
_THE_ONE = re.compile(
    r" (?:is|are|as) the (?:\w+ )?(?:person|figure|one|individual) (?:on|at|to|in) the (?:far )?(?P<where>left"
    r"|right|middle|cent(?:er|re))\b(?! of)"
)
_NEARNESS = re.compile(r"near|clos|neighbo|distance|next to")
_ONE_LEGGED = re.compile(ONE_LEGGED)
_THING, _LIMB = (
    re.compile(words.THING),
    re.compile(
        r"\b(?:hands?|foot|feet|fists?|palms?|fingers|shoes?|boots?"
        r"|grip)\b"
    ),
)


def relation_claims(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    """Places in the picture, who is left or right of whom, who is nearest to whom, standing on one leg."""
    if "left" in sentence or "right" in sentence:
        yield from _sides(sentence, mentions)
    if re.search(r"left|right|middle|cent(?:er|re|ral)|mid|half ?way", sentence):
        yield from _places(sentence, mentions)
    if re.search(r"(?:near|close|least|shortest|smallest)", sentence):
        yield from _nearest(sentence, mentions)
    for match in _ONE_LEGGED.finditer(sentence):
        lifted = "right leg" if match["side"] == "left" else "left leg"
        yield Claim(kind="leg_lift", value="lifted", start=match.start(), end=match.end(), part=lifted)


def _sides(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    named = [m for m in mentions if not m.pronoun]
    for match in _SIDE_OF.finditer(sentence) if _ASIDE.search(sentence) else ():
        if any(m.start < match.start("side") < m.end for m in named):
            continue
        before = [m for m in mentions if m.end <= match.start() and not m.aside]
        later = [m.text for m in mentions if m.start >= match.end() and not m.pronoun and not m.aside]
        mention = later[0] if not before and later else None
        yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(), mention=mention,
                    target=match["target"])  # fmt: skip
    if _VIEW.search(sentence):
        for match in _OWN_SIDE_OF.finditer(sentence):
            yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(),
                        target=match["target"])  # fmt: skip
    if "left to right" in sentence:
        for match in (m for pattern in _ORDER for m in pattern.finditer(sentence)):
            yield Claim(kind="side_of", value="left of", start=match.start(), end=match.end(), mention=match["first"],
                        target=match["second"])  # fmt: skip
            return
    if not _FROM.search(sentence):
        return
    for match in (m for pattern in _BEYOND for m in pattern.finditer(sentence)):
        yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(),
                    mention=match["who"], target=match["target"])  # fmt: skip


def _places(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    named = [(m.start, m.end) for m in mentions if not m.pronoun]
    for match in _THE_ONE.finditer(sentence) if not _NEARNESS.search(sentence) else ():
        before = [m.text for m in mentions if m.end <= match.start() and not m.pronoun]
        if len(before) == 1 and not sentence[: match.start() - len(before[0])].strip():
            where = match["where"] if match["where"] in ("left", "right") else "middle"
            yield Claim(kind="place", value=where, start=match.start(), end=match.end(), mention=before[-1])
    taken: list[tuple[int, int]] = []
    for match in (m for pattern in _PLACE for m in pattern.finditer(sentence)):
        start, end = match.span()
        if any(a < end and start < b for a, b in (*named, *taken)):
            continue
        taken.append((start, end))
        if _VAGUE_PLACE.search(sentence[:start]):
            continue
        group = match.groupdict()
        where = (group.get("where") or "middle").removesuffix("most")
        before = [m for m in mentions if m.end <= start]
        later = [m.text for m in mentions if m.start >= end and not m.pronoun and not m.aside]
        mention = later[0] if not before and later else None
        yield Claim(kind="place", value=where if where in ("left", "right") else "middle", start=start, end=end,
                    mention=mention)  # fmt: skip


def _nearest(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    for match in (m for pattern in _NEARER for m in pattern.finditer(sentence)):
        yield Claim(kind="nearest", value="nearest", start=match.start(), end=match.end(), mention=match["other"],
                    target=match["target"])  # fmt: skip
        return
    for match in _NEAREST.finditer(sentence):
        # "The person nearest to A is B" and "B is nearest to A" both say whom A has nearest.
        before = [m.text for m in mentions if m.end <= match.start() and not m.aside]
        target = match["target"] or (before[-1] if before else None)
        if target and match["other"]:
            yield Claim(kind="nearest", value="nearest", start=match.start(), end=match.end(), target=target,
                        mention=None if match["other"] in ("him", "her", "them") else match["other"])  # fmt: skip


def contact_claims(sentence: str) -> Iterator[Claim]:
    """A hand or foot at an object; without a part where the text does not say which."""
    if not _THING.search(sentence):
        return
    taken: list[tuple[int, int]] = []
    for pattern in _CONTACT if _LIMB.search(sentence) else _CONTACT[-1:]:
        for match in pattern.finditer(sentence):
            start, end = match.span("thing")
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            group = match.groupdict()
            for part in _hands(group):
                yield Claim(kind="contact", value="touching", start=match.start(), end=match.end(), part=part,
                            mention=group.get("owner") or group.get("owner2"),
                            target=THING_NAMES[match["thing"]])  # fmt: skip


def _hands(group: dict[str, str | None]) -> tuple[str | None, ...]:
    limb = group.get("limb")
    if limb is None:
        return (None,)
    noun = "foot" if limb in ("feet", "foot", "shoe", "boot") else "hand"
    sides = [side for side in (group.get("first"), group.get("second"), group.get("third"), group.get("named")) if side]
    if not sides and (group.get("plural") or limb == "feet"):
        sides = ["left", "right"]
    return tuple(f"{side} {noun}" for side in sides) or (None,)
