"""How a judge agrees with people and with the pose judge about the answers that lie beside its card, kind by kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.evaluation.statistics.agreement import spearman, weighted_kappa
from llavapose.evaluation.statistics.intervals import Estimate
from llavapose.evaluation.tables.ratings import Rating
from llavapose.evaluation.tables.verdicts import about, judges_found, ratings_of, read_verdicts
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, CONTROL_ARMS, PEOPLE, POSE

PEERS = (PEOPLE, POSE)

Answers = Mapping[tuple[str, tuple[str, str]], Rating]
"""An arm and a question -> its rating."""


def agreement_with_peers(folder: Path, judge: str) -> list[dict[str, Any]]:
    """Rows of with, kind, measure, value, low, high, num; none where the judge or the others left no verdicts here.

    Ranks alone are compared with the pose judge, whose scale is its own. Controls are left out.
    """
    there = judges_found([folder])
    if judge not in there:
        return []
    own, rows = _answers(folder, judge), []
    for peer in (one for one in PEERS if one in there):
        others = _answers(folder, peer)
        common = [(own[key], others[key]) for key in own if key in others]
        for kind in (*rated_kinds(), ALL):
            pairs = [(one, other) for one, other in common if kind in (ALL, one.kind)]
            if pairs:
                rows += [
                    {"with": peer, "kind": kind, "measure": name, "value": found.value, "low": found.low,
                     "high": found.high, "num": found.num}
                    for name, found in _measures(pairs, ranks_alone=peer == POSE).items()
                ]  # fmt: skip
    return rows


def _measures(pairs: Sequence[tuple[Rating, Rating]], *, ranks_alone: bool) -> dict[str, Estimate]:
    first, second = ([one.rating or 0.0 for one in side] for side in zip(*pairs, strict=True))
    images = [one.scene_id for one, _ in pairs]
    found = {"spearman": spearman(first, second, images)}
    return found if ranks_alone else found | {"weighted_kappa": weighted_kappa(first, second, images)}


def _answers(folder: Path, judge: str) -> Answers:
    lines = read_verdicts(folder, judge)
    arms = dict.fromkeys(str(line["arm"]) for line in lines if line["arm"] not in CONTROL_ARMS)
    return {(arm, one.question): one for arm in arms for one in ratings_of(about(lines, arm)) if one.rating is not None}
