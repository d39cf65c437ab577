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
from llavapose.pose.claims.mentions import Mention, masked, mentions_in, sentences, spoken_of, subject_at
from llavapose.pose.claims.moving.bodies import people_moving
from llavapose.pose.claims.moving.read import motion_claims
from llavapose.pose.claims.moving.times import at_an_edge, unchanged
from llavapose.pose.claims.part_states import Read, part_claims
from llavapose.pose.claims.parts import Part, parts_in
from llavapose.pose.claims.relations import compound_claims, contact_claims, one_legged, relation_claims
from llavapose.pose.claims.subjects import somebody_elses
from llavapose.pose.claims.words import shared as words
from llavapose.pose.claims.words.bodies import BODY, NOT_THE_BODY
from llavapose.pose.claims.words.idioms import DEPICTED, IDIOM
from llavapose.pose.claims.words.people import PLURALS, SINGULAR
from llavapose.records import Claim

_BODY = tuple((kind, value, tuple(cues.split()), re.compile(pattern)) for kind, value, cues, pattern in BODY)
_NEGATION, _DOUBT, _GIVEN = re.compile(words.NEGATION), re.compile(words.DOUBT), re.compile(words.GIVEN)
_NOT_THE_BODY = re.compile(NOT_THE_BODY)
_LINKING = re.compile(r"(?: (?:is|are|was|that|which|being|\w+ly|held|still|both|also|and))+$")
_OF_BODY = re.compile(
    r"(?:\w+[ -])?(?:body|torsos?|trunks?|backs?|spines?|upper (?:body|half)|postures?|carriage|chest)\b"
)
_THEIRS = re.compile(r"\b(?:chair|bench|dog|cat|horse|cow|bird|giraffe|sofa|couch|seat)'s (?:\w+ )?$")
_ALIKE = re.compile(
    r" (?:(?:is|does|has|are|do)(?P<not>n't| not)(?=[,.;!?]|$)|(?:is|does|has|are|do),? (?:too|as well|likewise"
    r"|also)\b|likewise\b)"
    r"|(?:,? (?:however|though|by contrast),?)? (?P<does>is|does|has|are|do)(?=[,.;!?]|$)"
)
_SO_DOES = re.compile(r"(?:\b(?:so|as) (?:is|does|has|are|do)|\bditto(?: for)?) $")
_VERB = re.compile(r"\w+(?:s|ing|ed)\b|sat|stood|lay|laid|bent|leant|walk|stand|sit|lie|lean|bend|crouch|squat|face")
_ADVICE = re.compile(r"\W*(?:to )?\w+ing? (?:up|down|the|his|her|their|both|a|one)\b")
_WOULD = re.compile(r"[^,.;]*?\b(?:would|could|might|should|will|helps?|comes first|is (?:needed|enough|the first))\b")
_BODY_WORD = (
    r"(?:body|bodies|torsos?|trunks?|backs?|spines?|postures?|half|pose|stance|figures?|frame|position|carriage|chest"
    r"|weight|stature|silhouette|form|attitude|bearing|orientation|person|people"
    r"|line|angle|manner|way|fashion|seat|shape|style)"
)
_DETERMINED = re.compile(r"\b(?:an?|the|his|her|their|its) (?:\w+ly )?$")
_THING_BEHIND = re.compile(
    rf" (?!(?:[a-z-]+ ){{0,2}}?{_BODY_WORD}\b)(?:(?:red|white|blue|black|green|old|tall|wooden) )?"
    r"(?!(?:and|or|but|is|are|has|one|ones|in|on|at|with|to|against|of|about|under|over|by|for|from|near|behind|beside"
    r"|down|up|forwards?|backwards?|sideways|toward|towards|that|who|while|as|than|here|there|below|above)\b)[a-z]"
)
"""Behind "an upright": a thing that it is said of."""
_MOVES = re.compile(
    r"(?:tilt(?:s|ed|ing)?|tip(?:s|ped|ping)|lean(?:s|ed|ing)?|inclin(?:es|ed|ing)|cant(?:s|ed)|slant(?:s|ed|ing))"
    r" (?:the|his|her|their|an?) (?:\w+ )?(?:head|chin|face|neck|hat|cap|helmet|rackets?|bats?|board|skateboard"
    r"|surfboard|cup|glass|bottle|umbrella|chair|bike|bicycle|ladder|kite|skis?|poles?|camera|phone)\b"
)
"""Somebody tilts a thing, or no more than the head."""
_ALMOST = re.compile(
    r"\b(?:almost|nearly|practically|all but|not quite|not entirely|barely|virtually)(?: (?:fully|completely))? $"
)
_GAZES = re.compile(r"(?:look|gaz|star(?:es|ing)|glanc|peer|smil|beam|grin|meets|eye)")
_NOR = re.compile(r"\b(?:nor|neither)(?: \w+)? $")
_BOTH = re.compile(r"(?: are| were| both| all| \w+ly| now)* ")
_NEITHER = re.compile(r"(?: is| was| does| has| are| were| \w+ly| now)* ")
"""Between two subjects and what is said of both: with "and" in the plural, else it is said of the second alone."""
_OR, _NONE = re.compile(r"\b(?:n?or|neither|not)\b"), re.compile(r"(?:neither|none)\b")
_IDIOM = re.compile(rf"{IDIOM}|{DEPICTED}")
_OTHERS_DO = re.compile(r"[;:–—]|,? (?:but|and) (?:both|all|they)\b")
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
# Models say so of what they see; marks of emphasis and of code stand around words.
_INSTEAD = {
    "appears to be": "is", "appear to be": "are", "seems to be": "is", "seem to be": "are",
    "appears to have": "has", "appear to have": "have", "seems to have": "has", "seem to have": "have",
}  # fmt: skip
_REWORDED = re.compile(rf"\b(?:{'|'.join(_INSTEAD)})\b|\*+|`+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")

