"""Claims about body parts: the states found in a sentence, and which state is said of which part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.parts import ARM_NOUNS, JOINED, LEG_NOUNS, Part
from llavapose.pose.claims.words import shared as words
from llavapose.pose.claims.words.arms import ARM_STATES
from llavapose.pose.claims.words.legs import FOOT_STATES, KNEE_STATES, LEGS_STATES
from llavapose.records import Claim


def _compiled(
    states: tuple[words.StateWords, ...],
) -> tuple[tuple[re.Pattern[str], tuple[str, ...], words.StateWords], ...]:
    return tuple((re.compile(rf"\b(?:{state.words})(?!\w)"), tuple(state.cues.split()), state) for state in states)


_ARM_STATES, _LEG_STATES = _compiled(ARM_STATES), _compiled((*KNEE_STATES, *FOOT_STATES, *LEGS_STATES))
_NOUN_OF = {"elbow": "elbow", "knee": "knee", "arm_height": "arm", "arm_side": "arm", "leg_lift": "leg"}
_IT = re.compile(
    r"(?:^|\W)(?:keeps?|holds?|has|kept|held|keeping|holding|leaves|bend(?:s|ing)?|bent|wrap(?:s|ped|ping)?"
    r"|fold(?:s|ed|ing)?"
    r"|lay(?:s|ing)?|laid|stretch(?:es|ed|ing)?|let(?:s|ting)?|sw(?:ings?|ung|inging)|rais(?:es|ed|ing)|lift(?:s"
    r"|ed|ing)?"
    r"|drap(?:es|ed|ing)|press(?:es|ed|ing)|brings?|brought|throw(?:s|n|ing)?|fl(?:ings?|ung|inging)|puts?"
    r"|putting|crook(?:s|ed)"
    r"|mov(?:es|ed|ing)|draw(?:s|n|ing)?|reach(?:es|ed|ing)|plac(?:es|ed|ing)|rest(?:s|ed|ing)?|extend(?:s|ed"
    r"|ing)?|stick(?:s|ing)?"
    r"|point(?:s|ed|ing)?) (?:it|them|both(?: of them)?)\s*$"
)
_IT_IS = re.compile(r"[,;:]? ?(?:but |and |no, )?\b(?:it|they)(?:'s|'re| is| are|(?= \w+s?\b))")
_SAME = re.compile(
    r",? (?:is |are |does |has |just )?(?:too|as well|likewise|also|(?:is|are) no different|(?:does|has done"
    r"|do) the same|(?:is|are) the same"
    r"|alike|the same|equally so"
    r"|(?:is|are) (?:so|just as \w+) too|follows suit|ditto)\b"
)
_NOT_SO = re.compile(r"(?: one)? (?:(?:is|does|has|are|do|was)(?:n't| not)|not)(?=[,.;!?]|$| and\b| but\b| though\b)")
_IS_SO = re.compile(r"(?: one)?(?: of ƿǀ*)?,?(?: \w+ly| (?:however|though),?)? (?:is|does|has|are|do)(?=[,.;!?]|$)")
_SO_IS = re.compile(
    r"\b(?:so|as) (?:is|does|has|are) (?:ƿǀ*'s? |the |his |her |their )?$|\b(?:but|and) not (?:the |his |her "
    r"|their )?$|\b(?:ditto|likewise) (?:for )?(?:the |his |her "
    r"|their )?$"
)
_STRAIGHT = re.compile(r"\bstraight (?:out|up|overhead|above|over|forward|ahead)\b|\b(?:extended|outstretched)\b")
_ON_OTHER = re.compile(r"\b(?:but|and|while|whereas),? on the (?:left|right|other)\b")
_JUST_AS = re.compile(r"\b(?:(?:just|quite|every bit) as|equally)\b")
_LABEL = re.compile(r"(?:^|[.;,|] |[-*•] )\W*$")
_DOWN_ON = re.compile(r"\b(?:sit\w*|sat|seated|lie|lies|lying|lay|crouch\w*|squat\w*|kneel\w*)(?: \w+)? $")
_ADVERB, _POSSESSIVE = re.compile(r"right "), re.compile(r"\b(?:his|her|their|its) $")
_CROSSED = re.compile(r"(?:held |kept |loosely |tightly |still )*cross")
_WEIGHT = re.compile(r"\bweight\b.*\b(?:on|onto|over|upon)$")
_WITH_LIMB = re.compile(r" (?P<object>(?:the|an?|some|it|them)\b[\w ]* )?with (?:(?:the|his|her|their|both|one|an?) )*")
_OBJECT = re.compile(r"\b(?:the|an?|some|it|them)(?: (?!arm|hand|leg|foot)[a-z-]+){0,3} $")
_NEGATION = re.compile(words.NEGATION)
_NEAR_BODY = re.compile(
    r" ?(?:very |held )?(?:close to|against|near|tight to) (?:the|his|her|their) (?:body|torso|trunk)\b"
)
_ANOTHER_CLAUSE, _FINITE = (
    re.compile(r",(?: and)? (?:the|his|her|their) "),
    re.compile(r" (?:is|was|has|hangs|rests|stays|points|reaches)\b"),
)
_OF_TRUNK = re.compile(
    r"(?:bent|bends?|bending|folded|folds|folding|flexed) (?:\w+ly )?(?:over(?! (?:the|his|her|their) )|forwards?"
    r"|down|double|in half|at the (?:waist|hips?)|(?:the|his|her|their) (?:\w+ )?(?:body|torso|trunk|back)\b)"
    r"|stretch\w* with\b"
)
_AT_ELBOW = re.compile(r" at (?:the|his|her|their|each) elbows?")
_RAISED = re.compile(r"(?:raise|lift|rais|hoist|uprais)\w*")
_OWN_ACT = re.compile(r"(?:ƿǀ*|\b(?:he|she|they|who))(?:,? (?:who|\w+ly|now|also|then|simply|just))* $")
_BODILY = re.compile(
    r"\b(?:bend\w*|lean\w*|look\w*|sit\w*|sat|lie\w*|lying|crouch\w*|squat\w*|fac\w+|gaz\w*|kneel\w*|bow\w*"
    r"|hunker\w*|bent|hunch\w*"
    r"|walk\w*|head\w*|calm\w*|settl\w*|stoop\w*|fold\w* over|doubled) $"
)
_SLIGHTLY = re.compile(
    rf",?(?: but| though| if| albeit)? {words.SLIGHT}\b(?! (?:raised|lifted|forward|apart"
    rf"|higher|lower|above|below|in front|behind))"
)
_FRONTED = re.compile(
    r"(?:,|is|are|hovers?|hangs?|rests?|lies|goes|comes|with|has|stretched|stretches|slung|at|reaches|in|,?"
    r" (?:and )?out sideways|held|keeps|holds|'s|'"
    r"|the|his|her|their|both|a|an|one|of|stays|folded|crossed|laid|placed|put|thrown|flung|raised|is seen|can"
    r" be seen|side)"
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A state found in a sentence."""

    start: int
    end: int
    means: dict[str, tuple[str, str]]
    tight: bool = False


