"""Whether what a sentence says of a body or a place is said of a person, or of a thing or an animal that does likewise.

    "Driftwood lies on the sand"   "his club stands third"   "the dog in front of the man is sitting"   -> a thing
    "Lying on the sand, the man"   "the man in red stands"   "his upper body leans"                     -> a person

Works on text in which people are hidden behind signs (``mentions.masked``).
"""

import re

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.words.relations import THING

_CLAUSE = re.compile(r"[,;:.()–—]|\b(?:and|but|while|whereas|where|because|so|then|though|although|when|or|as|if)\b")
_LINK = re.compile(
    r"(?:(?:^|\s+)(?:isn't|aren't|wasn't|does not|doesn't|do not|don't|did not|didn't|not|is|are|was|were|be|been"
    r"|being|has|have|that|who|which|\w+ly|held|still|both|also|all|now|just"
    r"|simply|together|there|here|each|to be|can be|seen|shown|found|visible|can|to|already|currently|again|only|even"
    r"|apparently|located|positioned|placed|situated))+\s*$"
)
_PERSON = re.compile(r"ƿǀ*|\b(?:he|she|they|we|who|whoever|you)\b")
_PREPOSITION = (
    r"(?:in front of|in|on|at|to|from|with|without|by|beside|behind|near|next to|about|around|over|under|above"
    r"|below|of"
    r"|for|between|against|across|along|through|into|onto|toward|towards|among|amid|beneath|alongside|opposite|inside"
    r"|outside|during|despite|like|unlike|off|up|down|out|past|atop|upon)"
)
_BODY = (
    r"(?:body|bodies|torsos?|trunks?|backs?|spines?|postures?|half|pose|stance|figure|frame|position|carriage"
    r"|chest|waist|hips?|weight|profile"
    r"|front|line(?= (?:of|from|between|through|that)\b)|build|silhouette|form|attitude|bearing"
    r"|orientation|gaze|balance|base)"
)
_OPENS = re.compile(
    rf"\W*(?:{_PREPOSITION}|instead|far from|neither|nor|\w+ing|\w+ed|caught|seen|shown|bent|low|deep|half|fully"
    rf"|still|not|no|there|now|then"
    rf"|once|well"
    rf"|flat|face|wide|nearly|almost|\w+ly|both|all|together|alone|rather|very|quite|more|most|urban|one)\b"
)
"""How words begin that are no subject: what somebody does, where, or how."""
_HEAD_OF = re.compile(
    rf"\W*(?!{_PREPOSITION}\b)(?:(?:an?|the|some|several|its|another|many|most|any|this|that|one|two|three|his|her"
    rf"|their) )?"
    rf"(?!\w+ing\b)(?:[\w'-]+ ){{1,4}}?(?P<of>{_PREPOSITION}) (?:(?:the|an?|his|her|their|both|\w+) ){{0,2}}$"
)
_ELLIPTIC = re.compile(
    r"\W*(?:also |then |now |still |simply |\w+ly )*(?:is|are|was|has|have|isn't|doesn't|does|stays|remains|keeps"
    r"|appears|seems|looks"
    r"|[a-z]+s (?:an?|the|his|her|their|\w+ly|in|on|at|with|up|down|to|out|over|there)) "
)
"""How a clause begins whose subject was named before: "and keeps her back straight"."""
_TWO_WORDS = re.compile(r"\W*\w+ed \w+s")
_VIEW_OF = re.compile(
    r"\b(?:picture|image|photo|photograph|shot|view|group|couple|pair|number|crowd|row|line|trio|most|some"
    r"|portrait|closeup"
    r"|close-up|close up|back|body|torso|trunk|posture|upper half|upper body|scene|snapshot|glimpse|all|each|one|both"
    r"|case|rest|knees?|elbows?|arms?|legs?|hands?|feet|foot|spine|stance|chest|silhouette)\b"
)
_ANIMAL = re.compile(r"\b(?:dog|cat|horse|cow|bird|elephant|giraffe|zebra|bear|sheep|puppy|kitten|pet|animal)s?$")
_CREATURE = re.compile(
    r"\b(?:dog|cat|horse|cow|bird|elephant|giraffe|zebra|bear|sheep|puppy|kitten|duck|goose|goat|calf|foal"
    r"|animal)(?:s|'s)?\b"
)
_WHOSE = re.compile(rf"\bwhose (?:\w+ )*?(?!{_BODY}\b)(?!\w*{_BODY}\b)[a-z]+$")
_OWNED = re.compile(rf"\W*(?:his|her|their|its|my|our)(?: (?!{_BODY}\b|is\b|are\b|has\b)[\w-]+){{1,4}}$")
_THEIR_BODY = re.compile(rf"\b(?:his|her|their|the) (?:\w+ )?{_BODY}\b")
_THERE = re.compile(
    r"(?:\bthere (?:is|are)|^\W*(?:the (?:image|picture|photo|scene|room|area) (?:has|features|shows))) [\w ]+$"
)
_FINITE = re.compile(r"\b(?:is|are|was|were|has|have|can|features|shows|contains|lies|sits|stands|parked|appears)\b")
_THING = re.compile(THING)
_THING_TEXT = re.compile(
    rf"\W*(?:an?|the|some|its|this) (?:main |other |only )?(?!(?:[\w-]+ ){{0,3}}?(?:{_BODY}|left|right|arms?|legs?"
    rf"|hands?|feet|foot|knees?|elbows?"
    r"|picture|image|photo|photograph|scene|shot|view)\b)"
)
"""How a sentence begins whose subject is a thing, where nobody is named at all."""
_THING_DOES = re.compile(
    rf"\W*(?:an?|the|some|several|its) (?![^ƿ]*\b(?:{_BODY}|arms?|legs?|hands?|feet|foot|knees?|elbows?)\b)[\w -]*?\w"
    r" (?:is|are|was|were|\w+s)\b[^ƿ]*$"
)
"""A clause of which a thing is the subject, and nobody is in it."""
_LIMBS = r"(?:arms?|legs?|hands?|feet|foot|knees?|elbows?|heads?|faces?|eyes|shoulders?)"
_NO_THING = (
    rf"(?:{_BODY}|{_LIMBS}|pictures?|images?|photos?|photographs?|scenes?|shots?|views?|others?|one|ones|rest|first|second"
    r"|third|fourth|last|former|latter|left|right|middle|cent(?:er|re)|bit|little|touch|tad|shade|way|whole|time"
    r"|group|crowd|pair|couple|duo|trio|team|family|audience|people|persons?|men|women|children|number)"
)
_THING_CLAUSE = re.compile(
    rf"\W*(?:and |but )?(?:the|an?|another|some|several|its|one|two|three|four|many|a few|this) "
    rf"(?!(?:[\w'-]+ ){{0,3}}?{_NO_THING}\b)[^ƿ]*$"
)
"""A clause that opens with a thing: whatever follows is not said of a person."""
_THING_ALONE = re.compile(
    rf"\W*(?:the|an?|another|some|several|its|one|two|three|four|this) (?:[\w-]+ ){{0,3}}(?!{_NO_THING}\b)[\w-]+"
)
_THING_WITH = re.compile(
    rf"\W*(?:the|an?|one|his|her|their) (?:[\w-]+ ){{0,2}}(?!{_NO_THING}\b)[\w-]+ with (?:two|ƿ)?$"
)
_THING_HE = re.compile(rf"\W*(?:the|an?|his|her|their) (?:[\w-]+ ){{0,2}}(?!{_NO_THING}\b|way\b)[\w-]+ $")

