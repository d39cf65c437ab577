"""Hands that go up and down, elbows and knees that bend and straighten, and how often."""

import re
from collections.abc import Iterator

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.moving.verbs import ADVERBS, Moved, forms, happens
from llavapose.pose.claims.parts import JOINED, Part
from llavapose.pose.claims.words.shared import NUMBERS
from llavapose.records import Claim

_UP = forms("raise/s/d/raising lift/s/ed/ing hoist/s/ed/ing")
_DOWN = forms("lower/s/ed/ing drop/s/ped/dropped/dropping")
_EITHER = forms(
    "move/s/d/moving bring/s/ing/brought put/s/putting swing/s/ing/swung throw/s/ing/threw thrust/s/ing"
    " fling/s/ing/flung"
    " stretch/es/ed/ing reach/es/ed/ing extend/s/ed/ing let/s/letting shoot/s/ing/shot hold/s/ing pump/s/ed/ing"
)
_BENDS = forms("bend/s/ing/bent flex/es/ed/ing crook/s/ed/ing curl/s/ed/ing")
_STRAIGHTENS = forms("straighten/s/ed/ing unbend/s/ing/unbent extend/s/ed/ing stretch/es/ed/ing unfold/s/ed/ing")
_WAVES = forms("wave/s/d/waving flap/s/flapping shake/s/shaking")
_GOES_UP = forms("rise/s/rising/rose climb/s/ed/ing ascend/s/ed/ing")
_GOES_DOWN = forms("fall/s/ing/fell drop/s/dropped/dropping sink/s/ing/sank descend/s/ed/ing")
_GOES = forms(
    "go/es/ing/went come/s/coming/came move/s/d/moving swing/s/ing/swung travel/s/ing/travelled/traveled"
    " shoot/s/ing/shot drift/s/ed/ing float/s/ed/ing"
)
_PASSIVE = r"(?:is|are|was|were|being|is being|are being|gets|has been|have been)(?: \w+ly)* (?:raised|lifted|lowered)"
_VERB = re.compile(
    rf"\b(?P<verb>(?P<up>{_UP})|(?P<down>{_DOWN})|(?P<bend>{_BENDS})|(?P<wave>{_WAVES})|(?P<straight>{_STRAIGHTENS})"
    rf"|(?P<either>{_EITHER}))\b"
    rf"(?: and(?: then)? (?P<also>{_DOWN}|{_UP}|{_STRAIGHTENS}|{_BENDS})\b)?"
    rf"(?P<way> (?:back )?(?:up(?:wards?)?|down(?:wards?)?)(?: and (?:up|down))?)?{ADVERBS}"
    r"(?P<gap> (?P<with>with )?(?:(?:the|his|her|their|one|both|each|either|all|an?) |of |own )*"
    r"(?P<it>(?:it|them)\b(?! (?:is|are|was|were|has|have|does|do)\b))?)"
)
_DOES = re.compile(
    rf"(?:, [^,;.]{{1,30}},)?{ADVERBS}(?: of ƿǀ*)?(?: (?:is|are|was|were|can be seen|begins? to|starts? to|then"
    rf"|also|has|have))*{ADVERBS}"
    rf" (?P<verb>(?P<up>{_GOES_UP})|(?P<down>{_GOES_DOWN})|(?P<goes>{_GOES})|(?P<bend>{_BENDS}"
    rf"|{forms('fold/s/ed/ing')})"
    rf"|(?P<straight>{_STRAIGHTENS}|{forms('snap/s/ped/snapping')}(?= straight))|(?P<passive>{_PASSIVE}))\b"
    rf"(?: and(?: then)? (?P<also>{_STRAIGHTENS}|{_BENDS}|{_GOES_UP}|{_GOES_DOWN})\b)?"
    r"(?P<way> (?:back )?(?:up(?:wards?)?|down(?:wards?)?)(?: and (?:up|down))?\b)?"
)
_SECOND = re.compile(
    rf"(?:,? ?(?:and|before|but)(?: then)?|,(?: then)?| ?then){ADVERBS}"
    rf" (?P<verb>(?P<up>{_GOES_UP})|(?P<down>{_GOES_DOWN})|(?P<bend>{_BENDS})|(?P<straight>{_STRAIGHTENS}"
    rf"|{forms('snap/s/ped/snapping')}(?= straight)))\b"
    r"(?P<goes>(?!))?(?P<passive>(?!))?(?P<also>(?!))?(?P<way> (?:back )?(?:up|down))?"
    r"(?! (?:the|his|her|their|both|one|it|them)\b)"
)
"""What the same limb does next: "rises past the head before dropping"."""
_END = re.compile(
    r"[,;:.()–—]|\b(?:while|whereas|as|but|with|then|before|after|so that)\b|\band(?! (?:up|down|forth)\b)"
)
_HEAD = re.compile(
    r"\b(?:past|above|over|beyond|below|at) (?:the level of )?(?:(?:the|his|her|their|one's|top of) )*(?:own )?heads?\b"
    r"|\boverhead\b|\bfrom (?:up )?(?:high )?(?:above|over) (?:(?:the|his|her|their) )?heads?\b"
)
_UNTIL = re.compile(
    r"[^.;]*?\b(?:it|they|both|until|ends?|ending|high)\b[^.;,]*\b(?:above|over|past) (?:(?:the|his|her"
    r"|their) )?(?:own )?heads?\b"
)
_NOT_PAST = re.compile(
    r"\b(?:to|at|up to|near|toward|towards|against|around|in front of|off|out to|onto|on|behind|across|to about|below)"
    r" (?:(?:the|his|her|their|a|about|just|own|same) )*(?:chest|waist|hips?|chin|face|mouth|ears?|eyes?|nose"
    r"|forehead|hair"
    r"|shoulders?|side|sides|table|ground|floor|desk|belly|stomach|knees?|thighs?|camera|lap|back|mid\w*|level"
    r"|height)\b"
    r"|\b(?:slightly|a little|a bit|forwards?|sideways|in front|horizontal\w*|to the side|out to|shoulder[- ](?:height"
    r"|level)|chest[- ](?:height|level)|waist)\b"
)
_PAST_SHOULDER = re.compile(
    r"\b(?:past|above|over|beyond|below) (?:(?:the|his|her|their|own) )*shoulders?\b|\bpast shoulder|\bhigh\b|\bair\b"
    r"|\babove shoulder|\bbelow shoulder|\bfrom shoulder"
)
_NUMBER = rf"(?P<number>once|twice|thrice|(?:{'|'.join(NUMBERS[1:])}|\d+) times)"
_TIMES = re.compile(
    rf"(?:[^.;,]*?|[^.;]*?, |[^.;]*? \()\b(?:for a total of |exactly |a total of )?{_NUMBER}\b(?! (?:he|she|they"
    rf"|the|it|ƿ|a|more)\b)"
)
_ONLY_TIMES = re.compile(r"\band (?!down|up)|\b(?:while|whereas|then|as|before|after|with)\b|;")
_GRADUALLY = re.compile(r"\bfrom\b.*\bto\b|\b(?:gradually|slowly|steadily|quickly|suddenly|then|until)\b")
_FROM_TO = re.compile(
    r" from (?:an? |being )?(?P<one>\w+ )?(?P<first>straight|extended|bent|flexed|folded)(?: \w+)? to (?:an? "
    r"|being )?(?:\w+ )?"
    r"(?P<last>straight|extended|bent|flexed|folded)\b"
)
_AND_DOWN = re.compile(r"up and (?:then )?(?:back )?down|down and (?:then )?(?:back )?up")
_WORDS = {"once": "1", "twice": "2", "thrice": "3", **{word: str(n) for n, word in enumerate(NUMBERS)}}
_HAND, _HINGE = ("hand", "arm", "forearm"), {
    "elbow": "elbow", "arm": "elbow", "forearm": "elbow", "knee": "knee", "leg": "knee",
}  # fmt: skip


