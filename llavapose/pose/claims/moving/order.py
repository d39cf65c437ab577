"""Who moves before whom."""

import re
from collections.abc import Iterator, Sequence

from llavapose.pose.claims.mentions import Mention
from llavapose.pose.claims.moving.verbs import Moved, forms, happens
from llavapose.records import Claim

_ACTS = forms("move/s/d/moving start/s/ed/ing begin/s/ning/began act/s/ed/ing go/es/ing/went react/s/ed/ing")
_START = rf"(?P<verb>{_ACTS})(?: to move| moving| to act| out| off)?"
_THAN = re.compile(
    rf"\b{_START}(?: \w+ly| a (?:little|moment|second)| just| shortly| right| earlier| later"
    rf"| first)*,? (?P<value>before|after) (?=ƿ)"
)
_FIRST = re.compile(
    rf"\b{_START}(?: \w+ly)* (?:first|earliest|earlier)\b(?! (?:to|toward|towards|with|the|his|her|their)\b)"
    rf"|\b(?P<verb_is>is|was) (?:the )?(?:first|earlier) (?:one )?(?:to (?:move|start|begin|act|go)|who moves)\b"
    rf"|\b(?P<verb_makes>makes|made) the first move\b"
)
_LAST = re.compile(
    rf"\b{_START}(?: \w+ly)* (?:second|last|later|afterwards?)\b"
    rf"|\b(?P<verb_is>is|was) (?:the )?(?:second|last) (?:one )?(?:to (?:move|start|begin|act|go)|who moves)\b"
)
_ALSO = re.compile(r"(?: \w+ly| just| shortly| right| a moment)* ?(?P<value>before|after) (?=ƿ)")
_DONE_FIRST = re.compile(r"(?: \w+ly)* first(?=[,.;:]|$| and )")
_FOLLOWED = re.compile(r"(?: \w+ly| first)*,? (?:and (?:is )?)?(?:then )?followed (?:\w+ )?by (?=ƿ)")
_OTHER = "the other person"


def order_motions(
    plain: str, mentions: Sequence[Mention], moved: Sequence[Moved], owners: Sequence[str | None]
) -> Iterator[Moved]:
    """Which of two people begins.

    Args:
        plain: the sentence with people hidden.
        mentions: of the sentence.
        moved: what was read in it of bodies and limbs.
        owners: whom each of them is about.
    """
    several = any(mention.several for mention in mentions)
    at = {mention.start: mention for mention in mentions if not mention.pronoun}
    for match in _THAN.finditer(plain):
        if happens(plain, match, several):
            yield _moved(match["value"], match.start(), match.end() - 1, at[match.end()].text)
    for value, pattern in (("before", _FIRST), ("after", _LAST)):
        for match in pattern.finditer(plain):
            if match["verb"] is None or happens(plain, match, several):
                yield _moved(value, match.start(), match.end(), None)
    for one, owner in zip(moved, owners, strict=True):
        if not one.claim.kind:
            continue
        if (also := _ALSO.match(plain, one.claim.end)) and at[also.end()].text != owner:
            yield _moved(also["value"], one.verb, also.end() - 1, at[also.end()].text)
        elif (then := _FOLLOWED.match(plain, one.claim.end)) and at[then.end()].text != owner:
            yield _moved("before", one.verb, then.end() - 1, at[then.end()].text)
        elif (first := _DONE_FIRST.match(plain, one.claim.end)) and _another(owner, mentions):
            yield _moved("before", one.verb, first.end(), None)


def target_of(subject: str | None, mentions: Sequence[Mention], earlier: Sequence[str]) -> str:
    """Before or after whom, where the words say "first" alone: the other one who is named."""
    return _another(subject, mentions) or next((name for name in reversed(earlier) if name != subject), _OTHER)


def _another(subject: str | None, mentions: Sequence[Mention]) -> str | None:
    others = [m.text for m in mentions if not m.pronoun and not m.several and m.text != subject]
    return others[0] if others else None


def _moved(value: str, start: int, end: int, target: str | None) -> Moved:
    claim = Claim(kind="order", value=value, target=target, start=start, end=end)
    return Moved(claim=claim, verb=start, hidden=(start, end))
