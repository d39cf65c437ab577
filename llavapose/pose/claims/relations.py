"""Claims that need no body part's state: who is where, who holds what."""

import re
from collections.abc import Iterator
from dataclasses import replace

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.parts import Part
from llavapose.pose.claims.subjects import somebody_elses
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
_ONE_LEGGED = re.compile(ONE_LEGGED)
_COMPOUND = re.compile(r"\b(?P<how>straight|stiff|bent)-(?P<limb>leg|arm|kne|elbow)(?:g?ed|ed)\b")
_BOTH_SIDES = re.compile(
    r"\b(?:on|at|to) the (?:left|right),? (?:and|as well as) (?:also )?(?:(?:on|at|to) )?the (?:left|right)\b"
    r"(?=\s*(?:[.,;]|alike\b|as well\b|too\b|$))"
)
"""Both of two parts, rather than where somebody is."""
_CARRIES = re.compile(r"\b(?:hold|carr|grip|clutch|swing|wield)")
_NEARNESS = re.compile(r"near|clos|neighbo|distance|next to")
_INTRODUCED = re.compile(
    r"(?P<who>(?:an?|another|one) .*?) (?:standing |seated |sitting |positioned |located )?(?:on|at|in|to) the "
    r"(?:far |very |extreme )?(?P<where>left|right|middle|cent(?:er|re))\b.*"
)
_THING, _LIMB = (
    re.compile(words.THING),
    re.compile(
        r"\b(?:hands?|foot|feet|fists?|palms?|fingers|shoes?|boots?"
        r"|grip)\b"
    ),
)


def relation_claims(sentence: str, plain: str, mentions: list[Mention]) -> Iterator[Claim]:
    """Places in the picture, who is left or right of whom, who is nearest; in ``plain`` people are hidden."""
    found: list[Claim] = []
    if "left" in plain or "right" in plain:
        found += _sides(plain, mentions)
    if re.search(r"left|right|middle|cent(?:er|re|ral)|mid|half ?way", sentence):
        found += _places(sentence, plain, mentions)
    if re.search(r"(?:near|close|least|shortest|smallest)", plain):
        found += _nearest(plain, mentions)
    for claim in found:
        yield replace(claim, mention=_told(claim.mention, sentence), target=_told(claim.target, sentence))


def _at(match: re.Match[str], name: str) -> str | None:
    """Where somebody stands in the sentence, as ``_told`` reads it; a pronoun as it is."""
    return f"{match.start(name)}:{match.end(name)}" if "ƿ" in (match[name] or "") else match[name]


def _told(place: str | None, sentence: str) -> str | None:
    """The words at a place."""
    return sentence[slice(*map(int, place.split(":")))] if place and ":" in place else place


def _sides(plain: str, mentions: list[Mention]) -> Iterator[Claim]:
    for match in _SIDE_OF.finditer(plain) if _ASIDE.search(plain) else ():
        before = [m for m in mentions if m.end <= match.start() and not m.aside]
        later = [m.text for m in mentions if m.start >= match.end() and not m.pronoun and not m.aside]
        opens = not before or re.search(r"[;:.] $", plain[: match.start()]) is not None
        mention = later[0] if opens and later else None
        yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(), mention=mention,
                    target=_at(match, "target"))  # fmt: skip
    if _VIEW.search(plain):
        for match in _OWN_SIDE_OF.finditer(plain):
            yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(),
                        target=_at(match, "target"))  # fmt: skip
    if "left to right" in plain:
        for match in (m for pattern in _ORDER for m in pattern.finditer(plain)):
            yield Claim(kind="side_of", value="left of", start=match.start(), end=match.end(),
                        mention=_at(match, "first"), target=_at(match, "second"))  # fmt: skip
            return
    if not _FROM.search(plain):
        return
    for match in (m for pattern in _BEYOND for m in pattern.finditer(plain)):
        yield Claim(kind="side_of", value=f"{match['side']} of", start=match.start(), end=match.end(),
                    mention=_at(match, "who"), target=_at(match, "target"))  # fmt: skip


def _places(sentence: str, plain: str, mentions: list[Mention]) -> Iterator[Claim]:
    for match in _THE_ONE.finditer(sentence) if not _NEARNESS.search(sentence) else ():
        before = [m.text for m in mentions if m.end <= match.start() and not m.pronoun]
        if len(before) == 1 and not sentence[: match.start() - len(before[0])].strip():
            yield Claim(kind="place", value=_third(match["where"]), start=match.start(), end=match.end(),
                        mention=before[-1])  # fmt: skip
    for one in mentions:
        # "A man on the right" says where he is; "the man on the right" says who.
        where = _INTRODUCED.fullmatch(one.text) if not one.pronoun else None
        if where:
            yield Claim(kind="place", value=_third(where["where"]), start=one.start, end=one.end, mention=where["who"])
    taken: list[tuple[int, int]] = [match.span() for match in _BOTH_SIDES.finditer(plain)]
    for match in (m for pattern in _PLACE for m in pattern.finditer(plain)):
        start, end = match.span()
        if any(a < end and start < b for a, b in taken):
            continue
        taken.append((start, end))
        if _VAGUE_PLACE.search(plain[:start]) or somebody_elses(plain, start, mentions, place=True):
            continue
        before = [m for m in mentions if m.end <= start]
        later = [m.text for m in mentions if m.start >= end and not m.pronoun and not m.aside]
        mention = later[0] if not before and later else None
        yield Claim(kind="place", value=_third(match.groupdict().get("where")), start=start, end=end, mention=mention)