def limb_motions(sentence: str, plain: str, mentions: list[Mention], parts: list[Part]) -> Iterator[Moved]:
    """What a sentence says of hands, elbows and knees in motion."""
    several = any(mention.several or mention.text in ("they", "both") for mention in mentions)
    for match in _VERB.finditer(plain):
        owned = _objects(match, sentence, parts)
        if match["with"] and not match["wave"] and not (match["either"] or "").startswith("reach"):
            continue  # "bends down with the left leg straight"
        if owned and happens(plain, match, several) and not _adjective(match, sentence, owned[0]):
            yield from _told(match, owned, sentence, plain, owned[-1].end if not match["it"] else match.end())
    for index, part in enumerate(parts):
        match = _DOES.match(plain, part.end)
        if not match or part.placed:
            continue
        owned = _joined(parts, index, sentence)
        last = match
        yield from _subject_told(match, owned, sentence, plain)
        while again := _SECOND.match(plain, _clause_end(plain, last.end())):
            yield from _subject_told(again, owned, sentence, plain)
            last = again


def _adjective(match: re.Match[str], sentence: str, part: Part) -> bool:
    """Whether a participle stands before its limb as an adjective: "raised right hand", or past what was "it"."""
    ends = match["verb"].endswith(("ed", "bent", "ung"))
    return ends and not match["it"] and re.search(r"\b(?:the|his|her|their|both|one|an?|each) ?$", match["gap"]) is None


