"""Who is who, where words leave it open: "the woman in pink" may be anybody whom all that is said of her can fit.

A text is contradicted only if it is under every way to give its people to those of the picture; then by what is wrong
in the way that leaves least wrong.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from llavapose.pose.claims.words.people import COLOURS, HE, SHE
from llavapose.records import Claim

MAX_OPEN = 4
"""People without a certain person; a text with more of them is left open."""
MAX_TRIED = 20_000
"""Ways times claims; a text with more is left open."""

_COLOURS = re.compile(rf"\b(?:{COLOURS})\b")
_HE, _SHE = re.compile(HE), re.compile(SHE)
_OTHER = re.compile(r"^(?:another|the other|the second|the third)\b")
_WORN = re.compile(rf"\b(?:in|wearing|dressed in) (?:an? |the )?(?P<worn>(?:(?:{COLOURS})(?: and )?)+)(?P<what> \w+)?")


def open_people(claims: Sequence[Claim], meant: Callable[[str | None], tuple[int, ...]]) -> tuple[str, ...]:
    """Names of single people, in order, whom ``meant`` gives nobody."""
    names = [claim.mention for claim in claims if claim.kind != "count"]
    names += [claim.target for claim in claims if claim.kind in ("side_of", "nearest", "order")]
    return tuple(dict.fromkeys(name for name in names if name and not meant(name)))


def ways(names: Sequence[str], people: Sequence[int], num_claims: int) -> Iterator[dict[str, int]]:
    """Every way to give names to people that keeps apart who cannot be one person.

    Args:
        names: of ``open_people``.
        people: indices of those whom the text may speak of.
        num_claims: that each way is tried on.
    """
    if len(names) > MAX_OPEN or len(people) ** len(names) * num_claims > MAX_TRIED:
        return
    apart = [(a, b) for a, b in itertools.combinations(range(len(names)), 2) if _differ(names[a], names[b])]
    for chosen in itertools.product(people, repeat=len(names)):
        if all(chosen[a] != chosen[b] for a, b in apart):
            yield dict(zip(names, chosen, strict=True))


def _differ(one: str, other: str) -> bool:
    """Whether two names can belong to no one person."""
    if (_HE.search(one) and _SHE.search(other)) or (_SHE.search(one) and _HE.search(other)):
        return True
    if _OTHER.match(other):
        return True
    first, second = _WORN.search(one), _WORN.search(other)
    if not first or not second or (first["what"] or "") != (second["what"] or ""):
        return False
    return not set(_COLOURS.findall(first["worn"])) & set(_COLOURS.findall(second["worn"]))
