"""Verbs of motion in a sentence: in which form they state that something happens, and whose doing it is."""

import re
from dataclasses import dataclass

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.subjects import somebody_elses
from llavapose.pose.claims.words import shared as words
from llavapose.records import Claim

ADVERBS = (
    r"(?: (?:\w+ly|then|also|just|still|again|now|once|first|next|soon|later|slightly|fully|all the way|even|a little"
    r"|a bit|at once|quite|straight|in turn|gently|fast|only|back|right|each|both))*"
)
"""What may stand between a verb and what belongs to it."""

_ADVERB = r"(?:\w+ly|then|also|just|now|only|next|soon|even|all|both|each|first|again|later|never|not)"
_LICENSED = re.compile(
    r"\b(?:begin(?:s|ning)?|began|start(?:s|ed|ing)?|proceed(?:s|ed|ing)?|continu(?:es|ed|ing)|go(?:es|ing) on|went on"
    r"|appears?|appeared|seems?|seemed|(?:is|are|was|were|can be|be) (?:seen|shown)|happens?|manages?|managed"
    r"|came|comes"
    rf"|chooses?|not|never) to(?: {_ADVERB})* $"
)
"""Before a verb in its base form that is said to happen."""
_DENIED = re.compile(rf"\b(?:do|does|did)(?:n't| not| never)(?: {_ADVERB})* $")
_PLURAL = re.compile(rf"(?:\bthey|\bpeople|\bpersons|\b(?:men|women|children)|ƿǀ*)(?: {_ADVERB})* $")
_JOINED = re.compile(rf"(?:\band|,|\bthen|\bbut)(?: {_ADVERB})* $")
_PASSIVE = re.compile(
    r"(?:\b(?:is|are|was|were|be|been|held|kept|keeps|holds|stays|remains|with|an?|has|have|had|his|her|their|the)"
    r"(?: \w+ly)* $)"
)
"""Before a participle that says how something is, not that somebody does it."""
_NOUN = re.compile(
    r"\b(?:an?|the|his|her|their|its|this|that|another|each|every|some|few|more|two|three|no|of|sea|ocean|in"
    r"|\w+(?:ive|ful|al|ous|ary))(?: (?:big|small|large|wide|low|quick|slow|sharp|left|right))? $"
)
"""Before a noun that looks like a verb: "the rises", "a few steps", "six turns"."""

# After these words nothing is said to happen in any text; here "before" and "once" tell when and how often instead.
_WHEN = re.compile(r"\b(?:before|until|once|when|the way|(?:begin|start|proceed|continue|seem|appear)\w* to)\b")
_DOUBT = re.compile(words.DOUBT)
_HOPED = re.compile(
    r"\b(?:plan|aim|wish|order|chance|ability|refus\w+|threaten\w*|almost|nearly|pretend\w*|fail\w*|attempt\w*"
    r"|expect\w*"
    r"|rather than|instead of|without|avoid\w*|stops?|prevent\w*|asked|told|tells|asks|invit\w+|decid\w+|plans?"
    r"|could have|as if)\b"
)
_NEGATION = re.compile(r"\b(?:not|never|no longer|neither|nor|nobody|no one|none|hardly|no(?= ƿ))\b|n't\b")
_NO_LIMB = re.compile(r"^\w+(?: \w+)? (?:neither|no)\b")
_BREAK = re.compile(
    r"[,;:.()–—]|\b(?:but|while|whereas|because|so that|although|then)\b"
    r"|\band (?=(?:he|she|they|his|her|their|the|then|is|are|has|ƿ)|[a-z]+s\b)"
)
_IF = re.compile(r"^\W*(?:and |but )?(?:if|unless|should|imagine|whenever|suppose)\b(?! you look)")
_WOULD = re.compile(r"[^.;]*?\b(?:would|could|might|should|will|needs?|helps?|is (?:hard|easy|important|possible))\b")
_NOT_THE_BODY = re.compile(
    r"\b(?:hands?|arms?|forearms?|elbows?|legs?|knees?|foot|feet|heads?|gaze|eyes?|face|hips|shoulders|fingers?|wrists?"
    r"|thighs?|chin|mouth|hair|skirt|ball|racket|bat|camera|view|shot|frame|scene|weight|attention|shadow|voice)"
    rf"(?: of ƿǀ*)?(?: (?:is|are|was|were|has|have|been|being|{_ADVERB}))* $"
)