_DOES = re.compile(rf"{_FINITE.pattern}|\b(?:stand|lie|lean|rise|hang|face|rises|hangs|leans)\b")


def _things(plain: str, clause: str, breaks: list[int], start: int, *, verb: bool, place: bool) -> bool:
    """Whether the clause, or the one before where it has no words of its own, opens with a thing and has no person."""
    if verb:
        said = clause.strip()
        return (
            re.match(r"\w+ing\b", plain[start:]) is not None
            and _THING_ALONE.fullmatch(said) is not None
            and not re.search(rf" {_NO_THING}\b", said)
            and _PERSON.search(said) is None
            and _DOES.search(said) is None
        )
    if clause.strip():
        return (
            _THING_CLAUSE.match(clause) is not None
            and _PERSON.search(clause) is None
            and (place or _DOES.search(clause) is not None)
        )
    earlier = plain[breaks[-2] if len(breaks) > 1 else 0 : breaks[-1]] if breaks else ""
    return (
        _THING_CLAUSE.match(earlier.rstrip(",; ")) is not None
        and len(earlier.split()) > 2
        and _PERSON.search(earlier) is None
        and re.search(rf"{_FINITE.pattern}|\b(?:stand|lie|lean|rise|hang|face|rises|hangs|leans|stands)\b", earlier)
        is not None
    )


