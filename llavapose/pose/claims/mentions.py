"""Whom a text speaks of: mentions of people in a sentence, and which of them a clause is about."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llavapose.pose.claims.words.people import GROUP, HE, HEADLINE, NAMED, PRONOUN, SHE
from llavapose.pose.claims.words.relations import NEAREST, SIDE_OF

_HEADLINE, _NAMED, _GROUP, _PRONOUN = re.compile(HEADLINE), re.compile(NAMED), re.compile(GROUP), re.compile(PRONOUN)
_SIDE_OF, _NEAREST = re.compile(SIDE_OF), re.compile(NEAREST)

_BARE = re.compile(
    r"(?<!no )(?<!of )(?<!to )(?<!with )(?<!each )\b(?:one|another|the other(?: one)?|the first|the second"
    r"|the third|a second|a third|the (?:left|right) one)"
    r"(?= (?:is|has|was|keeps|holds|who|whose|lies|sits|toward|towards|\w+[^s\W]s|seated|standing|lying"
    r"|sitting|\w+ing|(?:on|in"
    r"|at) the (?:left|right|middle|cent))\b|, )"
    r"|(?<=s )another(?=[,.;]|$| with\b)"
)
"""One of several people named before."""

_SAME_HEAD = re.compile(
    r" (?:who|that)(?:'s| is| are| was)? (?!the\b|an?\b|fac|look|turn|gaz)[a-z]+(?:ing|s|ed"
    r"|ting)?\b(?: down| up| upright)?"
)
"""By what two of the same name differ: "the man who is lying", "the man who is sitting"."""
_ONE_WHO = re.compile(r" (?:seated|[a-z]+ing)\b")
_AND_ALSO = re.compile(r",? (?:and|or) (?:(?:also )?(?:of|to the (?:left|right) of) )?")
_DOES = re.compile(r" (?:is|are|was|has|[a-z]+[^s\W]s)\b")

_PAIR = re.compile(
    r"(?:both|neither|each) of them (?:is |are )?(?:bent|straight|extended|raised|lifted|lowered|stretched|flexed"
    r"|locked"
    r"|crooked|above|overhead|hanging|planted|unbent|fully)\b"
)
"""Two limbs, where limbs were named."""
_INVERTED_BEFORE = re.compile(r"\b(?:stands|sits|lies|crouches|squats|is) $")
_LIMB = re.compile(r"\b(?:arm|elbow|hand|wrist|leg|knee|foot|thigh|feet|fist|forearm|shin)s?\b")

_BESIDE = re.compile(
    r"\b(?:beside|behind|next to|in front of|near|alongside|facing|faces|toward|towards|opposite|watch(?:es"
    r"|ing)|than|between|besides|unlike|except|apart from|"
    r"from|like|look(?:s|ing) at|help(?:s|ing)|greet(?:s|ing)|follow(?:s|ing)|hugg?(?:s|ing)|(?<!belongs )to) $"
)
"""What stands before a person who is only somebody else's neighbour."""

_DIRECT = re.compile(
    r"(?:,? (?:who|that|which)(?:'s)?)?(?: (?:is|are|was|were|being|has been|\w+ly|now|still|just|also|all"
    r"|both)\b)* ?"
)
"""Between a person and what is said of nobody else: "the lady bowed forward", "the man who is lying"."""

_WHO = re.compile(r"[^.;]{0,30}?\bwho(?:se)?\b")
_WITH = re.compile(r" with (?:(?:an?|the|no|very|both of the) ){0,2}(?:\w+ )?")
"""Before what a landmark has: "left of the man with bent elbows"."""
_ASIDE_CLAUSE = re.compile(r", (?:who|whose|whom|which|with whom)\b[^.,;:]*,(?! and)| \([^)]*\)| [–—] [^–—]* [–—] ")
"""A clause within a clause: whoever is named in it is nobody that the sentence goes on about."""

_CATAPHORA = re.compile(
    r"\W*(?:(?:and|but|while|then) )?(?:with|while|in|on|at|from|to|toward|both|as|although|having|after|before"
    r"|\w+ing|\w+ed|low|high|his"
    r"|her|their|bent|left|right|near|next|behind|beside|\w+ly|there|legs|feet|arms|hands|knees|elbows|back|still"
    r"|flat|supine|prone)\b"
)
"""How a sentence or clause opens whose subject is named after what it does."""

_NEW_CLAUSE = re.compile(
    r"[;:] |, (?:and |but |while )?(?=(?:in|on|at|to|near|behind|beside|with|next) )|\bwhile |\bwhereas "
)

