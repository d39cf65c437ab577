"""What a free English text claims about poses: who, whose left or right, which part, which state.

    >>> extract_claims("The person on the left stands with her left arm raised.")
    (Claim(kind='stance', value='standing', ..., mention='the person on the left'),
     Claim(kind='arm_height', value='raised', ..., mention='the person on the left', part='left arm'))

A sentence is scanned for people, body parts and states (the tables of ``claim_words``); a state belongs to the part
beside it when nothing but connecting words stands between. Questions, conditions and possibilities claim nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llavapose.pose import claim_words as words
from llavapose.pose.claims_between import contact_claims, count_claims, relation_claims
from llavapose.pose.mentions import Mention, mentions_in, sentences, subject_at
from llavapose.pose.vocabulary import flip_part
from llavapose.records import Claim

_PART, _ELLIPSIS = re.compile(words.PART), re.compile(words.ELLIPSIS)
_STATES = tuple((re.compile(rf"\b(?:{state.words})\b"), state.means) for state in words.STATES)
_BODY = tuple((kind, value, re.compile(pattern)) for kind, value, pattern in words.BODY)
_NEGATION, _DOUBT = re.compile(words.NEGATION), re.compile(words.DOUBT)
_CLAUSE = re.compile(r"[,;:]|\b(?:and|but|while|whereas|with)\b")
_NOUN_OF = {"elbow": "elbow", "knee": "knee", "arm_height": "arm", "arm_side": "arm", "leg_lift": "leg"}
_JOINED = re.compile(r"\s*,?\s*(?:and|as well as|,)\s+(?:(?:the|his|her|their|a)\s+)?")


@dataclass(frozen=True, kw_only=True)
class _Part:
    start: int
    end: int
    noun: str
    sides: tuple[str, ...]
    owner: str | None = None


@dataclass(frozen=True, kw_only=True)
class _State:
    start: int
    end: int
    means: dict[str, tuple[str, str]]


def extract_claims(text: str) -> tuple[Claim, ...]:
    """All claims of a text in reading order; spans are positions in ``text``."""
    claims: list[Claim] = []
    carried: str | None = None
    lowered = text.lower().replace("’", "'")
    for start, end in sentences(text):
        sentence = re.sub(r"\s", " ", lowered[start:end])
        mentions = mentions_in(sentence)
        if not sentence.rstrip("\"' ").endswith("?"):
            found = _sentence_claims(sentence, mentions, carried)
            claims += [replace(claim, start=claim.start + start, end=claim.end + start) for claim in found]
        leading = [mention.text for mention in mentions if not mention.pronoun and not mention.aside]
        carried = leading[-1] if leading else carried
    return tuple(claims)


def _sentence_claims(sentence: str, mentions: list[Mention], carried: str | None) -> list[Claim]:
    taken = [(mention.start, mention.end) for mention in mentions if not mention.pronoun]
    part_claims = list(_part_claims(sentence, mentions))
    spans = [(claim.start, claim.end) for claim in part_claims]
    found = [*part_claims, *relation_claims(sentence, mentions), *contact_claims(sentence), *count_claims(sentence)]
    found += _body_claims(sentence, taken, spans)
    facing = [(claim.start, claim.end) for claim in found if claim.kind == "facing"]
    found = [claim for claim in found
             if claim.kind != "place" or not any(claim.start < b and a < claim.end for a, b in facing)]  # fmt: skip
    kept: dict[tuple[object, ...], Claim] = {}
    for claim in sorted(found, key=lambda claim: (claim.start, claim.end)):
        doubtful, negated = _tone(sentence, claim)
        if doubtful:
            continue
        mention = None if claim.kind == "count" else claim.mention or subject_at(claim.start, mentions, carried)
        claim = replace(claim, mention=mention, negated=negated)
        kept.setdefault((claim.kind, claim.value, claim.part, claim.mention, claim.target), claim)
    return _most_exact(list(kept.values()))


def _tone(sentence: str, claim: Claim) -> tuple[bool, bool]:
    """Whether the clause around a claim states nothing, and whether it denies."""
    breaks = [match.end() for match in _CLAUSE.finditer(sentence, 0, claim.start)]
    clause = sentence[breaks[-1] if breaks else 0 : claim.end]
    doubtful = _DOUBT.search(clause) is not None or re.match(r"\W*or\b", sentence[claim.end :]) is not None
    return doubtful, _NEGATION.search(clause) is not None


def _most_exact(claims: list[Claim]) -> list[Claim]:
    """Without "raised" where the same arm is said more exactly ("raises the arm above the head")."""
    exact = {(claim.mention, claim.part) for claim in claims
             if claim.kind == "arm_height" and claim.value in ("above the head", "at shoulder height")}  # fmt: skip
    return [
        claim
        for claim in claims
        if not (claim.kind == "arm_height" and claim.value == "raised" and (claim.mention, claim.part) in exact)
    ]


def _parts(sentence: str, mentions: list[Mention]) -> list[_Part]:
    """Body parts in order, with sides; "the other" and a bare side borrow from the part before."""
    found: list[_Part] = []
    matches = sorted((*_PART.finditer(sentence), *_ELLIPSIS.finditer(sentence)), key=lambda match: match.start())
    for match in matches:
        if any(m.start < match.end() and match.start() < m.end for m in mentions if not m.pronoun):
            continue
        group = match.groupdict()
        last = found[-1] if found else None
        noun = {"feet": "foot", "wrist": "hand"}.get(group.get("noun") or "", group.get("noun") or "")
        if not noun and last is None:
            continue
        sides = tuple(side for side in (group.get("first"), group.get("second")) if side)
        if group.get("side") in ("left", "right"):
            sides = (group["side"],)
        elif group.get("other") or group.get("side") == "other":
            sides = tuple(flip_part(f"{side} x").split()[0] for side in last.sides) if last else ()
        elif group.get("both") or group.get("one") == "neither":
            sides = ("left", "right")
        elif not sides and last and _JOINED.fullmatch(sentence[last.end : match.start()]) and not group.get("plural"):
            sides = last.sides
        elif not sides and not group.get("one") and (group.get("plural") or group.get("noun") == "feet"):
            sides = ("left", "right")
        found.append(_Part(start=match.start(), end=match.end(), noun=noun or (last.noun if last else ""), sides=sides))
    return found


def _states(sentence: str) -> list[_State]:
    """States of parts in order; of overlapping ones the longest, ties together."""
    found = sorted(
        (_State(start=match.start(), end=match.end(), means=means)
         for pattern, means in _STATES for match in pattern.finditer(sentence)),
        key=lambda state: state.start - state.end,
    )  # fmt: skip
    kept: dict[tuple[int, int], _State] = {}
    for state in found:
        span = (state.start, state.end)
        if span in kept:
            kept[span] = replace(kept[span], means={**state.means, **kept[span].means})
        elif not any(state.start < b and a < state.end for a, b in kept):
            kept[span] = state
    return sorted(kept.values(), key=lambda state: state.start)


def _owned(sentence: str, parts: list[_Part], mentions: list[Mention]) -> list[_Part]:
    """Parts with their owner where it stands beside them: "the left arm of the man", "the man's left arm"."""
    owned = []
    for part in parts:
        after = [m.text for m in mentions if not m.pronoun and sentence[part.end : m.start] == " of "]
        before = [m.text for m in mentions if not m.pronoun and re.fullmatch(r"'s? ", sentence[m.end : part.start])]
        owned.append(replace(part, owner=(after or before or [None])[0]))
    return owned


def _part_claims(sentence: str, mentions: list[Mention]) -> Iterator[Claim]:
    parts, states = _owned(sentence, _parts(sentence, mentions), mentions), _states(sentence)
    links: list[tuple[_Part, _State]] = []
    for state in states:
        part = _link(sentence, state, states, parts, mentions)
        if part is not None:
            links.append((part, state))
    linked = {part.start for part, _ in links}
    for index, part in enumerate(parts):
        if part.start in linked:
            continue
        for neighbour in (*parts[index + 1 : index + 2], *parts[max(index - 1, 0) : index]):
            first, second = sorted((part, neighbour), key=lambda p: p.start)
            if neighbour.start in linked and _JOINED.fullmatch(_masked(sentence, first.end, second.start, mentions)):
                links += [(part, state) for other, state in links if other == neighbour]
                break
    for part, state in links:
        yield from _claims_of(part, state)


def _claims_of(part: _Part, state: _State) -> Iterator[Claim]:
    kind, value = state.means.get(part.noun + "s", state.means.get("feet" if part.noun == "foot" else "", (None, None)))
    if kind != "legs" or len(part.sides) != 2:
        kind, value = state.means.get(part.noun, (None, None))
    if kind is None or value is None:
        return
    start, end = min(part.start, state.start), max(part.end, state.end)
    named: tuple[str | None, ...] = (None,)
    if kind != "legs" and part.sides:
        named = tuple(f"{side} {_NOUN_OF[kind]}" for side in part.sides)
    for name in named:
        yield Claim(kind=kind, value=value, start=start, end=end, mention=part.owner, part=name)


def _masked(sentence: str, start: int, end: int, mentions: list[Mention]) -> str:
    """The text between two positions without the people mentioned in it."""
    text = sentence[start:end]
    for mention in reversed(mentions):
        if not mention.pronoun and start <= mention.start and mention.end <= end:
            text = text[: mention.start - start] + text[mention.end - start :]
    return re.sub(r"(?<!\w)'s?(?!\w)|\bof (?=\W|$)", " ", text)


def _link(
    sentence: str, state: _State, states: list[_State], parts: list[_Part], mentions: list[Mention]
) -> _Part | None:
    """The part that a state is said of: right after it ("a bent left elbow") or before ("the left elbow is bent")."""
    ahead = [part for part in parts if part.start >= state.end]
    if ahead:
        gap = _masked(sentence, state.end, ahead[0].start, mentions)
        if not re.search(r"[^\w\s']", gap) and set(gap.split()) <= words.DETERMINERS and _meant(state, ahead[0]):
            return ahead[0]
    for part in reversed([part for part in parts if part.end <= state.start and _meant(state, part)]):
        gap = _masked(sentence, part.end, state.start, mentions)
        for other in states:
            if part.end <= other.start and other.end <= state.start:
                gap = gap.replace(sentence[other.start : other.end], " ", 1)
        left_over = set(re.findall(r"[\w']+", _NEGATION.sub(" ", gap))) - words.CONNECTORS - {"isn", "aren"}
        return part if not left_over and not re.search(r"[.;:()]", gap) else None
    return None


def _meant(state: _State, part: _Part) -> bool:
    return part.noun in state.means or ("feet" if part.noun == "foot" else part.noun + "s") in state.means


def _body_claims(sentence: str, taken: list[tuple[int, int]], spans: list[tuple[int, int]]) -> Iterator[Claim]:
    """Stance, trunk, facing and stride; words inside a person's mention or a part's claim are not the body's."""
    claimed: list[tuple[int, int]] = []
    for kind, value, pattern in _BODY:
        for match in pattern.finditer(sentence):
            start, end = match.span()
            if any(a <= start and end <= b for a, b in (*taken, *claimed)) or _things_own(sentence, start):
                continue
            if any(a <= start and end <= b for a, b in spans) and kind != "trunk":
                continue
            claimed.append((start, end))
            yield Claim(kind=kind, value=value, start=start, end=end)


def _things_own(sentence: str, start: int) -> bool:
    """Whether the words just before say that a thing, not a person, stands or lies there."""
    return re.search(rf"{words.THING}(?: (?:is|are|that|which))? $", sentence[:start]) is not None