@dataclass(frozen=True, kw_only=True)
class Read:
    """A claim with the span of the words that carry its value: a denial inside them is already in the value.

    ``denied``, where it is known, goes before what the words around say.
    """

    claim: Claim
    core: tuple[int, int]
    denied: bool | None = None


def part_claims(sentence: str, plain: str, mentions: list[Mention], parts: list[Part]) -> Iterator[Read]:
    """Every state that is said of a body part; ``plain`` is the sentence with people hidden."""
    if not parts:
        return
    states = _states(sentence, {part.noun for part in parts})
    links: list[tuple[Part, Said]] = []
    for state in states:
        part = _link(sentence, plain, state, states, parts, mentions) if state.means else None
        if part is not None:
            links.append((part, state))
    linked = {part.start for part, _ in links}
    for index, part in enumerate(parts):
        if part.start in linked or part.placed or part.unlike:
            continue
        for neighbour in (*parts[index + 1 : index + 2], *parts[max(index - 1, 0) : index]):
            first, second = sorted((part, neighbour), key=lambda p: p.start)
            if _ANOTHER_CLAUSE.match(sentence, first.end) and _FINITE.match(sentence, second.end):
                continue  # "a cup in the left hand, and his right arm is raised"
            if neighbour.start in linked and JOINED.fullmatch(_masked(sentence, first.end, second.start, mentions)):
                links += [(part, state) for other, state in links if other == neighbour]
                break
    links += list(_shared(sentence, parts, links))
    for part, state in links:
        yield from _claims_of(sentence, part, state)
    for part, state, other in _unlike(parts, links):
        denied = _NEGATION.search(sentence, part.end, state.start) is None or other.start > state.start
        for read in _claims_of(sentence, part, state):
            yield Read(claim=read.claim, core=read.core, denied=denied)
    for part, state, end, denied in _left_out(sentence, plain, parts, links):
        for read in _claims_of(sentence, part, state):
            claim = replace(read.claim, start=part.start, end=max(end, part.end))
            yield Read(claim=claim, core=(end if denied else part.end, end))