_BESIDES = re.compile(
    r"(?: who is| that is)?(?: standing| sitting| seated| positioned| located)? (?:(?:just|directly"
    r"|immediately) )?(?:to the"
    r" (?:immediate )?(?:left|right) of|beside|behind|next to|in front of|near|alongside|opposite) "
)
"""Between somebody and the landmark that tells where he is."""
_FINITE_BE = re.compile(r" (?:is|are|was|were|has been)(?: \w+ly| now| still| also)* ?")
_FINITE_DO = re.compile(
    r"(?:stands|sits|lies|leans|crouches|squats|kneels|bends|faces|looks|walks|runs|strides|is|has)\b"
)

_HE, _SHE = re.compile(HE), re.compile(SHE)
_HERS = re.compile(
    r"her (?:(?:own|left|right|other|upper|whole|entire) )*(?:arm|elbow|hand|wrist|leg|knee|foot|thigh|feet"
    r"|fist|forearm|shin|shoulder|body|back|torso|trunk|spine|head|hip|weight|stance|posture|\w+ (?:arm|knee"
    r"|elbow|leg))"
)
_FRONTED_PLACE = re.compile(
    r"(?:^|[,;:] |\band )\W*(?:(?:just|directly|right|immediately|farther|further|close) )?"
    r"(?:to|on|at|in|left|right|next|beside|behind|near|nearest|between|among|before|opposite|alongside"
    r"|from)\b[^,;:.]*$"
)
_INVERTED = re.compile(
    r"(?:there )?(?:is |are )?(?:stands?|sits?|lies?|crouch(?:es)?|squats?|kneels?|leans?|standing|sitting|seated"
    r"|lying"
    r"|crouching|squatting|leaning) (?:\w+ly )?"
)
"""A verb between a place and its subject: "to the left of the man sits a woman"."""

_NOMINATIVE = {"his": "he", "him": "he", "her": "she", "hers": "she", "their": "they", "theirs": "they", "them": "they"}

_OF_A_SEX = ("he", "she", "him", "his", "her", "hers")


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A person or all people as written, in lower case.

    Attributes:
        start: position in the sentence.
        end: position after it.
        text: the words.
        pronoun: whether it stands for someone named before.
        aside: whether it is only the landmark of a relation ("... to the left of the man").
        several: whether it names more than one.
    """

    start: int
    end: int
    text: str
    pronoun: bool = False
    aside: bool = False
    several: bool = False


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences; a full stop inside a number ends none."""
    spans, start = [], 0
    for match in re.finditer(r"[.!?]+(?=\s|$|[\"'])|:(?=\s*\n)|\n\s*\n|\n(?=\s*(?:[-*#\d]|[A-Z]))", text):
        if text[start : match.end()].strip():
            spans.append((start, match.end()))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


def mentions_in(sentence: str, *, several: bool = False) -> list[Mention]:
    """Everyone mentioned in a lower-case sentence, in order, longest first where they overlap.

    Args:
        sentence: in lower case.
        several: whether several people were spoken of before: "one" and "the other" are two of them.
    """
    found = _told_apart(sentence, sorted(_spans(sentence, several), key=lambda mention: mention.start))
    plain = masked(sentence, found)
    relations = [pattern for pattern, cues in ((_SIDE_OF, ("left", "right")), (_NEAREST, ("nearest", "closest")))
                 if any(cue in plain for cue in cues)]  # fmt: skip
    asides = [match.span(name) for pattern in relations for match in pattern.finditer(plain)
              for name in match.groupdict() if name in ("target", "other") and match[name]]  # fmt: skip
    heads = [match.start() for match in _NEAREST.finditer(plain)] if _NEAREST in relations else []
    told: list[Mention] = []
    for one in found:
        aside = any(a <= one.start and one.end <= b for a, b in asides) or _is_aside(sentence, one, found, heads)
        also = bool(told) and told[-1].aside and _AND_ALSO.fullmatch(sentence, told[-1].end, one.start) is not None
        told.append(replace(one, aside=aside or (also and not one.pronoun and not _DOES.match(sentence, one.end))))
    return told


def _told_apart(sentence: str, found: list[Mention]) -> list[Mention]:
    """The mentions, where two have the same words with what tells them apart."""
    names = [one.text for one in found if not one.pronoun]
    told = []
    for one in found:
        bare = one.text == "one" and names.count("one") > 1
        more = (
            (_ONE_WHO if bare else _SAME_HEAD).match(sentence, one.end)
            if one.text == "the one" or names.count(one.text) > 1
            else None
        )
        if more and not one.pronoun and not any(one.end <= m.start < more.end() for m in found):
            one = replace(one, end=more.end(), text=sentence[one.start : more.end()])
        told.append(one)
    return told


