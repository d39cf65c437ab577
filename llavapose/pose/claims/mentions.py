"""Whom a text speaks of: mentions of people in a sentence, and which of them a clause is about."""

import re
from dataclasses import dataclass

from llavapose.pose.claims.words.relations import COUNT, NEAREST, SIDE_OF
from llavapose.pose.claims.words.shared import GROUP, NAMED, PRONOUN

_NAMED, _GROUP, _PRONOUN = re.compile(NAMED), re.compile(GROUP), re.compile(PRONOUN)
_COUNT, _SIDE_OF, _NEAREST = re.compile(COUNT), re.compile(SIDE_OF), re.compile(NEAREST)

_BESIDE = re.compile(
    r"\b(?:beside|behind|next to|in front of|near|alongside|facing|faces|toward|towards|opposite|watch(?:es"
    r"|ing)|than|between|"
    r"from|like|look(?:s|ing) at|help(?:s|ing)|greet(?:s|ing)|follow(?:s|ing)|hugg?(?:s|ing)|(?<!belongs )to) $"
)
"""What stands before a person who is only somebody else's neighbour."""

_WHO = re.compile(r"[^.;]{0,30}?\bwho(?:se)?\b")

_CATAPHORA = re.compile(
    r"^\W*(?:with|while|in|on|at|from|to|toward|both|as|although|having|after|before|\w+ing|\w+ed|low|high|his"
    r"|her|their|bent|\w+ly)\b"
)
"""How a sentence opens whose pronoun stands for the person named after it."""

_NOMINATIVE = {"his": "he", "him": "he", "her": "she", "hers": "she", "their": "they", "theirs": "they", "them": "they"}


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A person or all people as written, in lower case.

    Attributes:
        start: position in the sentence.
        end: position after it.
        text: the words.
        pronoun: whether it stands for someone named before.
        aside: whether it is only the landmark of a relation ("... to the left of the man").
    """

    start: int
    end: int
    text: str
    pronoun: bool = False
    aside: bool = False


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences; a full stop inside a number ends none."""
    spans, start = [], 0
    for match in re.finditer(r"[.!?:]+(?=\s|$|[\"'])|\n\s*\n|\n(?=\s*(?:[-*#\d]|[A-Z]))", text):
        if text[start : match.end()].strip():
            spans.append((start, match.end()))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


def mentions_in(sentence: str) -> list[Mention]:
    """Everyone mentioned in a lower-case sentence, in order, longest first where they overlap."""
    relations = [pattern for pattern, cues in ((_SIDE_OF, ("left", "right")), (_NEAREST, ("nearest", "closest")))
                 if any(cue in sentence for cue in cues)]  # fmt: skip
    asides = [match.span(name) for pattern in relations for match in pattern.finditer(sentence)
              for name in match.groupdict() if name in ("target", "other") and match[name]]  # fmt: skip
    heads = [match.start() for match in _NEAREST.finditer(sentence)] if _NEAREST in relations else []
    found: list[Mention] = []
    for pattern in (_GROUP, _NAMED, _COUNT, _PRONOUN):
        for match in pattern.finditer(sentence):
            start, end = match.span()
            if any(start < other.end and other.start < end for other in found):
                continue
            aside = any(a <= start and end <= b for a, b in asides)
            aside = aside or any(0 <= head - end <= 9 and not sentence[end:head].strip(" the") for head in heads)
            aside = aside or (match[0] in ("someone", "somebody") and sentence[:start].endswith(" of "))
            aside = aside or (
                pattern is not _PRONOUN
                and _BESIDE.search(sentence[:start]) is not None
                and not sentence.startswith("'", end)
            )
            aside = aside or any(other.end == start - 2 and sentence[other.end : start] == ", " and not other.pronoun
                                 and sentence[end : end + 1] == "," for other in found)  # fmt: skip
            found.append(Mention(start=start, end=end, text=match[0], pronoun=pattern is _PRONOUN, aside=aside))
    return sorted(found, key=lambda mention: mention.start)


def subject_at(position: int, mentions: list[Mention], carried: str | None, sentence: str = "") -> str | None:
    """Whom a clause at ``position`` is about.

    The last one named before it; else, where the sentence opens with what its subject does ("With his arms raised, the
    man ..."), the first one named; else who was spoken of in the sentence before. A pronoun without antecedent is
    returned in the nominative.
    """
    named = [mention for mention in mentions if not mention.pronoun and not mention.aside]
    before = [mention for mention in named if mention.start <= position]
    last = next((m for m in reversed(mentions) if not m.pronoun and m.end <= position), None)
    if last and last.aside and _WHO.match(sentence[last.end : position]):
        return last.text
    if before:
        return before[-1].text
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
