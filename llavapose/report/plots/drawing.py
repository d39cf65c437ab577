"""How a plot is drawn: its style, intervals by group and arm, and the SVG that lies in the page.

A plot made for a desk cannot be read at a telephone's 390 pixels: shrunk, its letters are five high. So each is drawn
twice, and the page's style shows one.
"""

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

COLOURS = ("#1b6ca8", "#d1495b", "#3c8d53", "#c98a0b", "#767b87", "#7b4fa3", "#1f9aa0", "#8a5a44")
"""Arms in the tables' order; told apart also by lightness."""

STYLE: Any = {
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
class Axis:
    """The axis of the values: its name, its ends (None: as the values have it), and a line with what it means."""

    name: str
    low: float | None
    high: float | None
    line: float
    line_name: str = ""


Groups = Mapping[str, Sequence[Mapping[str, Any] | None]]
"""Group -> a row an arm, with the value and ``low`` and ``high``; None: nothing is known."""


def interval_plot(groups: Groups, arms: Sequence[str], axis: Axis, *, value: str) -> Plot:
    """Wide: groups side by side, arms by colour. Narrow: groups one below the other, arms by name."""
    chars = [5 + len(arm) for arm in arms] or [1]
    num_columns = len(chars) if sum(chars) <= LEGEND_CHARS else max(1, LEGEND_CHARS // max(chars))
    more_lines = max(0, -(-len(arms) // num_columns) - 1)
    with pyplot.rc_context(STYLE):
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
        wide = svg(figure)
    return Plot(wide=wide, narrow=_narrow_intervals(groups, arms, axis, value=value))


def _narrow_intervals(groups: Groups, arms: Sequence[str], axis: Axis, *, value: str) -> Markup:
    """A panel a group, an arm a line with its name in front: as high as it must be, never wider than a telephone."""
    shown = [arm for number, arm in enumerate(arms) if any(group[number] for group in groups.values())]
    lines = max(1, len(shown))
    with pyplot.rc_context({**STYLE, "font.size": 10, "svg.hashsalt": "llavapose narrow"}):
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
        return svg(figure)


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


def svg(figure: Figure) -> Markup:
    """The figure as an ``<svg>`` element that scales with its column; nothing in it depends on the day."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    pyplot.close(figure)
    return Markup(out.getvalue()[out.getvalue().index("<svg") :])