def _spans(sentence: str, several: bool) -> Iterator[Mention]:
    named = [(match, pattern) for pattern in (_GROUP, _NAMED) for match in pattern.finditer(sentence)]
    head = _HEADLINE.match(sentence)
    taken = [Mention(start=head.start("who"), end=head.end("who"), text=head["who"])] if head else []
    for match, pattern in sorted(named, key=lambda pair: (pair[0].start(), pair[1] is _GROUP)):
        if _PAIR.match(sentence, match.start()) and _LIMB.search(sentence, 0, match.start()):
            continue
        if not any(match.start() < other.end and other.start < match.end() for other in taken):
            taken.append(Mention(start=match.start(), end=match.end(), text=match[0], several=pattern is _GROUP))
    for match in _BARE.finditer(sentence):
        before = [one for one in taken if one.end <= match.start()]
        first = several and not _LIMB.search(sentence, 0, match.start())
        if (not before and not first) or any(
            match.start() < other.end and other.start < match.end() for other in taken
        ):
            continue
        if (
            first
            or (sentence.endswith("; ", 0, match.start()) and any(one.text == "one" for one in before))
            or any(one.several for one in before)
            or _INVERTED_BEFORE.search(sentence, 0, match.start())
            or not _LIMB.search(sentence, 0, match.start())
        ):
            taken.append(Mention(start=match.start(), end=match.end(), text=match[0]))
    yield from taken
    for match in _PRONOUN.finditer(sentence):
        if not any(match.start() < other.end and other.start < match.end() for other in taken):
            yield Mention(start=match.start(), end=match.end(), text=match[0], pronoun=True)


def _is_aside(sentence: str, one: Mention, found: list[Mention], heads: list[int]) -> bool:
    start, end = one.start, one.end
    if any(0 <= head - end <= 9 and not sentence[end:head].strip(" the") for head in heads):
        return True
    if one.text in ("someone", "somebody") and sentence[:start].endswith(" of "):
        return True
    if not one.pronoun and _BESIDE.search(sentence[:start]) and not sentence.startswith("'", end):
        return True
    if sentence.endswith(", not ", 0, start) and sentence.startswith(",", end):
        return True
    return any(other.end == start - 2 and sentence[other.end : start] == ", " and not other.pronoun
               and sentence[end : end + 1] == "," for other in found)  # fmt: skip


def masked(sentence: str, mentions: Sequence[Mention]) -> str:
    """The sentence with everyone who is named hidden behind ``PERSON``'s signs; places stay what they were."""
    for mention in mentions:
        if not mention.pronoun:
            hidden = "ƿ" + "ǀ" * (mention.end - mention.start - 1)
            sentence = sentence[: mention.start] + hidden + sentence[mention.end :]
    return sentence


def spoken_of(position: int, mentions: list[Mention], earlier: Sequence[str]) -> str | None:
    """Who was spoken of before the sentence: the last one, but for "he" the last one that can be.

    Of a couple or a group neither "he" nor "she" is told apart: such a pronoun is returned in the nominative.

    Args:
        position: where the clause is.
        mentions: of the sentence.
        earlier: those spoken of in the sentences before, the last one last.
    """
    if not earlier:
        return None
    said = [m for m in mentions if m.pronoun and m.text in _OF_A_SEX]
    near = ([m for m in said if m.start <= position] or said[:1] or [None])[-1]
    if near is None:
        return earlier[-1]
    own, other = (_HE, _SHE) if near.text in ("he", "his", "him") else (_SHE, _HE)
    for name in reversed(earlier):
        if _GROUP.fullmatch(name):
            return _NOMINATIVE.get(near.text, near.text)
        if own.search(name) or not other.search(name):
            return name
    return _NOMINATIVE.get(near.text, near.text)


def subject_at(
    position: int, mentions: list[Mention], carried: str | None, sentence: str = "", *, related: bool = False
) -> str | None:
    """Whom a clause at ``position`` is about.

    Who stands right before it; else the last one named before it, but for landmarks and those of a clause that has
    ended; else, where a clause opens with what its subject does ("With his arms raised, the man ..."), the first one
    named after it; else who was spoken of in the sentence before. A pronoun without antecedent is returned in the
    nominative.

    Args:
        position: where the clause is.
        mentions: of the sentence.
        carried: who was spoken of last in the sentence before.
        sentence: in lower case.
        related: whether the clause relates somebody to another: a landmark is not its subject then.
    """
    named = [mention for mention in mentions if not mention.pronoun]
    beside = _beside(position, named, sentence, related=related)
    if beside:
        return beside
    ended = [match.span() for match in _ASIDE_CLAUSE.finditer(sentence) if match.end() <= position]
    named = [m for m in named if not m.aside and not any(a <= m.start and m.end <= b for a, b in ended)]
    before = [mention for mention in named if mention.start <= position]
    if before:
        later = next((m for m in named if m.start > position), None)
        chosen = later if later and _fronted(sentence, before[-1], position, later) else before[-1]
        return _of_the_sex(chosen, position, mentions, sentence, carried)
    return _not_yet_named(position, named, mentions, carried, sentence)