def _unlike(parts: list[Part], links: list[tuple[Part, Said]]) -> Iterator[tuple[Part, Said, Part]]:
    """Parts that another is set off against, with its state: "the left knee, unlike the right, is bent"."""
    for part in (one for one in parts if one.unlike and one.sides):
        before = [(other, state) for other, state in links if other.end <= part.start and other.noun == part.noun]
        if before and before[-1][1].start >= part.end:
            yield part, before[-1][1], before[-1][0]


def _left_out(
    sentence: str, plain: str, parts: list[Part], links: list[tuple[Part, Said]]
) -> Iterator[tuple[Part, Said, int, bool]]:
    """Parts of which a state is said by pointing back: "the left knee is bent, the right one isn't", "left leg too"."""
    linked = {part.start for part, _ in links}
    for part in parts:
        if part.start in linked or not part.sides or part.placed:
            continue
        denied = _NOT_SO.match(sentence, part.end)
        same = denied or _SAME.match(sentence, part.end) or _IS_SO.match(plain, part.end)
        if same is None and _SO_IS.search(plain, 0, part.start) is None:
            continue
        before = [(other, _for(state, part)) for other, state in links
                  if other.start < part.start and (other.sides, other.noun) != (part.sides, part.noun)]  # fmt: skip
        last = max((other.start for other, _ in before), default=-1)
        for other, state in before:
            if other.start == last and _meaning(state, part)[0] and _meaning(state, part)[0] != "legs":
                yield part, state, same.end() if same else part.end, denied is not None


def _for(state: Said, part: Part) -> Said:
    """A state with what it would mean for an elbow instead of a knee, and the other way round."""
    meanings = {("elbow" if part.noun in ARM_NOUNS else "knee", value) for kind, value in state.means.values()
                if kind in ("elbow", "knee")}  # fmt: skip
    if _meaning(state, part)[0] or len(meanings) != 1 or part.noun not in ("elbow", "arm", "knee", "leg"):
        return state
    return replace(state, means={**state.means, part.noun: meanings.pop()})


def _shared(sentence: str, parts: list[Part], links: list[tuple[Part, Said]]) -> Iterator[tuple[Part, Said]]:
    """States before one part that hold of the next too: "raises his left arm sideways and his right arm overhead"."""
    for part, state in links:
        if state.end > part.start:
            continue
        other = next((one for one in parts if one.start > part.end), None)
        if other is not None and sentence.startswith("other", other.start):
            continue
        if other is None or not other.sides or other.placed or other.noun != part.noun or other.sides == part.sides:
            continue
        kind = _meaning(state, other)[0]
        own = any(one == other and _meaning(said, other)[0] == kind for one, said in links)
        joined = re.search(r"\band (?:(?:the|his|her|their) )?$", sentence[part.end : other.start])
        verb = re.match(
            r",? (?:is|are|was|has|does|stays|remains|hangs|\w+s (?:the|his|her|a|an|on|at|down|up))\b",
            sentence[other.end :],
        )
        if kind and not own and joined and not verb and not re.search(r"[.;:]", sentence[part.end : other.start]):
            yield other, state


def _states(sentence: str, nouns: set[str]) -> list[Said]:
    """States of parts in order; of overlapping ones the longest, ties together."""
    tables = (*(_ARM_STATES if nouns & ARM_NOUNS else ()), *(_LEG_STATES if nouns & LEG_NOUNS else ()))
    found = sorted(
        (Said(start=match.end() - len(match[0].lstrip()), end=match.end(), means=state.means, tight=state.tight)
         for pattern, cues, state in tables if any(map(sentence.__contains__, cues))
         for match in pattern.finditer(sentence) if not (state.tight and _BODILY.search(sentence[: match.start()]))
         and not _OF_TRUNK.match(sentence, match.end() - len(match[0].lstrip()))),
        key=lambda state: state.start - state.end,
    )  # fmt: skip
    kept: dict[tuple[int, int], Said] = {}
    for state in found:
        if _ADVERB.match(sentence, state.start) and _POSSESSIVE.search(sentence, 0, state.start):
            state = replace(state, start=state.start + len("right "))  # "tucks his right across his belly"
        span = (state.start, state.end)
        if span in kept:
            kept[span] = replace(kept[span], means={**state.means, **kept[span].means})
        elif not any(
            state.start < b and a < state.end and _rivals(state, other) and not _raised_aside(sentence, state, other)
            for (a, b), other in kept.items()
        ):
            kept[span] = state
    return sorted(kept.values(), key=lambda state: state.start)


