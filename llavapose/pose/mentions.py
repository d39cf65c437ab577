"""Whom a text speaks of: mentions of people in a sentence, and which of them a clause is about."""

import re
from dataclasses import dataclass

from llavapose.pose.claim_words import COUNT, GROUP, NAMED, NEAREST, PRONOUN, SIDE_OF

_NAMED, _GROUP, _PRONOUN = re.compile(NAMED), re.compile(GROUP), re.compile(PRONOUN)
_COUNT, _SIDE_OF, _NEAREST = re.compile(COUNT), re.compile(SIDE_OF), re.compile(NEAREST)

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
    asides = [match.span(name) for pattern in (_SIDE_OF, _NEAREST) for match in pattern.finditer(sentence)
              for name in match.groupdict() if name in ("target", "other") and match[name]]  # fmt: skip
    heads = [match.start() for match in _NEAREST.finditer(sentence)]
    found: list[Mention] = []
    for pattern in (_GROUP, _NAMED, _COUNT, _PRONOUN):
        for match in pattern.finditer(sentence):
            start, end = match.span()
            if any(start < other.end and other.start < end for other in found):
                continue
            aside = any(a <= start and end <= b for a, b in asides)
            aside = aside or any(0 <= head - end <= 9 and not sentence[end:head].strip(" the") for head in heads)
            found.append(Mention(start=start, end=end, text=match[0], pronoun=pattern is _PRONOUN, aside=aside))
    return sorted(found, key=lambda mention: mention.start)


def subject_at(position: int, mentions: list[Mention], carried: str | None) -> str | None:
    """Whom a clause at ``position`` is about.

    The last one named before it, else who was spoken of in the sentence before, else the first one named in the
    sentence; a pronoun without antecedent is returned in the nominative.
    """
    named = [mention for mention in mentions if not mention.pronoun and not mention.aside]
    before = [mention for mention in named if mention.start <= position]
    if before:
        return before[-1].text
    if carried is not None:
        return carried
    if named:
        return named[0].text
    pronouns = [mention for mention in mentions if mention.start <= position]
    return _NOMINATIVE.get(pronouns[-1].text, pronouns[-1].text) if pronouns else None