def _beside(position: int, named: list[Mention], sentence: str, *, related: bool) -> str | None:
    """Who stands right before or behind a position, or at the head of the phrase that does."""
    inverted = _INVERTED.match(sentence, position)
    if inverted and _FRONTED_PLACE.search(sentence, 0, position):
        after = next((m for m in named if m.start == inverted.end()), None)
        if after:
            return after.text
    direct = next((m for m in reversed(named) if m.end <= position), None)
    within = next((m for m in named if m.start <= position < m.end), None)
    if within:
        return within.text
    if direct and direct.aside and not related:
        head = next((m for m in reversed(named) if m.end < direct.start), None)
        if head and _head_does(sentence, head, direct, position):
            return head.text
    if direct and not (related and direct.aside) and (_DIRECT.fullmatch(sentence, direct.end, position) or
                   (direct.aside and (_WHO.match(sentence[direct.end : position])
                                      or _WITH.fullmatch(sentence, direct.end, position)))):  # fmt: skip
        return direct.text
    return None


def _not_yet_named(
    position: int, named: list[Mention], mentions: list[Mention], carried: str | None, sentence: str
) -> str | None:
    """Whom a clause is about before which nobody is named in the sentence."""
    opening = sentence[: named[0].start] if named else ""
    said = [m for m in mentions if m.pronoun and m.start < len(opening) and m.text in ("he", "she", "they")]
    if named and not said and (carried is None or _CATAPHORA.match(opening)):
        return named[0].text
    if carried is not None:
        return carried
    if named:
        return named[0].text
    pronouns = [mention for mention in mentions if mention.pronoun and mention.start <= position]
    pronouns = pronouns or [mention for mention in mentions if mention.pronoun][:1]
    if mentions and not pronouns:
        return next((mention.text for mention in mentions if not mention.pronoun), None)
    return _NOMINATIVE.get(pronouns[-1].text, pronouns[-1].text) if pronouns else None


def _head_does(sentence: str, head: Mention, landmark: Mention, position: int) -> bool:
    """Whether what is said right behind a landmark is said of whom it belongs to: "the girl beside the boy stands"."""
    return _BESIDES.fullmatch(sentence, head.end, landmark.start) is not None and (
        _FINITE_BE.fullmatch(sentence, landmark.end, position) is not None
        or (position == landmark.end + 1 and _FINITE_DO.match(sentence, position) is not None)
    )


def _of_the_sex(
    chosen: Mention, position: int, mentions: list[Mention], sentence: str, carried: str | None
) -> str | None:
    """Whom a pronoun between a person and what is said means, where it is of another sex than that person."""
    said = [
        m
        for m in mentions
        if m.pronoun and chosen.end <= m.start <= position
        and (m.text in ("he", "she", "his") or _HERS.match(sentence, m.start))
    ]  # fmt: skip
    if not said:
        return chosen.text
    own, other = (_HE, _SHE) if said[-1].text in ("he", "his") else (_SHE, _HE)
    if not chosen.several and (own.search(chosen.text) or not other.search(chosen.text)):
        return chosen.text
    before = [m.text for m in mentions if not m.pronoun and not m.several and m.end <= said[-1].start]
    fitting = [text for text in before if own.search(text)] or [text for text in before if not other.search(text)]
    if fitting:
        return fitting[-1]
    if chosen.several:
        return _NOMINATIVE.get(said[-1].text, said[-1].text)
    return carried if carried and not other.search(carried) else _NOMINATIVE.get(said[-1].text, said[-1].text)


def _fronted(sentence: str, before: Mention, position: int, later: Mention) -> bool:
    """Whether a new clause has begun since somebody was named, whose subject comes after ``position``."""
    breaks = [match.end() for match in _NEW_CLAUSE.finditer(sentence, before.end, position)]
    opening = sentence[breaks[-1] : later.start] if breaks else ""
    return bool(breaks) and _CATAPHORA.match(opening) is not None and re.fullmatch(r"[^.,;:]*, ", opening) is not None