def _raised_aside(sentence: str, state: Said, other: Said) -> bool:
    """Whether a longer state's verb is one of its own: "raised out to the sides"."""
    kinds = [{kind for kind, _ in one.means.values()} for one in (state, other)]
    return kinds == [{"arm_height"}, {"arm_side"}] and _RAISED.match(sentence, state.start) is not None


def _rivals(state: Said, other: Said) -> bool:
    """Whether two overlapping states speak of the same parts: an arm's words do not hide a leg's."""
    return not state.means or not other.means or bool(state.means.keys() & other.means.keys())


def _claims_of(sentence: str, part: Part, state: Said) -> Iterator[Read]:
    kind, value = _meaning(state, part)
    if kind is None or value is None:
        return
    if kind in ("arm_height", "arm_side") and part.noun == "arm" and _STRAIGHT.search(sentence, state.start, state.end):
        straight = replace(state, means={"arm": ("elbow", "straight")})
        yield from _claims_of(sentence, replace(part, sides=part.sides), straight)
    start, end = min(part.start, state.start), max(part.end, state.end)
    if value == "bent" and (weakened := _SLIGHTLY.match(sentence, end)):
        value, end = "slightly bent", weakened.end()
    if value == "folded" and len(part.sides) == 1 and _CROSSED.match(sentence, state.start):
        kind, value = "arm_side", "across the body"
    if value == "folded" and (elbow := _AT_ELBOW.match(sentence, end)):
        kind, value, end = "elbow", "bent", elbow.end()
    named: tuple[str | None, ...] = (None,)
    if kind != "legs" and part.sides:
        named = tuple(f"{side} {_NOUN_OF[kind]}" for side in part.sides)
    for name in named:
        yield Read(claim=Claim(kind=kind, value=value, start=start, end=end, mention=part.owner, part=name),
                   core=(state.start, state.end))  # fmt: skip


def _meaning(state: Said, part: Part) -> tuple[str | None, str | None]:
    """Kind and value of a state for a part; two legs together have states of their own."""
    if len(part.sides) == 2:
        both = state.means.get("feet" if part.noun == "foot" else f"{part.noun}s")
        if both:
            return both
    return state.means.get(part.noun, (None, None))


def _masked(sentence: str, start: int, end: int, mentions: list[Mention]) -> str:
    """The text between two positions without the people mentioned in it."""
    text = sentence[start:end]
    for mention in reversed(mentions):
        if not mention.pronoun and start <= mention.start and mention.end <= end:
            text = text[: mention.start - start] + text[mention.end - start :]
    return re.sub(r"(?<!\w)'s?(?!\w)|\b(?:of|by|on) (?=\W|$)", " ", text)