_OF_THEM = re.compile(rf"\b(?:some|many|most|{'|'.join(words.NUMBERS[1:])}) of them, (?P<what>[^,.;]+),[^;.]*")
"""What "they" turn out to be, and what is said of them."""
_NO_THINGS = re.compile(
    rf"\b(?:{PLURALS}|{SINGULAR}|arms?|legs?|knees?|elbows?|hands?|feet|foot|backs?|with|in|on|at|who|whose|both"
    rf"|all|each|to"
    r"|\w+ing|\w+ly)\b"
)

_OF_LIMBS = ("elbow", "knee", "arm_height", "arm_side", "leg_lift")
_SAME_ONE = re.compile(r"(?:that|the|this) (?:very )?same \w+$")

_UNMASK = str.maketrans("ƿǀ", "wl")
"""The signs behind which people are hidden, where a text has them."""

# Three times the longest that people write of a picture. Everyone named is compared with everyone: a list without end
# would be read for minutes.
MAX_SENTENCE = 1000
"""Characters of a sentence; what is longer claims nothing."""


def extract_claims(text: str, *, moving: bool = False) -> tuple[Claim, ...]:
    """All claims of a text in reading order; spans are positions in ``text``.

    Args:
        text: free English.
        moving: whether it is about a clip: then what happens in it is read as motion (``claims/moving``), and what is
            said of its beginning or end, or of what the text says changes, makes no still claim.
    """
    claims: list[Claim] = []
    earlier: list[str] = []
    limb, several = "", False
    plain, places = _plain(text)
    for start, end in sentences(plain):
        if end - start > MAX_SENTENCE:
            continue
        sentence = _hidden(re.sub(r"\s", " ", plain[start:end]))
        mentions = mentions_in(sentence, several=several and not limb)
        mentions = people_moving(sentence, mentions) if moving else mentions
        hidden = masked(sentence, mentions)
        parts = parts_in(sentence, hidden, mentions, limb)
        if not sentence.rstrip("\"' ").endswith("?"):
            read = _moving_claims if moving else _sentence_claims
            for claim in read(sentence, hidden, mentions, parts, earlier):
                first, last = places[claim.start + start], places[claim.end + start - 1]
                claims.append(replace(claim, start=first, end=last + 1))
        limb = parts[-1].noun if parts else ""
        earlier += [mention.text for mention in mentions if not mention.pronoun and not mention.aside]
        several = several or len(set(earlier)) > 1 or any(mention.several for mention in mentions)
    return parts_of_totals(unchanged(claims) if moving else claims, text)


def has_unread(text: str) -> bool:
    """Whether a sentence of a text is too long to be read."""
    return len(text) > MAX_SENTENCE and any(end - start > MAX_SENTENCE for start, end in sentences(_plain(text)[0]))


