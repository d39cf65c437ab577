"""Plots for the page, as SVG: scores and skills with their intervals, and training curves, each for two widths.

A plot made for a desk cannot be read at a telephone's 390 pixels: shrunk, its letters are five high. So each is drawn
twice, and the page's style shows one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

from markupsafe import Markup
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from llavapose.kinds import rated_kinds
from llavapose.records import ALL, POSE

COLOURS = ("#1b6ca8", "#d1495b", "#3c8d53", "#c98a0b", "#767b87", "#7b4fa3", "#1f9aa0", "#8a5a44")
"""Arms in the tables' order; told apart also by lightness."""

MARGIN = 4
"""Room behind the outermost end of an interval of scores, so that none looks cut."""

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "llavapose",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa0a6",
    "axes.labelcolor": "#1f2328",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8eaed",
    "xtick.color": "#3c4043",
    "ytick.color": "#3c4043",
    "legend.frameon": False,
}


NARROW_INCHES = 4.2
"""Width of a plot for telephones: 302 points, shown on 350 or so pixels, so that 10 points are 11 pixels."""
WIDE_INCHES = 8.6
LEGEND_CHARS = 92
"""What a line of a wide plot's legend holds, five for each mark; more would leave no room for the plot."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One plot, drawn for a wide and for a narrow screen."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """The axis of the values: its name, its ends (None: as the values have it), and a line with what it means."""

    name: str
    low: float | None
    high: float
    line: float
    line_name: str = ""


def score_plot(rows: Sequence[Mapping[str, Any]]) -> Plot:
    """Scores of ``ablation.csv`` by kind, an arm a colour, with 95% intervals; arms without scores are left out."""
    found = {(row["arm"], row["kind"]): row for row in rows if not math.isnan(row["score"])}
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    ends = [row[name] for row in found.values() for name in ("low", "score", "high") if not math.isnan(row[name])]
    axis = _Axis(
        name="mean rating × 10",
        low=min([0, *(end - MARGIN for end in ends)]),
        high=max([104, *(end + MARGIN for end in ends)]),
        line=10,
        line_name="adds nothing" if rows and rows[0]["judge"] == POSE else "",
    )
    groups = {kind: [found.get((arm, kind)) for arm in arms] for kind in (*rated_kinds(), ALL)}
    return _interval_plot(groups, arms, axis, value="score")


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
    axis = _Axis(name="probe skill (0 chance, 1 all right)", low=None, high=1.02, line=0)
    groups = {name: [found.get((arm, pictures, group)) for arm in arms] for name, pictures, group in columns}
    groups = {name: group for name, group in groups.items() if any(group)} or groups
    return _interval_plot(groups, arms, axis, value="skill")


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
    return _interval_plot(rows, arms, _Axis(name="mean keypoint similarity", low=0, high=1.02, line=1), value="mean")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


_Groups = Mapping[str, Sequence[Mapping[str, Any] | None]]


def _interval_plot(groups: _Groups, arms: Sequence[str], axis: _Axis, *, value: str) -> Plot:
    """Wide: groups side by side, arms by colour. Narrow: groups one below the other, arms by name."""
    chars = [5 + len(arm) for arm in arms] or [1]
    num_columns = len(chars) if sum(chars) <= LEGEND_CHARS else max(1, LEGEND_CHARS // max(chars))
    more_lines = max(0, -(-len(arms) // num_columns) - 1)
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(WIDE_INCHES, 3.6 + 0.22 * more_lines), layout="constrained")
        _intervals(axes, list(groups.values()), arms, value=value)
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside upper center", ncols=num_columns, handletextpad=0.2)
        axes.set_xticks(range(len(groups)), list(groups), rotation=30 if len(groups) > 8 else 0)
        axes.set_ylim(axis.low, axis.high)
        axes.axhline(axis.line, color="#5f6368", linewidth=1)
        if axis.line_name:
            # Behind the axis's right end, where no point can lie.
            axes.annotate(axis.line_name, (1, axis.line), xycoords=("axes fraction", "data"), xytext=(4, 0),
                          textcoords="offset points", color="#5f6368", fontsize=8, va="center")  # fmt: skip
        axes.set_ylabel(axis.name)
        wide = _svg(figure)
    return Plot(wide=wide, narrow=_narrow_intervals(groups, arms, axis, value=value))


def _narrow_intervals(groups: _Groups, arms: Sequence[str], axis: _Axis, *, value: str) -> Markup:
    """A panel a group, an arm a line with its name in front: as high as it must be, never wider than a telephone."""
    shown = [arm for number, arm in enumerate(arms) if any(group[number] for group in groups.values())]
    lines = max(1, len(shown))
    with pyplot.rc_context({**_STYLE, "font.size": 10, "svg.hashsalt": "llavapose narrow"}):
        # A line is 17 points high, a panel's heading and the gap below it 24.
        height = (len(groups) * (17 * lines + 24) + 36) / 72
        figure, panels = pyplot.subplots(
            len(groups), figsize=(NARROW_INCHES, height), sharex=True, squeeze=False, layout="constrained"
        )
        for axes, (name, group) in zip(panels[:, 0], groups.items(), strict=True):
            for number, arm in enumerate(arms):
                row = group[number]
                if row is not None:
                    colour, place = COLOURS[number % len(COLOURS)], shown.index(arm)
                    axes.hlines(place, row["low"], row["high"], color=colour, linewidth=2.2, alpha=0.55)
                    axes.plot(row[value], place, "o", color=colour, markersize=6.5)
            axes.set_title(name, loc="left", fontsize=10, fontweight="bold")
            axes.set_yticks(range(len(shown)), [_short(arm) for arm in shown])
            axes.set_ylim(lines - 0.4, -0.6)
            axes.axvline(axis.line, color="#5f6368", linewidth=1)
            axes.grid(axis="y", visible=False)
        # When all is drawn: without a lower end of its own the axis has that of the widest panel.
        panels[-1, 0].set_xlim(axis.low, axis.high)
        panels[-1, 0].set_xlabel(axis.name)
        return _svg(figure)


def _short(arm: str) -> str:
    """A name for a telephone: its end stays, by which the arms of a sweep of settings differ."""
    return arm if len(arm) <= 18 else f"{arm[:7]}…{arm[-10:]}"


def _intervals(
    axes: Axes, groups: Sequence[Sequence[Mapping[str, Any] | None]], arms: Sequence[str], *, value: str
) -> None:
    """Dots with whiskers side by side within each group."""
    for number, arm in enumerate(arms):
        shift = (number - (len(arms) - 1) / 2) * 0.8 / max(1, len(arms))
        points = [(x + shift, group[number]) for x, group in enumerate(groups)]
        shown = [(x, row[value], row["low"], row["high"]) for x, row in points if row is not None]
        if not shown:
            continue
        xs, values, lows, highs = zip(*shown, strict=True)
        colour = COLOURS[number % len(COLOURS)]
        axes.vlines(xs, lows, highs, color=colour, linewidth=2.2, alpha=0.55)
        axes.plot(xs, values, "o", color=colour, markersize=6.5, label=arm)
    axes.grid(axis="x", visible=False)


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
        with pyplot.rc_context({**_STYLE, "font.size": font, "svg.hashsalt": f"llavapose latency {width}"}):
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
            drawn.append(_svg(figure))
    return Plot(wide=drawn[0], narrow=drawn[1])


def training_plot(curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], arms: Sequence[str]) -> Plot:
    """Loss over steps: thin for training, dashed with dots for held-out samples.

    Args:
        curves: arm -> metric ("train/loss", "val/loss") -> (step, value) in order.
        arms: in the tables' order, which fixes the colours.
    """
    return Plot(
        wide=_curves(curves, arms, (WIDE_INCHES, 3.4), _STYLE),
        narrow=_curves(
            curves, arms, (NARROW_INCHES, 4.6), {**_STYLE, "font.size": 10, "svg.hashsalt": "llavapose narrow"}
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
        return _svg(figure)


def _svg(figure: Figure) -> Markup:
    """The figure as an ``<svg>`` element that scales with its column; nothing in it depends on the day."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    pyplot.close(figure)
    return Markup(out.getvalue()[out.getvalue().index("<svg") :])
