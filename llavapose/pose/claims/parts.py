"""Body parts as written in a sentence: which, whose side, whose."""

import re
from dataclasses import dataclass, replace

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.words import shared as words
from llavapose.pose.vocabulary import flip_part

_PART, _ELLIPSIS, _NO_PART = (re.compile(pattern) for pattern in (words.PART, words.ELLIPSIS, words.NO_PART))
_BEFORE_ELLIPSIS, _BEFORE_ONE = re.compile(words.BEFORE_ELLIPSIS), re.compile(words.BEFORE_ONE)
_PART_CUES = (
    "elbow", "knee", "arm", "hand", "wrist", "fist", "palm", "leg", "thigh", "shin", "foot", "feet", "ankle", "shoe",
    "sole", "boot", "sneaker",
)  # fmt: skip
ARM_NOUNS, LEG_NOUNS = frozenset(("elbow", "arm", "forearm", "hand")), frozenset(("knee", "leg", "foot"))
JOINED = re.compile(r"\s*,?\s*(?:and|nor|or|plus|along with|as well as|,)\s+(?:(?:the|his|her|their|a)\s+)?")
_FOREIGN = re.compile(r"\b(?!(?:he|she|it|who|that|one|there|here|what|person)'s)[a-z]+(?:'s|s') (?:own )?$")
"""Before a body part: a thing or an animal that owns it."""
_THINGS_LIMB = re.compile(
    r"(?:^|[.;,:] |\band )\W*(?:the|an?|its|each|this|that|one) (?:[a-z-]+ ){0,2}?(?:arm)?(?:chair|table|couch|sofa|bed"
    r"|bench|desk|stool|tripod|easel|piano|dog|cat|horse|cow|bird|giraffe|elephant|bear|sheep|zebra|robot|crab|octopus"
    r"|spider|monkey|statue|lamp|crane|windmill|compass)s? (?:has|have|with|stands? on|rests? on|on)\b[^ƿ.;]*$"
)
"""Before a limb of furniture or of an animal: "the armchair has two bent arms"."""
_THING_AT = (
    r"\W*(?:the|an?|his|her|their|its|one|two|three|some|both) (?:[a-z-]+ ){0,3}?"
    r"(?!(?:arms?|legs?|elbows?|knees?|hands?|foot|feet|wrists?|ankles?|forearms?|thighs?|weight|bend|angle|one|other"
    r"|fingers?|fists?|palms?|heels?|toes?|left|right|man|woman|boy|girl)\b)[a-z-]+(?<!ing) "
)
_SET_AT = re.compile(
    rf"{_THING_AT}(?:on|in|at|under|over|above|below|near|around|by) (?:the|his|her|their|both|each)? ?$"
)
_FOLDED_AT = re.compile(
    rf"{_THING_AT}(?:is|are) (?:\w+ly )?(?:\w+ed|bent|held) (?:up )?(?:at|above|below|over) (?:the|his|her"
    rf"|their|both)? ?$"
)
_STATED = re.compile(r" (?:is|are|was|has|[a-z]+[^s\W]s)\b")
"""A thing at a limb, of which it is said: "the ski on her left foot is lifted", "his sleeve is folded at the elbow"."""
_CLAUSE = re.compile(r"[,;:.()–—]|\b(?:and|but|while|whereas|so)\b")
_WEIGHT_ON = re.compile(r"\bweight [^.,;]{0,24}?(?:on|onto|over|upon) (?:the|his|her|their) $")
_ITS = re.compile(r"\bits (?:own )?$")
_PLAIN = ("elbow", "knee", "hand", "forearm", "foot", "leg", "arm", "wrist", "shin")
_ANY, _THE = re.compile(r"\b(?:one|other|an?|either|another|that) $"), re.compile(r"\b(?:the|its|with|and|,) $")
_PLACED = re.compile(
    r"\b(?:on|onto|over|above|below|beneath|against|near|beside|behind|by|toward|towards|past|under|around"
    r"|between|along|at|to|from|"
    r"touching|touches|than) (?:(?:the|his|her|their|a|one|its|both) )?$"
)
_LATER = re.compile(r"[^,;.()]{0,32}(?:, | \(| – | — )(?:the|his|her|their) ")
"""Between a part of either side and the side that it turns out to be: "one arm raised, the left"."""
_ONE, _ONE_SUCH = re.compile(r"(?:one|an?) "), re.compile(r"\b(?:one|an?) (?:\w+ ){1,2}$")
_THE_SIDE = (", the ", ", his ", ", her ", ", their ")
_LATER_ENDS = re.compile(r"(?=[,.;)]|$| [–—])")
_UNLIKE = re.compile(r"(?:unlike|in contrast (?:to|with)|as opposed to|not) (?:(?:the|his|her|their) )?$")
_HAS = re.compile(r"^[^.;:()]*\b(?:has|with|shows) an? (?:\w+ )?$")
_EITHER = re.compile(r"either\b")
_DENIED = re.compile(rf"(?:{words.NEGATION})[^.,;:]*$")
_OF = re.compile(r" (?:of|on) (?:(?:the|his|her|their) )?")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A body part as written.

    Attributes:
        start: position in the sentence.
        end: position after it.
        noun: elbow, knee, arm, forearm, hand, leg or foot.
        sides: the person's own sides that are meant; empty where the text does not say.
        owner: the person, where named right beside it.
        placed: whether it is only where something else is ("on the knee").
        unlike: whether another part is set off against it ("the left, unlike the right").
    """

    start: int
    end: int
    noun: str
    sides: tuple[str, ...]
    owner: str | None = None
    placed: bool = False
    unlike: bool = False


def parts_in(sentence: str, plain: str, mentions: list[Mention], before: str = "") -> list[Part]:
    """Body parts in order, each with its sides and, where named beside it, its owner.

    Args:
        sentence: in lower case.
        plain: the same with people hidden (``mentions.masked``).
        mentions: of the sentence.
        before: the noun that the sentence before ended with; "the left one" at the start borrows it.
    """
    if not before and not any(map(sentence.__contains__, _PART_CUES)):
        return []
    return _owned(sentence, _parts(sentence, plain, mentions, before), mentions)


def _parts(sentence: str, plain: str, mentions: list[Mention], before: str) -> list[Part]:
    """Body parts in order, with sides; "the other" and a bare side borrow from the part before."""
    found: list[Part] = []
    none = [match.span() for match in _NO_PART.finditer(sentence)]
    short = [match for match in _ELLIPSIS.finditer(sentence) if _stands_for_part(sentence, match)]
    matches = sorted((*_PART.finditer(sentence), *short), key=lambda match: match.start())
    for match in matches:
        if any(m.start < match.end() and match.start() < m.end for m in mentions if not m.pronoun):
            continue
        if any(a < match.end() and match.start() < b for a, b in none) or (found and match.start() < found[-1].end):
            continue
        if _things(plain, match.start(), match.end()):
            continue
        if _FOREIGN.search(plain, 0, match.start()) or (not found and _ITS.search(sentence, 0, match.start())):
            continue
        group = match.groupdict()
        last = found[-1] if found else None
        noun = words.PART_NOUNS.get(group.get("noun") or "", group.get("noun") or "")
        if not noun:
            later = found and not found[-1].sides and sentence[found[-1].end : match.start()] in _THE_SIDE
            last = next((part for part in reversed(found) if part.sides or not part.placed or later), None)
            if last is None and before and match.start() <= len("and the "):
                last = Part(start=-1, end=0, noun=before, sides=())
            bears = last is not None and last.noun in LEG_NOUNS and _WEIGHT_ON.search(sentence, 0, match.start())
            if last is None or (_names_place(sentence, match) and not bears):
                continue
        gap = sentence[last.end : match.start()] if last else ""
        part = Part(
            start=match.start(),
            end=match.end(),
            noun=noun or (last.noun if last else ""),
            sides=_sides(group, last, gap),
            placed=_PLACED.search(sentence[: match.start()]) is not None,
            unlike=_UNLIKE.search(sentence, 0, match.start()) is not None,
        )
        if last and found and last is found[-1] and (one := _as_one(last, part, gap, named=noun, sentence=sentence)):
            found[-1] = one
            continue
        found.append(part)
    return _borrowed(sentence, found)


def _things(plain: str, start: int, end: int) -> bool:
    """Whether a limb is that of a thing, or only where a thing is that the clause is about."""
    breaks = [match.end() for match in _CLAUSE.finditer(plain, 0, start)]
    clause = plain[breaks[-1] if breaks else 0 : start]
    return (
        _THINGS_LIMB.search(plain, 0, start) is not None
        or _FOLDED_AT.fullmatch(clause) is not None
        or (_SET_AT.fullmatch(clause) is not None and _STATED.match(plain, end) is not None)
    )


def _stands_for_part(sentence: str, match: re.Match[str]) -> bool:
    """Whether a side alone begins as one of a part does: "the right is", "a flexed left one"."""
    before = sentence[: match.start()]
    if match["some"]:
        return re.search(r"[a-z](?:,|:| [–—]) $", before) is not None
    if match["pair"]:
        return re.search(r"(?:[,;:(–—] ?|\band )$", before) is not None
    if _WEIGHT_ON.search(before):
        return True
    return _BEFORE_ELLIPSIS.search(before) is not None or (
        match["spelled"] is not None and _BEFORE_ONE.search(before) is not None
    )


def _as_one(last: Part, part: Part, gap: str, *, named: str, sentence: str) -> Part | None:
    """Two that are one part: "the elbow of the left arm", "one arm, the left, ...", "the left arm's elbow"."""
    if not last.sides and part.sides and named in ("arm", "leg", "hand") and _OF.fullmatch(gap):
        return replace(last, end=part.end, sides=part.sides)
    if not last.sides and not named and _LATER_ENDS.match(sentence, part.end) and gap in _THE_SIDE:
        return replace(last, end=part.end, sides=part.sides)
    one = _ONE.match(sentence, last.start) or _ONE_SUCH.search(sentence, 0, last.start)
    if not last.sides and not named and one and _LATER.fullmatch(gap) and _LATER_ENDS.match(sentence, part.end):
        return replace(last, sides=part.sides)
    if last.sides and not part.sides and gap == "'s ":
        return replace(part, start=last.start, sides=last.sides)
    return None


def _names_place(sentence: str, match: re.Match[str]) -> bool:
    """Whether a side alone, "to the left, ...", is where something is."""
    return (
        re.search(r"\b(?:to|on|at|from|toward|towards|of) (?:the |his |her |their )?$", sentence[: match.start()])
        is not None
    )


def _sides(group: dict[str, str | None], last: Part | None, gap: str) -> tuple[str, ...]:
    sides = tuple(side for side in (group.get("first"), group.get("second"), group.get("own")) if side)
    if group.get("some"):
        return ()
    if group.get("pair"):
        return ("left", "right") if last and last.sides else ()
    side = group.get("side") or group.get("short")
    if side in ("left", "right"):
        return (side,)
    if group.get("that"):
        return last.sides if last else ()
    if group.get("other") or side in ("other", "opposite") or group.get("twin"):
        return tuple(flip_part(f"{side} x").split()[0] for side in last.sides) if last else ()
    if group.get("both") or group.get("one") in ("neither", "no"):
        return ("left", "right")
    many = group.get("plural") or group.get("noun") == "feet"
    if not sides and last and JOINED.fullmatch(gap) and not many:
        return last.sides
    if not sides and not group.get("one") and many:
        return ("left", "right")
    return sides


def _borrowed(sentence: str, parts: list[Part]) -> list[Part]:
    """A single elbow or knee without a side belongs to the arm or leg with a side before it, else to the only one."""
    borrowed: list[Part] = []
    for part in parts:
        family = ARM_NOUNS if part.noun in ARM_NOUNS else LEG_NOUNS
        before = [other for other in borrowed if other.noun in family and other.sides and not other.placed]
        kin = {other.sides for other in parts if other.noun in family and other.sides}
        words = sentence[max(part.start - 8, 0) : part.start]
        plain = sentence[part.start : part.end].removeprefix("the ").removeprefix("its ") in _PLAIN
        if plain and not part.sides and kin and not _ANY.search(words):
            near = before[-1].sides if before and len(before[-1].sides) == 1 and _THE.search(words) else None
            if not near and before and len(before[-1].sides) == 1 and part.noun in ("elbow", "knee"):
                has = _HAS.search(sentence[before[-1].end : part.start])  # "the right arm is low and has a bent elbow"
                near = before[-1].sides if has else None
            sides = near or (next(iter(kin)) if len(kin) == 1 else ())
            part = replace(part, sides=sides)
        if _EITHER.match(sentence, part.start) and not part.sides and _DENIED.search(sentence, 0, part.start):
            part = replace(part, sides=("left", "right"))
        borrowed.append(part)
    return borrowed


def _owned(sentence: str, parts: list[Part], mentions: list[Mention]) -> list[Part]:
    """Parts with their owner where it stands beside them: "the left arm of the man", "the man's left arm"."""
    owned = []
    for part in parts:
        after = [m.text for m in mentions if not m.pronoun and sentence[part.end : m.start] in (" of ", " on ")]
        before = [
            m.text for m in mentions if not m.pronoun and re.fullmatch(r"'s? (?:own )?", sentence[m.end : part.start])
        ]
        owned.append(replace(part, owner=(after or before or [None])[0]))
    return owned