def _hidden(sentence: str) -> str:
    """The sentence with signs for what only sounds like a pose, or is said of things."""
    sentence = _IDIOM.sub(lambda match: "~" * len(match[0]), sentence)
    if " of them, " in sentence:
        return _OF_THEM.sub(
            lambda match: match[0] if _NO_THINGS.search(match["what"]) else "~" * len(match[0]), sentence
        )
    return sentence


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in small letters, without Markdown's marks and with "is" for "appears to be"; each letter's place."""
    lowered = text.lower().replace("’", "'")
    if len(lowered) != len(text):  # a few letters grow when lowered, and would shift every span
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text).replace("’", "'")
    lowered = lowered.translate(_UNMASK)
    parts, places, end = [], [], 0
    for match in _REWORDED.finditer(lowered):
        instead = _INSTEAD.get(match[0], "")
        parts += [lowered[end : match.start()], instead]
        places += [*range(end, match.start()), *[match.start()] * len(instead)]
        end = match.end()
    return "".join((*parts, lowered[end:])), [*places, *range(end, len(lowered))]


def _sentence_claims(
    sentence: str, hidden: str, mentions: list[Mention], parts: list[Part], earlier: list[str]
) -> list[Claim]:
    kept: dict[tuple[object, ...], Claim] = {}
    for read in sorted(_found(sentence, hidden, mentions, parts), key=lambda read: (read.claim.start, read.claim.end)):
        claim = read.claim
        doubtful, negated = _tone(hidden, read)
        if doubtful:
            continue
        carried = spoken_of(claim.start, mentions, earlier)
        if claim.kind != "count" and not claim.mention:
            claim = replace(
                claim, mention=subject_at(claim.start, mentions, carried, sentence, related=claim.kind == "nearest")
            )
        if claim.kind in ("side_of", "nearest") and claim.mention == claim.target:
            continue
        if _SAME_ONE.match(claim.mention or ""):
            claim = replace(claim, mention=_before(claim.mention, mentions, carried))
        if claim.mention and _NONE.match(claim.mention):
            if _OTHERS_DO.search(sentence, sentence.rfind(claim.mention, 0, claim.end), claim.end):
                continue  # "Neither of them is lying: they ..."
            negated = True
        claim = replace(claim, negated=negated and claim.kind not in ("count", "nearest"))
        for other in _along(hidden, claim, mentions):
            kept.setdefault((claim.kind, claim.value, claim.part, other, claim.target), replace(claim, mention=other))
        kept.setdefault((claim.kind, claim.value, claim.part, claim.mention, claim.target), claim)
    return _most_exact(hidden, [*kept.values(), *_left_out(hidden, list(kept.values()), mentions)])


def _moving_claims(
    sentence: str, hidden: str, mentions: list[Mention], parts: list[Part], earlier: list[str]
) -> list[Claim]:
    """What a sentence about a clip says: of motion, and of how somebody is in its middle."""
    found, still = motion_claims(sentence, hidden, mentions, parts, earlier)
    parts = [part for part in parts if "~" not in still[part.start : part.end]]
    told = _sentence_claims(still, masked(still, mentions), mentions, parts, earlier)
    told = [claim for claim in told if not at_an_edge(sentence, claim)]
    return sorted([*found, *told], key=lambda claim: (claim.start, claim.end))


def _found(sentence: str, hidden: str, mentions: list[Mention], parts: list[Part]) -> list[Read]:
    """All that a sentence says, before it is known of whom and whether it is denied."""
    found = list(part_claims(sentence, hidden, mentions, parts))
    spans = [read.core for read in found]
    others: tuple[Claim, ...] = (
        *relation_claims(sentence, hidden, mentions),
        *contact_claims(sentence, hidden, parts),
        *count_claims(sentence),
        *one_legged(sentence),
        *compound_claims(sentence),
    )
    found += [
        Read(claim=claim, core=(claim.start, claim.start if claim.kind == "contact" else claim.end)) for claim in others
    ]
    found += [
        Read(claim=claim, core=(claim.start, claim.end)) for claim in _body_claims(sentence, hidden, mentions, spans)
    ]
    found = [read for read in found if read.claim.kind != "place" or not _of_a_part(sentence, read.claim.start, parts)]
    facing = [(read.claim.start, read.claim.end) for read in found if read.claim.kind == "facing"]
    return [read for read in found if read.claim.kind != "place"
             or not any(read.claim.start < b and a < read.claim.end for a, b in facing)]  # fmt: skip


def _before(name: str | None, mentions: list[Mention], carried: str | None) -> str | None:
    """Whom "that same person" means: who was named before."""
    at = next((m.start for m in mentions if m.text == name), 0)
    return next((m.text for m in reversed(mentions) if m.end <= at and not m.pronoun), carried)


def _of_a_part(sentence: str, start: int, parts: list[Part]) -> bool:
    """Whether "on the right" goes on about a limb: "the left knee is bent, but on the right ..."."""
    told = any(len(part.sides) == 1 and part.end <= start for part in parts)
    if any(
        len(part.sides) == 1 and part.placed and start < part.end and part.start <= start + 8
        for part in parts
        if part.start >= start
    ):
        return True  # "her weight resting on the right"
    return told and re.search(r"\b(?:but|and|or|not|than) $", sentence[:start]) is not None


def _along(plain: str, claim: Claim, mentions: list[Mention]) -> Iterator[str]:
    """Who else a claim of the last of several holds of: "a woman and a man are standing"."""
    at = next((i for i, m in enumerate(mentions) if m.text == claim.mention and m.end <= claim.start), None)
    if claim.part is None and claim.kind in ("stance", "facing", "trunk") and at and not mentions[at].pronoun:
        one, last = mentions[at - 1], mentions[at]
        if (
            not one.pronoun
            and (between := plain[one.end : last.start].strip(", ")) in ("and", "nor")
            and (_BOTH if between == "and" else _NEITHER).fullmatch(plain, last.end, claim.start)
        ):
            yield one.text


def _left_out(plain: str, claims: list[Claim], mentions: list[Mention]) -> Iterator[Claim]:
    """What is said of one more person by pointing back: "the man on the left leans; the other does not"."""
    for mention in mentions:
        match = None if mention.pronoun else _ALIKE.match(plain, mention.end)
        so = not mention.pronoun and not plain.startswith("'", mention.end) and _SO_DOES.search(plain, 0, mention.start)
        before = [
            claim
            for claim in claims
            if claim.end <= mention.start
            and claim.kind in ("stance", "trunk", "facing", "legs", *(_OF_LIMBS if so else ()))
        ]
        if not (match or so) or not before or before[-1].mention == mention.text:
            continue
        if match and match["does"] and not before[-1].negated:
            continue
        flips = match is not None and (match["not"] or match["does"]) is not None
        yield replace(before[-1], mention=mention.text, start=mention.start,
                      end=match.end() if match else mention.end,
                      negated=before[-1].negated != flips)  # fmt: skip


def _tone(sentence: str, read: Read) -> tuple[bool, bool]:
    """Whether the clause around a claim states nothing, and whether it denies."""
    claim, (a, b) = read.claim, read.core
    plain = sentence[:a] + "_" * (b - a) + sentence[b:]
    breaks = [match.end() for match in _DOUBT_CLAUSE.finditer(plain, 0, max(a, claim.start))]
    clause = sentence[breaks[-1] if breaks else 0 : claim.end]
    if claim.kind == "side_of":
        clause = clause.replace(" before ", " ")  # "from left to right, A comes before B"
    breaks = [match.end() for match in _CLAUSE.finditer(plain, 0, max(a, claim.start))]
    told = plain[breaks[-1] if breaks else 0 : claim.end]
    if claim.part is None and (named := told.rfind("ƿ", 0, max(a - (breaks[-1] if breaks else 0), 0))) >= 0:
        told = told[named:] if not _NOR.search(told, 0, named) else told  # "nobody but the man is standing"
    denied = _NEGATION.search(told) is not None
    doubt = (
        None
        if claim.kind == "contact" and _GIVEN.search(clause)
        else _DOUBT.search(_OR.sub(" ", clause) if denied else clause)
    )
    advised = _ADVICE.match(clause) and _WOULD.match(sentence, claim.end)  # "Lowering the arm would help"
    almost = claim.kind in ("stance", "trunk") and _ALMOST.search(sentence, 0, a)
    doubtful = (
        bool(advised or almost)
        or doubt is not None
        or (not denied and re.match(r"\W*or\b", sentence[claim.end :]) is not None)
    )
    denied = denied if read.denied is None else read.denied
    return doubtful, denied and claim.kind not in ("count", "nearest")


def _most_exact(sentence: str, claims: list[Claim]) -> list[Claim]:
    """Without what the same text says more exactly, and without "upright" and "leaning" of one and the same person."""
    exact = {(claim.mention, claim.part) for claim in claims
             if claim.kind == "arm_height" and claim.value in ("above the head", "at shoulder height")}  # fmt: skip
    trunks = {(claim.mention, claim.value) for claim in claims if claim.kind == "trunk" and not claim.negated}
    torn = {mention for mention, value in trunks if value == "upright" and (mention, "leaning") in trunks}
    folded = {mention for mention, value in trunks if value == "bent over"}
    slight = {(claim.kind, claim.part, claim.mention) for claim in claims if claim.value == "slightly bent"}
    gazes = _gazes(sentence, claims)
    return [
        claim
        for claim in claims
        if not (claim.kind == "arm_height" and claim.value == "raised" and (claim.mention, claim.part) in exact)
        and not (claim.kind == "facing" and (claim.start, claim.value) in gazes)
        and not (claim.kind == "trunk" and claim.value != "bent over" and claim.mention in torn)
        and not (claim.kind == "trunk" and claim.value == "leaning" and claim.mention in folded)
        and not (
            claim.value in ("bent", "straight")
            and not claim.negated
            and (claim.kind, claim.part, claim.mention) in slight
        )
    ]


def _gazes(sentence: str, claims: list[Claim]) -> set[tuple[int, str]]:
    """Where somebody looks elsewhere than the body faces: start and value of what says where he looks."""
    facing = [claim for claim in claims if claim.kind == "facing" and not claim.negated]
    looks = [claim for claim in facing if _GAZES.match(sentence, claim.start)]
    return {
        (look.start, look.value)
        for look in looks
        for claim in facing
        if claim.mention == look.mention and claim.value != look.value and claim not in looks
    }


def _body_claims(sentence: str, plain: str, mentions: list[Mention], spans: list[tuple[int, int]]) -> Iterator[Claim]:
    """Stance, trunk, facing and stride; words inside a part's claim are not the body's."""
    claimed: list[tuple[int, int, str]] = []
    for kind, value, cues, pattern in _BODY:
        if not any(map(sentence.__contains__, cues)):
            continue
        for match in pattern.finditer(sentence):
            start, end = match.span()
            within = plain[start] in "ƿǀ"  # "the crouching man"
            if within and (kind == "facing" or plain[end - 1] not in "ƿǀ"):
                continue
            if value is not None and not within and _not_the_persons(sentence, (start, end), kind, mentions, plain):
                continue
            if any(a < end and start < b and which == kind for a, b, which in claimed):
                continue
            if any(a < end and start < b and not start < a < b < end for a, b in spans) and kind in (
                "stance",
                "facing",
                "trunk",
            ):
                continue
            claimed.append((start, end, kind))
            if value is not None:
                yield Claim(kind=kind, value=value, start=start, end=end)


def _not_the_persons(sentence: str, span: tuple[int, int], kind: str, mentions: list[Mention], plain: str) -> bool:
    """Whether the words just before say that a thing, or a head or an arm, stands, leans or faces there."""
    start, end = span
    if kind in ("facing", "trunk") and _AND_ITS.search(sentence, 0, start):
        return True  # "His head is tilted and faces ..."
    if kind == "facing" and plain.endswith(" one ", 0, start):
        return True  # "facing opposite ways: one toward the viewer"
    if kind == "facing" and start < 3 and _YOU_SEE.match(sentence, start):
        return True  # "Look to the right and you will see ..."
    if kind == "legs" or (kind == "trunk" and _OF_BODY.match(sentence, start)):
        return _THEIRS.search(sentence, 0, start) is not None
    before = _LINKING.sub("", plain[:start].rstrip())
    own = plain.endswith(" and ", 0, start) and re.match(r"\w+s\b", sentence[start:])  # "straight knees and folds ..."
    if _NOT_THE_BODY.search(before) is not None and not own:
        return True
    if kind in ("trunk", "stance") and (
        _MOVES.match(sentence, start) or (_DETERMINED.search(before + " ") and _THING_BEHIND.match(sentence, end))
    ):
        return True  # "an upright collar", "tilts her head"
    verb = _VERB.match(sentence, start) is not None
    return somebody_elses(plain, start, mentions, verb=verb)