def _joined(parts: list[Part], index: int, sentence: str) -> list[Part]:
    """A limb with those named before it by "and": "his right hand and his left hand go up"."""
    owned = [parts[index]]
    while index and JOINED.fullmatch(sentence, parts[index - 1].end, parts[index].start):
        index -= 1
        owned.insert(0, parts[index])
    return owned


def _objects(match: re.Match[str], sentence: str, parts: list[Part]) -> list[Part]:
    """The limbs right behind a verb; of "it", the limb named last."""
    if match["it"]:
        family = ("knee", "leg") if match["bend"] or match["straight"] else ()
        before = [part for part in parts if part.end <= match.start() and (part.noun in family or part.noun in _HAND
                                                                           or part.noun in _HINGE)]  # fmt: skip
        return before[-1:]
    at = next((i for i, part in enumerate(parts) if 0 <= part.start - match.end("gap") <= 0
               or match.end("gap") > part.start >= match.end("verb")), None)  # fmt: skip
    if at is None or re.match(r" (?:up|down)\b", sentence[match.end("gap") :]):
        return []
    owned = [parts[at]]
    for part in parts[at + 1 :]:
        if not JOINED.fullmatch(sentence, owned[-1].end, part.start):
            break
        owned.append(part)
    return owned


def _clause_end(plain: str, start: int) -> int:
    found = _END.search(plain, start)
    return found.start() if found else len(plain)


def _told(match: re.Match[str], owned: list[Part], sentence: str, plain: str, after: int) -> Iterator[Moved]:
    """The claims of a verb with limbs as its objects."""
    end = _clause_end(plain, after)
    tail = sentence[match.end("verb") if match["way"] else after : end]
    number, end_number = _number(plain, after)
    span = (match.start("verb"), max(end, end_number))
    way = f"{match['way'] or ''} {sentence[after:end]}"
    for part in owned:
        yield from _of_part(match, part, way, tail, number, span, plain)


def _subject_told(match: re.Match[str], owned: list[Part], sentence: str, plain: str) -> Iterator[Moved]:
    """The claims of a verb whose subject the limbs are: "the right knee bends"."""
    end = _clause_end(plain, match.end())
    number, end_number = _number(plain, match.end())
    tail = sentence[match.end("verb") : end]
    if match["passive"] and not (number or "being" in match["passive"] or (_PAST_SHOULDER.search(tail)
                                 and " past " in f" {tail} ") or _GRADUALLY.search(f"{match[0]} {tail}")):  # fmt: skip
        return
    one = len(owned) == 1 and not sentence[owned[0].start : owned[0].end].endswith(("s", "feet"))
    if (
        one
        and not match["passive"]
        and not re.match(r"\w+(?:s|ing|ed)\b|rose|went|came|fell|sank|sw[ua]ng|shot", match["verb"])
    ):
        return  # "no elbow bend to speak of"
    hinge = match["bend"] or match["straight"]
    if (
        hinge
        and hinge.endswith(("ed", "bent"))
        and not re.search(r"\bha(?:s|ve|d)\b", plain[owned[-1].end : match.start("verb")])
    ):
        return  # "with both knees bent": how they are
    span = (match.start("verb"), max(end, end_number))
    if match["goes"] and (change := _FROM_TO.match(plain, match.end())):
        value = "straightens" if change["last"] in ("straight", "extended") else "bends"
        for part in owned:
            for side in part.sides if part.noun in _HINGE else ():
                noun = _HINGE[part.noun]
                yield _moved(f"{noun}_motion", value, f"{side} {noun}", part, match, span)
        return
    for part in owned:
        yield from _of_part(match, part, tail, tail, number, span, plain)


