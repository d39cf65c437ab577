"""Differences as readers see them: every arm beside the baseline, every other model beside ours."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.kinds import rated_kinds
from llavapose.records import ALL, POSE
from llavapose.report.tables.ablation import (
    CONTROLS,
    benchmark_told,
    blind_mark,
    by_judge,
    controls_of_frames,
    counts_told,
    gap_told,
    interval_told,
    questions_told,
    ratings_order_told,
)
from llavapose.report.tables.grid import HOLE_MARK, Grid, interval, number
from llavapose.report.tables.holes import unscored_told
from llavapose.report.tables.parties import judge_named, parties_told

SEEN_MARK = "*"
"""Behind a difference that is no chance, all tests of its table counted."""
SEEN = 0.05
WORTH = (
    f"{SEEN_MARK}: p below 5% after Holm over all arms and kinds of the table; p (Holm) is that of {ALL}. p: signs "
    "flipped over images, with several training seeds the interval's own t. gain: in percent of the other's score; "
    "none of the pose judge's, whose scale has no zero."
)
BOUNDS = "if missing: the difference's bounds, were every missing rating a 1 or a 10."


def difference_grids(rows: Sequence[Mapping[str, Any]]) -> dict[str, Grid]:
    """Judge -> the differences to the baseline by kind, with gain and p; none without a baseline."""
    found = {}
    for judge, of_judge in by_judge(rows).items():
        tested = _by_arm(row for row in of_judge if not math.isnan(row["diff"]))
        if any(not math.isnan(row["p"]) for row in of_judge):
            found[judge] = Grid(
                title=f"Differences to baseline, judge {judge_named(judge, rows)}{benchmark_told(of_judge)}",
                header=("arm", *rated_kinds(), ALL, *_HEADER),
                rows=tuple((arm, *_differences(kinds), *_worth(kinds[ALL])) for arm, kinds in tested.items()),
                note=" ".join(
                    (
                        f"Rating x 10 {interval_told(of_judge)}",
                        *questions_told(of_judge),
                        *parties_told(of_judge),
                        WORTH,
                        *_bounds(of_judge),
                        *gap_told(of_judge),
                    )
                ),
            )
    return found


def comparison_grids(rows: Sequence[Mapping[str, Any]]) -> dict[str, Grid]:
    """Judge -> the papers' form: a model a row, a kind a column, and how far ours is above it.

    Where a sweep of settings sets several arms of ours apart, judge and arm -> the comparison of each.
    """
    found = {}
    for (judge, ours), of_judge in _compared(rows).items():
        several = len({one for named, one in _compared(rows) if named == judge}) > 1
        moved = controls_of_frames(of_judge)
        body = []
        for arm, kinds in _by_arm(of_judge).items():
            total = kinds[ALL]
            scores = [interval(kinds[kind], "score", "low", "high", 1) for kind in (*rated_kinds(), ALL)]
            scores[-1] = f"{scores[-1]} {blind_mark(total)}".strip()
            controls = [number(total[name], 1) for name in ("shuffled", *moved, "no_picture")]
            body.append((arm, *scores, *controls, _told(total), *_worth(total)[:-1], counts_told(total)))
        found[f"{judge}_{ours}" if several else judge] = Grid(
            title=f"Comparison{f' of {ours}' if several else ''}, judge {judge_named(judge, rows)}"
            + benchmark_told(of_judge),
            header=(
                "model",
                *rated_kinds(),
                ALL,
                "shuffled",
                *moved.values(),
                "no picture",
                f"{ours} less model",
                *_HEADER[:-1],
                "n",
            ),
            rows=tuple(body),
            note=" ".join(
                (
                    f"Mean rating x 10 {interval_told(of_judge)}",
                    *questions_told(of_judge),
                    *unscored_told(of_judge),
                    *parties_told(of_judge),
                    CONTROLS,
                    *ratings_order_told(of_judge),
                    WORTH,
                    *_bounds(of_judge),
                    *gap_told(of_judge),
                )
            ),
        )
    return found


def _compared(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Judge and our arm -> the rows of one comparison."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["judge"], row["ours"]].append(row)
    return dict(found)


_HEADER = ("gain", "p (Holm)", "if missing", "n both")


def _by_arm(rows) -> dict[str, dict[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        found[row["arm"]][row["kind"]] = row
    return {arm: kinds for arm, kinds in found.items() if ALL in kinds}


def _differences(kinds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [_told(kinds[kind]) if kind in kinds else HOLE_MARK for kind in (*rated_kinds(), ALL)]


def _told(row: Mapping[str, Any]) -> str:
    mark = f" {SEEN_MARK}" if row["p_holm"] < SEEN else ""
    return interval(row, "diff", "diff_low", "diff_high", 1, sign=True) + mark


def _worth(row: Mapping[str, Any]) -> tuple[str, ...]:
    percent = math.nan if row["judge"] == POSE else row["gain"]
    gain = HOLE_MARK if math.isnan(percent) else f"{number(percent, 1, sign=True)}%"
    p = HOLE_MARK if math.isnan(row["p_holm"]) else "<0.001" if row["p_holm"] < 0.001 else number(row["p_holm"], 3)
    ends = [number(row[f"diff_if_missing_{end}"], 1, sign=True) for end in ("low", "high")]
    bounds = " to ".join(ends) if _is_bounded(row) else HOLE_MARK
    return gain, p, bounds, f"{row['num_common']:.0f}"


def _bounds(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [BOUNDS] if any(map(_is_bounded, rows)) else []


def _is_bounded(row: Mapping[str, Any]) -> bool:
    """Whether a missing rating could have moved the difference."""
    return row["diff_if_missing_low"] < row["diff_if_missing_high"]