def somebody_elses(plain: str, start: int, mentions: list[Mention], *, verb: bool = False, place: bool = False) -> bool:
    """Whether the words before ``start`` name a subject that is no person.

    Args:
        plain: the sentence with people hidden.
        start: where the state or place begins.
        mentions: of the sentence.
        verb: whether a verb begins there ("lies", "standing"), which the noun before it does.
        place: whether a place begins there ("on the left").
    """
    breaks = [match.end() for match in _CLAUSE.finditer(plain, 0, start)]
    clause = plain[breaks[-1] if breaks else 0 : start]
    earlier = breaks[-2] if len(breaks) > 1 else 0
    if verb and breaks and not clause.strip() and _THING_DOES.match(plain[earlier : breaks[-1]]):
        return re.match(r"\w+(?:s|ing)\b", plain[start:]) is not None  # "The kite dips and leans"
    if _things(plain, clause, breaks, start, verb=verb, place=place):
        return True  # "the hill on the left", "the firs stand in rows, upright"
    said = _LINK.sub("", clause.rstrip()).rstrip()
    linked = verb or len(said) < len(clause.rstrip())
    if _things_relative(plain, clause.rstrip(), start, verb=verb):
        return True
    if verb and not mentions and _THING_TEXT.match(plain) and _FINITE.search(plain, 0, start):
        return True
    people = list(_PERSON.finditer(said))
    if people:
        return _another_head(said, people[-1], linked=linked)
    return _nobody_named(plain, clause, said, start, mentions, verb=verb, linked=linked)


def _things_relative(plain: str, clause: str, start: int, *, verb: bool) -> bool:
    """Whether a clause of its own is about a thing: "a bench that sits", "by a boat lying near the shore"."""
    if re.search(r"(?<![ƿǀ])(?<![ƿǀ],) (?:that|which)(?: (?:is|are|was|were))?$", clause):
        return True
    return (
        verb
        and re.search(r"\b(?:by|at|over|about|of|to|for|near|behind|beside) (?:an?|the|some) (?:\w+ ){0,2}\w+$", clause)
        is not None
        and not _PERSON.search(clause[-1:])
        and re.match(r"\w+ing\b", plain[start:]) is not None
        and re.search(rf"\b{_BODY}$", clause) is None
    )


def _nobody_named(
    plain: str, clause: str, said: str, start: int, mentions: list[Mention], *, verb: bool, linked: bool
) -> bool:
    """Whether a clause without a person is about a thing."""
    spoken = any(not m.pronoun or m.text in ("he", "she", "they", "his", "her") for m in mentions)
    stated = (clause.strip() if verb else _THING.search(plain)) and _FINITE.search(plain)
    if not spoken and stated:
        return True
    if not said.strip():
        return _nobody_follows(plain, start, verb=verb)
    if _THEIR_BODY.search(said):
        return False
    if _OWNED.fullmatch(said):
        return linked
    if _THERE.search(said):
        return True
    if verb and not mentions and _CREATURE.search(plain, start):
        return True
    if _ELLIPTIC.match(clause) or (_OPENS.match(said) and not _TWO_WORDS.fullmatch(said)):
        return False
    return linked and re.search(rf"\b{_BODY}$", said) is None


def _another_head(said: str, person: re.Match[str], *, linked: bool) -> bool:
    """Whether the last person before a state only belongs to what the state is said of."""
    before, after = said[: person.start()], said[person.end() :]
    if _THING_WITH.match(before) and not _PERSON.search(before) and not after.strip():
        return True  # "the boat with two people leans"
    if person[0] in ("he", "she", "they", "we"):
        if after.strip() and linked and _THING_HE.fullmatch(before):
            return True  # "the horse he rides faces left"
        after = after.removeprefix("'s")  # she has or is
        if not after.strip():
            return False
    head = _HEAD_OF.match(before) if not before.endswith("with ") else None
    if head and not _VIEW_OF.search(head[0]) and not _PERSON.search(before) and not after.strip():
        return True
    if after.startswith(("'s ", "' ")) and not re.search(rf"\b(?:{_BODY}|own)\b", after):
        return re.search(r"^'s? (?:[\w-]+ ){0,3}[\w-]+$", after) is not None
    if _WHOSE.search(after) or (re.search(rf"\b(?:his|her|their) (?:\w+ )?(?!{_BODY}$)[a-z]+$", after) and linked):
        return (
            re.search(rf"\b{_PREPOSITION} (?:his|her|their) (?:\w+ )?\w+$|\w+ing (?:his|her|their) \w+$", after) is None
        )
    return _ANIMAL.search(after) is not None and re.search(r"\brid\w+ (?:an?|the|his|her) [\w ]+$", after) is None


def _nobody_follows(plain: str, start: int, *, verb: bool) -> bool:
    """Whether a clause that opens with a place or an act goes on with what is there, and it is no person."""
    if verb:
        return _PERSON.search(plain) is None and _CREATURE.search(plain) is not None
    rest = re.split(r"[.;]", plain[start:])[0]
    there = re.search(r", (?:there (?:is|are)|(?:an?|the|several|some|two|three) )", rest)
    return there is not None and _PERSON.search(rest) is None
