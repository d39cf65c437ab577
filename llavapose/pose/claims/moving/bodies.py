"""Whole bodies in motion: sitting down, crouching, standing up, turning, moving, coming nearer."""

import re
from collections.abc import Iterator
from dataclasses import replace

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.moving.verbs import Moved, forms, happens, no_persons
from llavapose.pose.claims.words.shared import CAMERA, NUMBERS, PICTURE
from llavapose.records import Claim

_SEAT = (
    r"(?:chair|armchair|seat|stool|bench|sofa|couch|bed|wall|sill|ledge|ottoman|swing|step|floor|ground|grass|mat|rug"
    r"|box)"
)
_ON = rf"(?:(?:back )?(?:down )?(?:on|onto|in|into|to|upon) (?:the|an?|his|her|their) (?:[\w-]+ ){{0,2}}?{_SEAT}\b)"
_SELF = r"(?:himself|herself|themselves|themself|oneself|(?:his|her|their) (?:whole |entire )?body)"
_FROM_STAND = r"from (?:an? |the )?(?:standing|upright)(?: position| pose| posture)?"
_FROM_LOW = (
    r"from (?:an? |the )?(?:sitting|seated|crouching|crouched|squatting|kneeling|crouch|squat|lying)"
    r"(?: position| pose| posture)?"
)
_TO_SEAT = r"(?:(?:an? |the )?(?:sitting|seated)(?: position| pose| posture)?|sitting down)"
_TO_STAND = r"(?:(?:an? |the )?(?:standing|upright)(?: position| pose| posture)?|(?:his|her|their) feet|standing up)"
_LOW = r"(?:an? )?(?:deep |low |full |half |quick )*(?:squat|crouch)\b"
_LOWERS = forms("lower/s/ed/ing settle/s/d/settling drop/s/ped/dropping ease/s/d/easing let/s/letting")
_SINKS = forms("sink/s/ing/sank drop/s/ped/dropping go/es/ing/went get/s/ting/got come/s/coming/came slump/s/ed/ing")
_CHANGES = forms(
    "go/es/ing/went move/s/d/moving change/s/d/changing transition/s/ed/ing pass/es/ed/ing shift/s/ed/ing"
    " come/s/coming/came"
)
_RISES = forms(
    "rise/s/rising/rose get/s/ting/got come/s/coming/came jump/s/ed/ing push/es/ed/ing spring/s/ing leap/s/ing"
)

_BEGINS = forms("begin/s/ning/began start/s/ed/ing")
_ENDS = r"(?:ends?(?: up)?|ended(?: up)?|finish(?:es|ed)?|ending(?: up)?)"

