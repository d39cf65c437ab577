"""What a free English text claims about poses: who, whose left or right, which part, which state.

    >>> extract_claims("The person on the left stands with her left arm raised.")
    (Claim(kind='stance', value='standing', ..., mention='the person on the left'),
     Claim(kind='arm_height', value='raised', ..., mention='the person on the left', part='left arm'))

A sentence is scanned for people, body parts and states (the tables in ``words/``); a state belongs to the part beside
it when nothing that starts something new stands between. Questions, conditions, guesses and intentions claim nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from llavapose.pose.claims.counts import count_claims, parts_of_totals
from llavapose.pose.claims.mentions import Mention, mentions_in, sentences, subject_at
from llavapose.pose.claims.part_states import Read, part_claims
from llavapose.pose.claims.relations import contact_claims, relation_claims
from llavapose.pose.claims.words import shared as words
from llavapose.pose.claims.words.bodies import BODY, NOT_THE_BODY
from llavapose.pose.claims.words.relations import THING
from llavapose.records import Claim

_BODY = tuple((kind, value, tuple(cues.split()), re.compile(pattern)) for kind, value, cues, pattern in BODY)
_NEGATION, _DOUBT, _GIVEN = re.compile(words.NEGATION), re.compile(words.DOUBT), re.compile(words.GIVEN)
_NOT_THE_BODY, _THING = re.compile(NOT_THE_BODY), re.compile(THING)
_CLAUSE = re.compile(r"[,;:]|\b(?:and|but|while|whereas|with|so that|because)\b")
_DOUBT_CLAUSE = re.compile(
    r"[,;:]|\b(?:but|while|whereas|so that|because)\b|\band (?=(?:he|she|they|his|her|their|the|is|has|are|wears)\b)"
)
_YOU_SEE = re.compile(
    r"(?:look|glance|turn|gaze|peer|head|point)\b(?! (?:of|over))|[^.;]{0,60}?\b(?:we|you|one|the (?:eye"
    r"|viewer)) (?:can |will |may |could )?(?:see|sees|find|finds|notice|spot|"
    r"meet|discover|come)"
)
_AND_ITS = re.compile(r"\b(?:head|face|gaze|eyes|shoulders) (?:is|are) (?:\w+ ){1,3}and $")
_LINKING = re.compile(r"(?: (?:is|are|was|that|which|being|\w+ly|held|still|both|also|and))+$")
_CLAUSE_START = re.compile(r"[,;:]|\b(?:and|but|while|whereas|where|as|because)\b")
_SUBJECT = re.compile(
    r"\W*(?:an?|the|some|several|its|another|many|most)(?! (?:upper|lower|whole|overall)?\W?(?:body|torso|trunk"
    r"|back|spine|posture|pose|stance|figure|"
    r"profile|front|chest|line|weight|camera|photo|picture|image|shot|view|viewer))(?: (?!(?:with|in|on"
    r"|at)\b)[\w-]+){1,6}"
)
_PLACED_THING = re.compile(
    r"\b(?:on|with|near|beside|by|at|in|behind|under|of|to|from|over|holding|holds|wearing|riding|carrying|next"
    r" to|against|has) "
    r"(?:(?:the|an?|his|her|their) )?(?:\w+ )?(?:\w+ )?$"
)

# Models say so of what they see; marks of emphasis and of code stand around words.
_INSTEAD = {
    "appears to be": "is", "appear to be": "are", "seems to be": "is", "seem to be": "are",
    "appears to have": "has", "appear to have": "have", "seems to have": "has", "seem to have": "have",
}  # fmt: skip
_REWORDED = re.compile(rf"\b(?:{'|'.join(_INSTEAD)})\b|\*+|`+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")

# Three times the longest that people write of a picture. Everyone named is compared with everyone: a list without end
# would be read for minutes.
MAX_SENTENCE = 1000
"""Characters of a sentence; what is longer claims nothing."""


def extract_claims(text: str) -> tuple[Claim, ...]:
    """All claims of a text in reading order; spans are positions in ``text``."""
    claims: list[Claim] = []
    carried: str | None = None
    plain, places = _plain(text)
    for start, end in sentences(plain):
        if end - start > MAX_SENTENCE:
            continue
        sentence = re.sub(r"\s", " ", plain[start:end])
        mentions = mentions_in(sentence)
        if not sentence.rstrip("\"' ").endswith("?"):
            for claim in _sentence_claims(sentence, mentions, carried):
                first, last = places[claim.start + start], places[claim.end + start - 1]
                claims.append(replace(claim, start=first, end=last + 1))
        leading = [mention.text for mention in mentions if not mention.pronoun and not mention.aside]
        carried = leading[-1] if leading else carried
    return parts_of_totals(claims, text)


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in small letters, without Markdown's marks and with "is" for "appears to be"; each letter's place."""
    lowered = text.lower().replace("’", "'")
    if len(lowered) != len(text):  # a few letters grow when lowered, and would shift every span
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text).replace("’", "'")
    parts, places, end = [], [], 0
    for match in _REWORDED.finditer(lowered):
        instead = _INSTEAD.get(match[0], "")
        parts += [lowered[end : match.start()], instead]
        places += [*range(end, match.start()), *[match.start()] * len(instead)]
        end = match.end()
    return "".join((*parts, lowered[end:])), [*places, *range(end, len(lowered))]