def _number(plain: str, start: int) -> tuple[str | None, int]:
    """How often, where a number of times stands in the same clause, and where it ends."""
    found = _TIMES.match(plain, start)
    if not found or _ONLY_TIMES.search(plain, start, found.start("number")):
        return None, start
    word = found["number"].split()[0]
    value = _WORDS.get(word, word)
    return (value, found.end()) if value.isdigit() and 1 <= int(value) <= 10 else (None, start)


def _of_part(
    match: re.Match[str], part: Part, way: str, tail: str, number: str | None, span: tuple[int, int], plain: str
) -> Iterator[Moved]:
    groups = match.groupdict()
    hinge, hand = _HINGE.get(part.noun), part.noun in _HAND
    bends, straightens = groups.get("bend"), groups.get("straight")
    noun = hinge if hinge and (bends or straightens) else "hand" if hand else None
    if noun is None:
        return
    twice = bool(groups.get("also")) or _AND_DOWN.search(way) is not None
    claims: list[tuple[str, str]] = []
    if bends or straightens:
        if straightens and _upward(way):
            noun, hand = "hand", True
            claims.append(("hand_motion", _level("raised", tail, plain, span)))
        else:
            claims.append((f"{noun}_motion", "bends" if bends else "straightens"))
            if groups.get("also"):
                claims.append((f"{noun}_motion", "straightens" if bends else "bends"))
    elif direction := _direction(groups, way, tail):
        if not _NOT_PAST.search(tail) or _PAST_SHOULDER.search(tail) or _HEAD.search(tail) or direction == "lowered":
            claims.append(("hand_motion", _level(direction, tail, plain, span)))
        if groups.get("also"):
            claims.append(("hand_motion", _level("lowered" if direction == "raised" else "raised", tail, plain, span)))
    if number and twice:
        claims = []
    if number and (claims or twice or groups.get("wave")):
        claims.append(("repeats", number))
    for side in part.sides or (None,):
        for kind, value in claims:
            yield _moved(kind, value, f"{side} {noun}" if side else None, part, match, span)
    if not claims and not groups.get("either") and not groups.get("goes"):
        yield _moved("", "", None, part, match, span)


def _moved(kind: str, value: str, part: str | None, owner: Part, match: re.Match[str], span: tuple[int, int]) -> Moved:
    verb = match.start("verb")
    start = min(verb, owner.start)
    claim = Claim(kind=kind, value=value, part=part, mention=owner.owner, start=start, end=span[1])
    return Moved(claim=claim, verb=verb, hidden=(start if owner.end <= verb else verb, span[1]))


def _upward(way: str) -> bool:
    return (
        re.search(r"\b(?:up(?:wards?)?|overhead|(?:above|over) (?:(?:the|his|her|their) )?head|to the sky)\b", way)
        is not None
    )


def _direction(groups: dict[str, str | None], way: str, tail: str) -> str | None:
    """Whether a hand is raised or lowered; None where it only moves."""
    passive = groups.get("passive") or ""
    if groups.get("up") or passive.endswith(("raised", "lifted")):
        return "raised"
    if groups.get("down") or passive.endswith("lowered"):
        return "lowered"
    if not (groups.get("either") or groups.get("goes")) or (groups.get("either") or "").startswith("hold"):
        return None
    if re.search(r"\bdown(?:wards?)?\b|\bfall\b|\bdrop\b", way):
        return "lowered"
    rises = _upward(way) or re.search(r"\b(?:to|past) (?:high )?above\b", tail)
    return "raised" if rises else None


def _level(direction: str, tail: str, plain: str, span: tuple[int, int]) -> str:
    """The value with what the hand passes: the head where it is named, else the shoulder."""
    high = _HEAD.search(tail) is not None
    if direction == "raised" and not high and not _PAST_SHOULDER.search(tail):
        high = _UNTIL.match(plain, span[1]) is not None
    return f"{direction} past the {'head' if high else 'shoulder'}"