def _third(where: str | None) -> str:
    where = (where or "middle").removesuffix("most")
    return where if where in ("left", "right") else "middle"


def _nearest(plain: str, mentions: list[Mention]) -> Iterator[Claim]:
    for match in (m for pattern in _NEARER for m in pattern.finditer(plain)):
        yield Claim(kind="nearest", value="nearest", start=match.start(), end=match.end(),
                    mention=None if "ƿ" not in match["other"] else _at(match, "other"),
                    target=_at(match, "target"))  # fmt: skip
        return
    for match in _NEAREST.finditer(plain):
        # "The person nearest to A is B" and "B is nearest to A" both say whom A has nearest.
        before = [m for m in mentions if m.end <= match.start() and not m.aside and not m.pronoun]
        target = _at(match, "target") or (f"{before[-1].start}:{before[-1].end}" if before else None)
        if target and match["other"]:
            yield Claim(kind="nearest", value="nearest", start=match.start(), end=match.end(), target=target,
                        mention=None if "ƿ" not in match["other"] else _at(match, "other"))  # fmt: skip


def contact_claims(sentence: str, plain: str, parts: list[Part]) -> Iterator[Claim]:
    """A hand or foot at an object; without a part where the text does not say which."""
    if not _THING.search(plain):
        return
    taken: list[tuple[int, int]] = []
    for pattern in _CONTACT if _LIMB.search(plain) else _CONTACT[-1:]:
        for match in pattern.finditer(plain):
            start, end = match.span("thing")
            if any(start < b and a < end for a, b in taken):
                continue
            group = match.groupdict()
            if (group.get("limb") or "").startswith(("boot", "shoe")) and _CARRIES.search(match[0]):
                continue  # "in rubber boots holding an umbrella"
            if _limb(group) == "foot" and re.search(r", (?:\w+ )?with ", match[0]):
                continue  # "holding a bat, with both feet on the ground"
            taken.append((start, end))
            owner = next((_at(match, name) for name in ("owner", "owner2") if group.get(name)), None)
            named = _hands(group)
            if named == (None,) and group.get("limb"):  # "in that hand"
                at = match.start("limb")
                sides = next((part.sides for part in parts if part.start <= at < part.end), ())
                named = tuple(f"{side} {_limb(group)}" for side in sides) or named
            for part in named:
                yield Claim(kind="contact", value="touching", start=match.start(), end=match.end(), part=part,
                            mention=_told(owner, sentence), target=THING_NAMES[match["thing"]])  # fmt: skip


def one_legged(sentence: str) -> Iterator[Claim]:
    """Standing on one leg: it is on the ground, and the other one lifted where it alone carries."""
    for match in _ONE_LEGGED.finditer(sentence):
        side, other = ("left", "right") if (match["side"] or match["late"]) == "left" else ("right", "left")
        yield Claim(kind="leg_lift", value="on the ground", start=match.start(), end=match.end(), part=f"{side} leg")
        if match["only"] or match["alone"]:
            yield Claim(kind="leg_lift", value="lifted", start=match.start(), end=match.end(), part=f"{other} leg")


def compound_claims(sentence: str) -> Iterator[Claim]:
    """Both limbs in one adjective: "a straight-legged person"."""
    for match in _COMPOUND.finditer(sentence):
        noun = "knee" if match["limb"] in ("leg", "kne") else "elbow"
        value = "straight" if match["how"] in ("straight", "stiff") else "bent"
        for side in ("left", "right"):
            yield Claim(kind=noun, value=value, start=match.start(), end=match.end(), part=f"{side} {noun}")


def _limb(group: dict[str, str | None]) -> str | None:
    """Hand or foot, as facts say it; None where no limb is named."""
    limb = group.get("limb")
    return None if limb is None else "foot" if limb in ("feet", "foot", "shoe", "boot") else "hand"


def _hands(group: dict[str, str | None]) -> tuple[str | None, ...]:
    limb = group.get("limb")
    if limb is None:
        return (None,)
    noun = _limb(group)
    sides = [side for side in (group.get("first"), group.get("second"), group.get("third")) if side]
    sides = sides or [side for side in (group.get("named"),) if side]
    if not sides and (group.get("plural") or limb == "feet"):
        sides = ["left", "right"]
    return tuple(f"{side} {noun}" for side in sides) or (None,)
