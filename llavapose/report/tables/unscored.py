"""Why questions have no rating, as notes say it: what is missing apart from what nobody is rated on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.evaluation.tables.ratings import MISSING
from llavapose.records import ALL

EXPLAINED = {"needs no picture": "needs no picture, as the commonest answer is right too often"}
"""What a reason means, where its few words do not say it."""


def unscored_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of how many questions of each arm there is no rating, and why; nothing where all have one, or nothing tells."""
    totals = [row for row in rows if row["kind"] == ALL]
    asked = [row["arm"] for row in totals if row["num_scored"] or row.get("num_unscored", 0) > 0]
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in totals:
        for told in filter(None, row["unscored"].split("; ")):
            count, _, why = told.partition(" x ")
            found[why][row["arm"]] = int(count)
    unscored = [_told(why, of, asked) for why, of in found.items() if not why.startswith(MISSING)]
    missing = [_told(why.removeprefix(MISSING), of, asked) for why, of in found.items() if why.startswith(MISSING)]
    return [f"{name}: {'; '.join(told)}." for name, told in (("Unscored", unscored), ("Missing", missing)) if told]


def _told(why: str, counts: Mapping[str, int], asked: Sequence[str]) -> str:
    """Such as "3 of every arm (needs no picture)", or "full 2, conv 1 (no answer)"."""
    alike = len(set(counts.values())) == 1 and set(counts) == set(asked) and len(asked) > 1
    whose = f"{max(counts.values())} of every arm" if alike else ", ".join(f"{a} {n}" for a, n in counts.items())
    return f"{whose} ({EXPLAINED.get(why, why)})"
