"""Plots of what ratings are worth: what length does to them, how far judges and raters agree, what people say."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.evaluation.tables.debiased import DIFFERENCE
from llavapose.records import ALL
from llavapose.report.plots.drawing import Axis, Plot, interval_plot

Row = Mapping[str, Any]

LENGTHS = {"length_free_diff": "at equal length", "length_slope": "a doubling goes with"}
DEBIASED = {"judge_alone": "judge alone", "people": "people alone", "debiased": "debiased"}
AGREEMENTS = {"spearman": "Spearman", "weighted_kappa": "weighted kappa", "alpha": "alpha"}
MOST_PAIRS = 28
"""Of raters, in one plot: the pairs of eight; of more those that agree least."""


def lengths_plot(judging: Sequence[Row], scores: Sequence[Row]) -> Plot | None:
    """The difference to the baseline as it is, at equal length, and what a doubling of the length goes with.

    Args:
        judging: rows of ``judging.csv``.
        scores: rows of ``ablation.csv`` of one judge.

    Returns:
        None where the answers' lengths are not known.
    """
    judge = scores[0]["judge"] if scores else ""
    found = {
        (row["arm"], row["measure"]): row for row in judging if row["judge"] == judge and row["measure"] in LENGTHS
    }
    arms = list(dict.fromkeys(row["arm"] for row in scores))
    totals = {row["arm"]: row for row in scores if row["kind"] == ALL and (row["arm"], "length_slope") in found}
    if not totals:
        return None
    raw = [
        {"value": row["diff"], "low": row["diff_low"], "high": row["diff_high"]} if (row := totals.get(arm)) else None
        for arm in arms
    ]
    groups = {"difference": raw}
    groups |= {name: [found.get((arm, measure)) for arm in arms] for measure, name in LENGTHS.items()}
    return _plot(groups, arms, "rating × 10, to the baseline", None, None, 0)


def agreement_plot(rows: Sequence[Row]) -> Plot | None:
    """How far each two judges agree on answers, a pair a colour; None where there are no two.

    Args:
        rows: of ``agreement.csv``.
    """
    found = {
        (" and ".join(filter(None, (row["first"], row["second"]))), row["measure"]): row
        for row in rows
        if row["over"] == "answers" and row["measure"] in AGREEMENTS and not math.isnan(row["value"])
    }
    pairs = list(dict.fromkeys(pair for pair, _ in found))
    if not pairs:
        return None
    groups = {name: [found.get((pair, measure)) for pair in pairs] for measure, name in AGREEMENTS.items()}
    groups = {name: group for name, group in groups.items() if any(group)}
    return _plot(groups, pairs, "agreement on answers (1 whole, 0 none)", None, 1.02, 0)


def raters_plot(rows: Sequence[Row], over: str) -> Plot | None:
    """Alpha of all raters and weighted kappa of each two, a pair a colour; None where there are no two.

    Args:
        rows: of ``raters.csv``.
        over: what was rated, "ratings" or "preferences".
    """
    known = [row for row in rows if row["over"] == over and not math.isnan(row["value"])]
    every = [row for row in known if row["measure"] == "alpha"]
    pairs = [row for row in known if row["measure"] == "weighted_kappa"]
    shown, kappa = pairs, "weighted kappa"
    if len(pairs) > MOST_PAIRS:
        least = sorted(row["value"] for row in pairs)[:MOST_PAIRS][-1]
        shown = [row for row in pairs if row["value"] <= least][:MOST_PAIRS]
        kappa = f"weighted kappa, lowest {MOST_PAIRS} of {len(pairs)}"
    if not pairs:
        return None
    names = [" and ".join(filter(None, (row["first"], row["second"]))) for row in (*every, *shown)]
    groups = {"alpha": [*every, *[None] * len(shown)], kappa: [*[None] * len(every), *shown]}
    groups = {name: group for name, group in groups.items() if any(group)}
    return _plot(groups, names, "agreement (1 whole, 0 none)", None, 1.02, 0)


def debiased_plot(rows: Sequence[Row]) -> Plot | None:
    """Differences to the baseline by the judge alone, by people alone, and debiased; None where none is debiased.

    Args:
        rows: of ``debiased.csv``, of one judge.
    """
    totals = {row["arm"]: row for row in rows if row["kind"] == ALL and row["measure"] == DIFFERENCE}
    if all(math.isnan(row["debiased"]) for row in totals.values()):
        return None
    groups = {
        told: [{"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]} for row in totals.values()]
        for name, told in DEBIASED.items()
    }
    return _plot(groups, list(totals), "rating × 10, to the baseline", None, None, 0)


def _plot(
    groups: Mapping[str, Sequence[Row | None]], arms: Sequence[str], name: str, low: float | None, high: float | None,
    line: float,
) -> Plot:  # fmt: skip
    """Without what has no interval: of one picture there is none."""
    whole = {
        group: [row if row is not None and not math.isnan(row["value"]) else None for row in rows]
        for group, rows in groups.items()
    }
    return interval_plot(whole, arms, Axis(name=name, low=low, high=high, line=line), value="value")