_STANCE: tuple[tuple[str, str], ...] = (
    ("sits down",
     rf"(?P<verb>{forms('sit/s/ting/sat')})(?: back)? down\b(?! (?:straight|low|there) )"
     rf"|(?P<verb>{forms('take/s/taking/took')}) (?:a|his|her|their|the) seats?\b"
     rf"|(?P<verb>{forms('seat/s/ed/ing')}) {_SELF}"
     rf"|(?P<verb>{_LOWERS}) {_SELF}(?: \w+ly| back| down)* {_ON}"
     rf"|(?P<verb>{_LOWERS}|{_SINKS}) (?:{_SELF} )?(?:back |down |\w+ly )*(?:in)?to {_TO_SEAT}"
     rf"|(?P<verb>{_SINKS}|{forms('plop/s/ped/ping plump/s/ed flop/s/ped/ping')}|settl(?:es|ed|ing))"
     rf" (?:back |down |\w+ly )*{_ON}"
     rf"|(?P<verb>{_CHANGES}) {_FROM_STAND}(?: \w+)? (?:in)?to {_TO_SEAT}"
     rf"|(?P<verb>{_BEGINS}) (?:in |as )?(?:an? )?(?:standing|upright)[^.;]{{0,20}} (?:and"
     rf"|but)(?: then)? {_ENDS} (?:in )?{_TO_SEAT}"),
    ("crouches down",
     rf"(?P<verb>{forms('crouch/es/ed/ing squat/s/ted/ting')}) (?:right |\w+ly |all the way )?down\b"
     rf"|(?P<verb>crouches|squats)(?=,? (?:and |before |(?:and )?then )|, [a-z]+s )"
     rf"|(?P<verb>{_LOWERS}|{_SINKS}) (?:{_SELF} )?(?:back |down |\w+ly )*(?:in|in)to {_LOW}"
     rf"|(?P<verb>{_CHANGES}) {_FROM_STAND}(?: \w+)? (?:in)?to (?:{_LOW}|(?:an? )?(?:crouching|squatting))"
     rf"|(?P<verb>{forms('hunker/s/ed/ing')}) down"),
    ("stands up",
     rf"(?P<verb>{forms('stand/s/ing/stood')})(?: right| back| \w+ly)? up\b(?! (?:straight|tall|on (?:a|the)|in"
     rf"|against|near|by|to|for))"
     rf"|(?P<verb>{forms('get/s/ting/got')})(?: right| back| \w+ly)? up\b(?! to (?:speed|date))"
     rf"|(?P<verb>{_RISES}) (?:right |back |up |\w+ly )*(?:to|onto|on) (?:his|her|their) feet"
     rf"|(?P<verb>{_RISES}|{forms('stand/s/ing/stood')}) (?:right |back |up |\w+ly )*(?:out of|from|off) (?:his"
     rf"|her|their|the|an?)"
     rf" (?:[\w-]+ ){{0,2}}?(?:{_SEAT}|crouch|squat|kneeling|sitting|seated)\b"
     rf"|(?P<verb>{_BEGINS}) (?:in |as )?(?:an? |on )?(?:sitting|seated|crouching|crouched"
     rf"|squatting)[^.;]{{0,20}} (?:and|but)"
     rf"(?: then)? {_ENDS} (?:in |on )?{_TO_STAND}"
     rf"|(?P<verb>rises|rose|rising)(?: (?:back|again|up|slowly|once more))*(?=[,.;]|$| and | to (?:walk|leave))"
     rf"|(?P<verb>{_RISES}) (?:(?:right |back |up |\w+ly )*(?:in)?to {_TO_STAND}|back up\b)"
     rf"|(?P<verb>{_CHANGES}|{_RISES}) {_FROM_LOW}(?: \w+)? (?:(?:up )?to|into) {_TO_STAND}"),
)  # fmt: skip
_BY_THE_WAY = re.compile(r"(?P<name>\(\?P<verb>)")
_OWN = r"(?:his|her|their|ƿǀ*'s?|his or her|one's)(?: own)?"
_TURN = re.compile(
    rf"\b(?P<verb>{forms('turn/s/ed/ing rotate/s/d/rotating pivot/s/ed/ing swivel/s/ed/led/ing/ling spin/s/ning/spun')}"
    rf"|{forms('twist/s/ed/ing swing/s/ing/swung wheel/s/ed/ing')})\b"
    r"(?: (?:\w+ly|around|round|about|back|over|degrees|\d+|a quarter|halfway|all the way|(?:his|her|their)"
    r" (?:whole |entire |own |upper )?(?:body|torso|trunk)))*"
    rf"(?: (?:to|toward|towards|onto) (?P<whose>{_OWN}|the) (?P<side>left|right)(?: (?:hand )?side)?\b"
    r"(?! (?:hand|foot|arm|leg|knee|elbow|shoulder|heel|toe|friend|neighbou?r)))?"
)
_MOVES = forms(
    "move/s/d/moving walk/s/ed/ing step/s/ped/ping go/es/ing/went run/s/ning/ran drift/s/ed/ing shift/s/ed/ing"
    " slide/s/slid"
    " sliding travel/s/ed/led/ing/ling head/s/ed/ing shuffle/s/d/shuffling glide/s/d/gliding jog/s/ged/ging"
    " hop/s/ped/ping"
    " stroll/s/ed/ing dance/s/d/dancing skate/s/d/skating sidestep/s/ped/ping wander/s/ed/ing march/es/ed/ing"
    " dash/es/ed/ing"
    " ride/s/riding/rode come/s/coming/came back/s/ed/ing advance/s/d/advancing get/s/ting/got retreat/s/ed/ing"
    " creep/s/ing stride/s/striding/strode cross/es/ed/ing lean/s/ed/ing hurry/hurries/hurried/ing rush/es/ed/ing"
)
_STEPS = (
    rf"(?P<steps>{forms('take/s/taking/took make/s/making/made')}) (?:an?|one|two|three|four|five|some|several|a few)"
)
_STEPS += r" (?:small |big |slow |quick )*steps?"
_MOVE = re.compile(rf"\b(?:(?P<verb>{_MOVES})|(?P<verb_of_steps>{_STEPS}))\b")
_MOVE_IN_NAME = re.compile(rf" (?:{_MOVES}) from the (?:left|right)(?: side)?$")
_A_POSE = re.compile(r"\ban? (?:crouching|standing|sitting|seated|upright|kneeling|squatting) $")
_BEFORE = re.compile(r"\b(?:before|after|than|followed by) $")
_ENDS_THERE = re.compile(r"[,.;:)]|$| (?:and|while|does|did|do|is|has)\b")
_CLIP = rf"(?:{PICTURE}|clip|video|screen|footage|field of view)"
_OF_CLIP = rf"(?: of (?:the |our |this )?{_CLIP})?"
_BETWEEN = (
    rf"(?:,? (?:\w+ly|then|back|over|across|sideways|slightly|a little|a bit|further|farther|forward|forwards|around"
    rf"|away|off|past (?:the|an?|ƿǀ*) ?\w*|through (?:the )?{_CLIP}|(?:across|along|in|through|over) (?:the )?(?:\w+ )?"
    rf"(?:{_CLIP}|street|field|room|floor|grass|road|court|stage|ice|beach)|(?:his|her|their) way|all the way|only)\b)*"
)
_SIDE = re.compile(
    rf"{_BETWEEN}(?:,? from (?:the )?(?:far )?(?P<from>left|right)(?:-hand)?(?: (?:side|edge|half|part))?{_OF_CLIP}"
    rf"(?: \w+)? (?:over )?to (?:the )?(?:far )?(?:left|right)\b"
    rf"|,? (?:over )?(?:to|toward|towards) (?:the |our )?(?:far )?(?P<to>left|right)(?:-hand)?"
    rf"(?: (?:side|edge|half|part|border|corner))?{_OF_CLIP}(?! (?:of|hand|foot|arm|leg|knee|elbow|side"
    rf"|and (?:the )?(?:left|right)))\b"
    rf"|,? (?P<ward>left|right)wards?\b|,? (?P<bare>left|right)(?=[,.;]| (?:across|through|in|along|over|toward"
    rf"|until|while|as"
    rf"|and|then|within) |$))"
)
_AT_CAMERA = rf"(?: (?:the )?{CAMERA})"
_NEAR = re.compile(
    rf"{_BETWEEN}(?:,? (?:a (?:little|bit) |much |even |straight |directly |right )?(?:forward )?(?:toward"
    rf"|towards|to|up to|at)"
    rf"{_AT_CAMERA}|,? (?:a (?:little|bit) |much |ever |even |somewhat )?(?:closer|nearer)(?: and (?:closer|nearer))?"
    rf"(?:(?: to| toward| towards){_AT_CAMERA}|(?! to\b)))"
)
_AWAY = re.compile(
    rf"{_BETWEEN}(?:,? (?:back|backwards?|away|further|farther|off))*,? (?:away|back|backwards?|farther|further)"
    rf"(?: from{_AT_CAMERA}|(?=[,.;]|$| (?:and|while|as|until|into the (?:distance|background)|than) ))"
)
_APPROACH = re.compile(
    rf"\b(?P<verb>{forms('approach/es/ed/ing')})(?:{_AT_CAMERA}|(?=[,.;]|$| and ))"
    rf"|\b(?P<verb_of_away>{forms('recede/s/d/receding retreat/s/ed/ing')})(?: from{_AT_CAMERA}|(?=[,.;]|$| and "
    rf"| into ))"
)
_WAVE = re.compile(
    rf"\b(?P<verb>{forms('wave/s/d/waving')})(?: (?:\w+ly|at|to|back|hello|goodbye|{CAMERA}"
    rf"|ƿǀ*))* (?P<number>once|twice"
    rf"|(?:{'|'.join(NUMBERS[1:])}|\d+) times)\b"
)
_AT_FIRST = re.compile(r"\b(?:is|was|are|were) (?:already )?$")
_EARLY = re.compile(r"\b(?:at first|at the (?:start|beginning)|initially|to begin with|in the first)\b")