_PERSON_DOES = re.compile(
    rf"(?:ƿǀ*|\b(?:he|she|they)\b)(?:,? (?:who|is|are|was|were|has|have|does|do|did|begins? to|starts? to|seen|not|and"
    rf"|can be|{_ADVERB}))* $"
)
"""Before a verb: a person who does it."""
_OF_PERSON = re.compile(
    r"\b(?:of|by|from|behind|beside|near|to|with|below|above|under|over|at|on|before|after|past|around|that|which|horse"
    r"|dog|bike|board) $"
)
"""Before a person who only belongs to what does it: "the shadow of the man moves"."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A claim of motion as read, before it is known of whom.

    Attributes:
        claim: with positions in the sentence; its mention only where it stands beside the part.
        verb: where the verb begins, by which the clause is found.
        hidden: the words that it takes up.
    """

    claim: Claim
    verb: int
    hidden: tuple[int, int]


_ENDINGS = ("s", "es", "d", "ed", "ing", "ning", "ping", "ting", "ling", "ging", "ped", "ted", "led", "ged", "ned")


def forms(text: str) -> str:
    """Verbs as alternatives of a regular expression; each as "raise/s/d/raising": base, ending or whole other forms."""
    found = []
    for verb in text.split():
        base, *others = verb.split("/")
        found += [base, *(base + other if other in _ENDINGS else other for other in others)]
    return "|".join(sorted(set(found), key=len, reverse=True))


def happens(plain: str, match: re.Match[str], several: bool) -> bool:
    """Whether a verb stands in a form that tells what happens: not "to raise", "a raised arm", "the turns".

    Args:
        plain: the sentence with people hidden.
        match: of the verb, with the group ``verb``.
        several: whether anybody in the sentence is more than one person.
    """
    start, verb = match.start("verb"), match["verb"]
    first = verb.split()[0]
    if first.endswith("ing"):
        return not re.search(r"\b(?:an?|the|for|of|from|after-|like|enjoys|avoids?|keen on) $", plain[:start])
    if first.endswith("s") and not first.endswith("ss"):
        return not _NOUN.search(plain, 0, start)
    if first in _PAST:
        return (
            plain[:start].strip(" \"'*-") != ""
            and not _PASSIVE.search(plain, 0, start)
            or re.search(r"\b(?:has|have|had)(?: \w+ly| already| just)* $", plain[:start]) is not None
        )
    if _LICENSED.search(plain, 0, start) or _DENIED.search(plain, 0, start):
        return True
    return several and (_PLURAL.search(plain, 0, start) or _JOINED.search(plain, 0, start)) is not None


_PAST = frozenset(
    re.findall(
        r"\w+",
        """
    raised lifted lowered dropped brought moved swung put let bent flexed straightened extended unbent sat stood got
    rose turned rotated pivoted swivelled swiveled twisted spun walked stepped went ran drifted shifted slid crossed
    came approached backed waved crouched squatted sank lay took threw thrust stretched retreated seated settled
    descended climbed fell travelled traveled hopped strode advanced started began acted pushed shot flung reached
    hoisted receded jumped headed hurried rushed wandered jogged plopped slumped perched eased curled folded pumped
    shook flapped
""",
    )
)
"""Forms of the past, and participles of the same letters."""


def told(plain: str, moved: Moved) -> tuple[bool, bool]:
    """Whether a clause states nothing, and whether it denies.

    Args:
        plain: the sentence with people hidden.
        moved: what was read in it.
    """
    start, end = moved.verb, moved.claim.end
    breaks = [match.end() for match in _BREAK.finditer(plain, 0, start)]
    clause = plain[breaks[-1] if breaks else 0 : start]
    opening = plain[breaks[-2] if len(breaks) > 1 and not clause.strip(" ƿǀ") else 0 : start]
    rest = plain[start:end]
    doubt = _DOUBT.search(_WHEN.sub(" ", clause)) or _HOPED.search(clause)
    advised = re.match(r"\w+ing\b", plain[start:]) and not clause.strip() and not breaks and _WOULD.match(plain, end)
    after = advised or re.match(r"\W*or\b", plain[end:])
    denied = _NEGATION.search(clause) is not None or _NO_LIMB.search(rest) is not None
    return bool(doubt or after or _IF.match(clause) or _IF.match(opening)), denied


def no_persons(plain: str, start: int, mentions: list[Mention]) -> bool:
    """Whether a verb of the whole body has a subject that is no person: a thing, an animal, a limb."""
    if _NOT_THE_BODY.search(plain, 0, start):
        return True
    beside = _PERSON_DOES.search(plain, 0, start)
    if beside and not _OF_PERSON.search(plain, 0, beside.start()):
        return False
    return somebody_elses(plain, start, mentions, verb=True)