def _sentence_claims(sentence: str, mentions: list[Mention], carried: str | None) -> list[Claim]:
    taken = [(mention.start, mention.end) for mention in mentions if not mention.pronoun]
    found = list(part_claims(sentence, mentions))
    spans = [read.core for read in found]
    others = (*relation_claims(sentence, mentions), *contact_claims(sentence), *count_claims(sentence))
    found += [
        Read(claim=claim, core=(claim.start, claim.start if claim.kind == "contact" else claim.end)) for claim in others
    ]
    found += [
        Read(claim=claim, core=(claim.start, claim.end)) for claim in _body_claims(sentence, mentions, taken, spans)
    ]
    facing = [(read.claim.start, read.claim.end) for read in found if read.claim.kind == "facing"]
    found = [read for read in found if read.claim.kind != "place"
             or not any(read.claim.start < b and a < read.claim.end for a, b in facing)]  # fmt: skip
    kept: dict[tuple[object, ...], Claim] = {}
    for read in sorted(found, key=lambda read: (read.claim.start, read.claim.end)):
        claim = read.claim
        doubtful, negated = _tone(sentence, read)
        if doubtful:
            continue
        if claim.kind != "count" and not claim.mention:
            claim = replace(claim, mention=subject_at(claim.start, mentions, carried, sentence))
        claim = replace(claim, negated=negated)
        kept.setdefault((claim.kind, claim.value, claim.part, claim.mention, claim.target), claim)
    return _most_exact(list(kept.values()))


def _tone(sentence: str, read: Read) -> tuple[bool, bool]:
    """Whether the clause around a claim states nothing, and whether it denies."""
    claim, (a, b) = read.claim, read.core
    plain = sentence[:a] + "_" * (b - a) + sentence[b:]
    breaks = [match.end() for match in _DOUBT_CLAUSE.finditer(plain, 0, max(a, claim.start))]
    clause = sentence[breaks[-1] if breaks else 0 : claim.end]
    if claim.kind == "side_of":
        clause = clause.replace(" before ", " ")  # "from left to right, A comes before B"
    doubt = None if claim.kind == "contact" and _GIVEN.search(clause) else _DOUBT.search(clause)
    doubtful = doubt is not None or re.match(r"\W*or\b", sentence[claim.end :]) is not None
    breaks = [match.end() for match in _CLAUSE.finditer(plain, 0, max(a, claim.start))]
    denied = _NEGATION.search(plain[breaks[-1] if breaks else 0 : claim.end])
    return doubtful, denied is not None and claim.kind not in ("count", "nearest")


def _most_exact(claims: list[Claim]) -> list[Claim]:
    """Without what the same text says more exactly, and without "upright" and "leaning" of one and the same person."""
    exact = {(claim.mention, claim.part) for claim in claims
             if claim.kind == "arm_height" and claim.value in ("above the head", "at shoulder height")}  # fmt: skip
    trunks = {(claim.mention, claim.value) for claim in claims if claim.kind == "trunk" and not claim.negated}
    torn = {mention for mention, value in trunks if value == "upright" and (mention, "leaning") in trunks}
    folded = {mention for mention, value in trunks if value == "bent over"}
    slight = {(claim.kind, claim.part, claim.mention) for claim in claims if claim.value == "slightly bent"}
    return [
        claim
        for claim in claims
        if not (claim.kind == "arm_height" and claim.value == "raised" and (claim.mention, claim.part) in exact)
        and not (claim.kind == "trunk" and claim.value != "bent over" and claim.mention in torn)
        and not (claim.kind == "trunk" and claim.value == "leaning" and claim.mention in folded)
        and not (
            claim.value in ("bent", "straight")
            and not claim.negated
            and (claim.kind, claim.part, claim.mention) in slight
        )
    ]


def _body_claims(
    sentence: str, mentions: list[Mention], taken: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> Iterator[Claim]:
    """Stance, trunk, facing and stride; words inside a person's mention or a part's claim are not the body's."""
    claimed: list[tuple[int, int, str]] = []
    for kind, value, cues, pattern in _BODY:
        if not any(map(sentence.__contains__, cues)):
            continue
        for match in pattern.finditer(sentence):
            start, end = match.span()
            if any(a <= start and end <= b for a, b in taken) or _not_the_persons(sentence, start, kind, mentions):
                continue
            if any(a < end and start < b and which == kind for a, b, which in claimed):
                continue
            if any(a < end and start < b for a, b in spans) and kind in ("stance", "facing", "trunk"):
                continue
            claimed.append((start, end, kind))
            if value is not None:
                yield Claim(kind=kind, value=value, start=start, end=end)


def _not_the_persons(sentence: str, start: int, kind: str, mentions: list[Mention]) -> bool:
    """Whether the words just before say that a thing, or a head or an arm, stands, leans or faces there."""
    if kind in ("facing", "trunk") and _AND_ITS.search(sentence, 0, start):
        return True  # "His head is tilted and faces ..."
    if kind == "facing" and start < 3 and _YOU_SEE.match(sentence, start):
        return True  # "Look to the right and you will see ..."
    before = _LINKING.sub("", sentence[:start].rstrip())
    owner = next((m for m in mentions if m.end == len(before) and not m.pronoun), None)
    if owner and before[: owner.start].endswith(" of "):
        before = before[: owner.start - 4]
    thing = next((m for m in _THING.finditer(before) if m.end() == len(before)), None)
    if kind != "legs" and _something_else(before, mentions):
        return True
    if thing:
        named = any(not m.aside and m.end <= thing.start() for m in mentions)
        place = _PLACED_THING.search(before[: thing.start()])
        return not (place and (named or not before[: place.start()].strip()))
    return kind != "legs" and _NOT_THE_BODY.search(before) is not None


def _something_else(before: str, mentions: list[Mention]) -> bool:
    """Whether the clause has a subject of its own that is no person: "an empty tray lies ..."."""
    breaks = [match.end() for match in _CLAUSE_START.finditer(before)]
    start = breaks[-1] if breaks else 0
    if any(start <= m.end and m.start < len(before) for m in mentions):
        return False
    return _SUBJECT.fullmatch(before[start:]) is not None
