"""Plots of arms: scores, skills and similarities with their intervals, quality against latency, training curves."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib import pyplot
from matplotlib.ticker import LogLocator

from llavapose.kinds import rated_kinds
from llavapose.records import ALL, POSE
from llavapose.report.plots.drawing import COLOURS, NARROW_INCHES, STYLE, WIDE_INCHES, Axis, Plot, interval_plot, svg

MARGIN = 4
"""Room behind the outermost end of an interval of scores, so that none looks cut."""


def score_plot(rows: Sequence[Mapping[str, Any]]) -> Plot:
    """Scores of ``ablation.csv`` by kind, an arm a colour, with 95% intervals; arms without scores are left out."""
    found = {(row["arm"], row["kind"]): row for row in rows if not math.isnan(row["score"])}
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    ends = [row[name] for row in found.values() for name in ("low", "score", "high") if not math.isnan(row[name])]
    axis = Axis(
        name="mean rating × 10",
        low=min([0, *(end - MARGIN for end in ends)]),
        high=max([104, *(end + MARGIN for end in ends)]),
        line=10,
        line_name="adds nothing" if rows and rows[0]["judge"] == POSE else "",
    )
    groups = {kind: [found.get((arm, kind)) for arm in arms] for kind in (*rated_kinds(), ALL)}
    return interval_plot(groups, arms, axis, value="score")


def skill_plot(rows: Sequence[Mapping[str, Any]], arms: Sequence[str]) -> Plot:
    """Skills of ``probe.csv``: one person, several, all, and the controls that were probed, with 95% intervals."""
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows if not math.isnan(row["skill"])}
    columns = (
        ("one person", "true", f"{ALL} (one person)"),
        ("several people", "true", f"{ALL} (several people)"),
        (ALL, "true", ALL),
        ("all, shuffled pictures", "shuffled", ALL),
        ("all, no picture", "no_picture", ALL),
    )
    axis = Axis(name="probe skill (0 chance, 1 all right)", low=None, high=1.02, line=0)
    groups = {name: [found.get((arm, pictures, group)) for arm in arms] for name, pictures, group in columns}
    groups = {name: group for name, group in groups.items() if any(group)} or groups
    return interval_plot(groups, arms, axis, value="skill")


def similarity_plot(told: Mapping[str, Mapping[str, Mapping[str, float]]], arms: Sequence[str]) -> Plot | None:
    """Mean keypoint similarity by joint, by visibility and by size, an arm a colour; None where no arm has any.

    Args:
        told: arm -> "joint", "visibility" or "size" -> name -> mean.
        arms: in the tables' order, which fixes the colours.
    """
    parts: dict[str, dict[str, list[float]]] = {}
    for arm, groups in told.items():
        for group, means in groups.items():
            for name, value in means.items():
                # Left and right of one part side by side would be seventeen columns: their mean is one.
                part = re.sub("^(left|right) (.*)$", r"\2s", name) if group == "joint" else name
                parts.setdefault(part, {}).setdefault(arm, []).append(value)
    if not parts:
        return None
    rows: dict[str, list[Mapping[str, Any] | None]] = {}
    for part, of_arm in parts.items():
        means = [_mean(of_arm[arm]) if arm in of_arm else None for arm in arms]
        rows[part] = [None if one is None else {"mean": one, "low": one, "high": one} for one in means]
    return interval_plot(rows, arms, Axis(name="mean keypoint similarity", low=0, high=1.02, line=1), value="mean")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def latency_plot(efficiency: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]) -> Plot | None:
    """Quality against latency: an arm a dot with its name, seconds of one answer on a logarithmic axis.

    Args:
        efficiency: rows of ``efficiency.csv``.
        scores: rows of ``ablation.csv`` of one judge.

    Returns:
        None where no arm has both.
    """
    rated = {row["arm"]: row for row in scores if row["kind"] == ALL and not math.isnan(row["score"])}
    arms = list(dict.fromkeys(row["arm"] for row in scores))
    dots = [(row, rated[row["arm"]]) for row in efficiency if row["arm"] in rated and row["answer_s"] > 0]
    if not dots:
        return None
    drawn = []
    for width, font in ((WIDE_INCHES, 11), (NARROW_INCHES, 10)):
        with pyplot.rc_context({**STYLE, "font.size": font, "svg.hashsalt": f"llavapose latency {width}"}):
            figure, axes = pyplot.subplots(figsize=(width, 3.6), layout="constrained")
            for cost, score in dots:
                colour = COLOURS[arms.index(score["arm"]) % len(COLOURS)]
                axes.vlines(cost["answer_s"], score["low"], score["high"], color=colour, linewidth=2.2, alpha=0.55)
                axes.plot(cost["answer_s"], score["score"], "o", color=colour, markersize=6.5)
                axes.annotate(score["arm"], (cost["answer_s"], score["score"]), (7, 4), textcoords="offset points")
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("{x:g}")
            # Room for the last name, which stands on the right of its dot.
            axes.margins(x=0.25, y=0.15)
            axes.set_xlabel("seconds an answer, asked alone")
            axes.set_ylabel("mean rating × 10")
            drawn.append(svg(figure))
    return Plot(wide=drawn[0], narrow=drawn[1])


def training_plot(curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], arms: Sequence[str]) -> Plot:
    """Loss over steps: thin for training, dashed with dots for held-out samples.

    Args:
        curves: arm -> metric ("train/loss", "val/loss") -> (step, value) in order.
        arms: in the tables' order, which fixes the colours.
    """
    return Plot(
        wide=_curves(curves, arms, (WIDE_INCHES, 3.4), STYLE),
        narrow=_curves(
            curves, arms, (NARROW_INCHES, 4.6), {**STYLE, "font.size": 10, "svg.hashsalt": "llavapose narrow"}
        ),
    )


def _curves(
    curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    arms: Sequence[str],
    size: tuple[float, float],
    style: Any,
) -> Markup:
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        for number, arm in enumerate(arms):
            colour = COLOURS[number % len(COLOURS)]
            for metric, line in (("train/loss", "-"), ("val/loss", "o--")):
                points = curves.get(arm, {}).get(metric, ())
                if points:
                    xs, ys = zip(*points, strict=True)
                    name = arm if metric == "train/loss" else f"{arm}, held out"
                    axes.plot(xs, ys, line, color=colour, linewidth=1.4, markersize=4, label=name)
        axes.set_xlabel("step")
        axes.set_ylabel("loss a supervised token")
        axes.set_ylim(bottom=0)
        figure.legend(ncols=2, fontsize=9, loc="outside upper center") if size[0] < WIDE_INCHES else axes.legend(
            ncols=2, fontsize=9
        )
        return svg(figure)