def people_moving(sentence: str, mentions: list[Mention]) -> list[Mention]:
    """People as a sentence about motion names them.

    Without what they do: "the woman moves from the left" is the woman, who moves. Before whom somebody moves is nobody
    that the sentence goes on about, and "a crouching one", behind a standing pose, is no person.
    """
    found = []
    for one in mentions:
        if one.text == "one" and _A_POSE.search(sentence, 0, one.start):
            continue
        aside = _BEFORE.search(sentence, 0, one.start) and _ENDS_THERE.match(sentence, one.end)
        cut = _MOVE_IN_NAME.search(one.text)
        if cut:
            one = replace(one, text=one.text[: cut.start()], end=one.start + cut.start())
        found.append(replace(one, aside=True) if aside and not one.pronoun else one)
    return found


def _named(pattern: str) -> re.Pattern[str]:
    """The pattern with a group for the verb of each of its alternatives."""
    numbers = iter(range(100))
    return re.compile(r"\b(?:" + _BY_THE_WAY.sub(lambda _: f"(?P<verb{next(numbers)}>", pattern) + ")")


_STANCES = tuple((value, _named(pattern)) for value, pattern in _STANCE)


def body_motions(sentence: str, plain: str, mentions: list[Mention]) -> Iterator[Moved]:
    """What a sentence says of whole bodies in motion."""
    several = any(mention.several or mention.text in ("they", "both") for mention in mentions)
    found = [*_stances(plain), *_turns(plain), *_moves(plain), *_waves(plain)]
    taken: list[tuple[int, int]] = []
    for kind, value, verb, end in sorted(found, key=lambda one: (one[2].start, -one[3])):
        if any(a < end and verb.start < b and kind == "" for a, b in taken):
            continue
        if not happens(plain, verb.match, several) or no_persons(plain, verb.start, mentions):
            continue
        if kind == "stance_motion" and _AT_FIRST.search(plain, 0, verb.start) and _EARLY.search(plain):
            continue  # "At first he is sitting down": how he is
        taken.append((verb.start, end))
        yield Moved(
            claim=Claim(kind=kind, value=value, start=verb.start, end=end), verb=verb.start, hidden=(verb.start, end)
        )