def _link(
    sentence: str, plain: str, state: Said, states: list[Said], parts: list[Part], mentions: list[Mention]
) -> Part | None:
    """The part that a state is said of: right after it ("a bent left elbow"), before it, or later in the clause."""
    meant = [part for part in parts if _meaning(state, part)[0]]
    ahead = [part for part in meant if part.start >= state.end]
    if ahead:
        gap = _masked(sentence, state.end, ahead[0].start, mentions)
        for other in states:
            if state.end < other.start and other.end < ahead[0].start:
                gap = gap.replace(sentence[other.start : other.end], " ", 1)
        if not re.search(r"[^\w\s']", gap) and set(gap.split()) <= words.DETERMINERS:
            return ahead[0]
    if _WEIGHT.search(sentence, state.start, state.end):
        return None  # it is on what follows
    inside = [part for part in meant if state.start < part.start and part.end <= state.end]
    for part in reversed([part for part in parts if part.end <= state.start and not part.unlike]):
        if part.placed and part not in meant:
            continue
        if part in meant and _reaches(sentence, plain, part, state, states, parts, mentions):
            return part
        if part not in meant or not part.placed:
            break
    if ahead and _goes_on(sentence, state.end, ahead[0].start, mentions):
        ahead = []
    if ahead and _DOWN_ON.search(sentence, 0, state.start) and _meaning(state, ahead[0])[0] == "leg_lift":
        ahead = []  # "sits on the floor with the left leg straight"
    if ahead and not (ahead[0].placed and ahead[0].noun not in ("elbow", "knee")):
        before = sentence[: state.start]
        if _of_a_thing(plain, state, ahead[0]):
            return None  # "brings the cup up with his left hand"
        if not (state.tight and "," in sentence[state.end : ahead[0].start]) and _fronts(
            _masked(sentence, state.end, ahead[0].start, mentions), bool(re.search(r"\w{3,} \w+ \w+", before))
        ):
            return ahead[0]
    return inside[0] if inside else None


def _of_a_thing(plain: str, state: Said, part: Part) -> bool:
    """Whether it is a thing that is up, or held up, with a limb."""
    gap = _WITH_LIMB.fullmatch(plain, state.end, part.start)
    return gap is not None and (gap["object"] is not None or _OBJECT.search(plain, 0, state.start) is not None)


def _goes_on(sentence: str, start: int, end: int, mentions: list[Mention]) -> bool:
    """Whether a clause of its own is between: "on the floor, the man keeps" the left leg straight."""
    return any(
        start <= m.start and m.end <= end and not m.pronoun
        and "," in sentence[start : m.start] and not sentence.startswith("'", m.end)
        for m in mentions
    )  # fmt: skip


def _reaches(
    sentence: str, plain: str, part: Part, state: Said, states: list[Said], parts: list[Part], mentions: list[Mention]
) -> bool:
    """Whether nothing between a part and a later state starts something new."""
    gap = _masked(sentence, part.end, state.start, mentions)
    if _ON_OTHER.search(gap):
        return False
    if _IT.search(sentence[: state.start]):
        return True
    acts = not part.owner and re.match(
        r"\w+[^s\W]s\b(?! (?:the|his|her|their|both|an?|it|them)\b)", sentence[state.start :]
    )
    if acts and _OWN_ACT.search(plain, 0, state.start):
        return False  # "Her legs straight, the lady bends down"
    gap = _JUST_AS.sub("", _NEAR_BODY.sub("", _IT_IS.sub(" is", gap)))
    if gap.startswith(":") and _LABEL.search(sentence, 0, part.start):
        gap = gap[1:]  # "Left arm: raised"
    if any(_is_new(sentence, part.end, m) for m in mentions if part.end <= m.start and m.end <= state.start):
        return False
    for other in states:
        if part.end <= other.start and other.end <= state.start:
            gap = gap.replace(sentence[other.start : other.end], " ", 1)
    for other in parts:
        if part.end <= other.start and other.end <= state.start:
            gap = gap.replace(sentence[other.start : other.end], " ", 1)
    if state.tight:
        return not set(re.findall(r"[\w']+", gap)) - words.CONNECTORS and not re.search(r"[.;:()]", gap)
    return not words.BLOCKERS.search(gap) and len(gap.split()) <= 9


def _fronts(gap: str, late: bool) -> bool:
    """Whether a state that opens a clause may speak of a part after it: "Overhead, her left arm points ..."."""
    left_over = _FRONTED.sub(" ", gap) if not late else gap
    if late:
        return (
            re.fullmatch(
                r"\s*(?:with|at|in|of|from|to|for|on|is|that|about) (?:(?:the|his|her|their|both"
                r"|one) )?(?:of )?\s*",
                gap,
            )
            is not None
        )
    return (
        not re.search(r"[.;:()]|\band (?!out)", gap)
        and len(left_over.split()) <= 2
        and not re.search(r"\b(?:he|she|they|but|while)\b(?! has)", gap)
    )


def _is_new(sentence: str, start: int, mention: Mention) -> bool:
    """Whether a person named after a part is someone that a new clause is about, not the part's owner."""
    if mention.pronoun or mention.aside or sentence.startswith("'s", mention.end):
        return False
    return not re.search(r"\b(?:of|by|at|on|,) $", sentence[start : mention.start])