class _Verb:
    """A verb with its place, as ``happens`` wants it."""

    def __init__(self, text: str, start: int) -> None:
        self.start = start
        self.match: re.Match[str] = re.compile(r"(?P<verb>.+)", re.S).match(" " * start + text, start)  # type: ignore[assignment]


_Found = tuple[str, str, _Verb, int]


def _stances(plain: str) -> Iterator[_Found]:
    for value, pattern in _STANCES:
        for match in pattern.finditer(plain):
            name = next(name for name, text in match.groupdict().items() if text)
            yield "stance_motion", value, _Verb(match[name], match.start(name)), match.end()


def _waves(plain: str) -> Iterator[_Found]:
    """Somebody who waves so many times, with whichever hand."""
    for match in _WAVE.finditer(plain):
        word = match["number"].split()[0]
        value = {"once": "1", "twice": "2"}.get(word, str(NUMBERS.index(word)) if word in NUMBERS else word)
        if value.isdigit() and 1 <= int(value) <= 10:
            yield "repeats", value, _Verb(match["verb"], match.start("verb")), match.end()


def _turns(plain: str) -> Iterator[_Found]:
    for match in _TURN.finditer(plain):
        verb = _Verb(match["verb"], match.start("verb"))
        own = match["side"] and match["whose"] != "the"
        yield (
            ("turn", f"own {match['side']}", verb, match.end())
            if own
            else ("", "", verb, _phrase_end(plain, match.end()))
        )


def _moves(plain: str) -> Iterator[_Found]:
    for match in _APPROACH.finditer(plain):
        name = "verb" if match["verb"] else "verb_of_away"
        yield "approach", "nearer" if match["verb"] else "away", _Verb(match[name], match.start(name)), match.end()
    for match in _MOVE.finditer(plain):
        name = "verb" if match["verb"] else "steps"
        verb, end = _Verb(match[name].split()[0], match.start(name)), match.end()
        if match["verb"] and match["verb"].startswith(("lean", "get", "got")) and not _NEAR.match(plain, end):
            continue
        told = False
        ways = list(_ways(plain, end))
        if ways and plain.startswith(" and ", ways[-1][-1]):
            ways += _ways(plain, ways[-1][-1] + len(" and"))  # "toward the camera and to the left"
        for kind, value, last in ways:
            told = True
            yield kind, value, verb, last
        if not told and match["verb"] and match["verb"].startswith(("walk", "step", "run", "ran", "mov", "com")):
            yield "", "", verb, _phrase_end(plain, end)


def _ways(plain: str, end: int) -> Iterator[tuple[str, str, int]]:
    """Where somebody goes: kind, value, and where the words end."""
    if side := _SIDE.match(plain, end):
        way = side["to"] or side["ward"] or side["bare"] or {"left": "right", "right": "left"}[side["from"]]
        yield "shift", f"image {way}", side.end()
    if near := _NEAR.match(plain, end):
        yield "approach", "nearer", near.end()
    elif away := _AWAY.match(plain, end):
        yield "approach", "away", away.end()


def _phrase_end(plain: str, start: int) -> int:
    """Where what follows a verb ends that says nothing here: its words are no still claim either."""
    found = re.search(
        r"[,;:()–—]|\.(?!\d)"
        r"|\b(?:and|while|whereas|as|but|with|then|before|after|so that|holding|wearing)\b",
        plain[start:],
    )
    return start + found.start() if found else len(plain)
