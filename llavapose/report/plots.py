"""Plots for the page, as SVG text: scores and skills with their intervals, and training curves."""

import math
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llavapose.kinds import rated_kinds
from llavapose.records import ALL, POSE

COLOURS = ("#1b6ca8", "#d1495b", "#3c8d53", "#c98a0b", "#767b87", "#7b4fa3", "#1f9aa0", "#8a5a44")
"""Arms in the tables' order; told apart also by lightness."""

LOWEST_SHOWN = -40
"""Lower end of the scores' axis at most."""

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


def score_plot(rows: Sequence[Mapping[str, Any]]) -> str:
    """Scores of ``ablation.csv`` by kind, an arm a colour, with 95% intervals; arms without scores are left out."""
    found = {(row["arm"], row["kind"]): row for row in rows if not math.isnan(row["score"])}
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(8.6, 3.6), layout="constrained")
        groups = [[found.get((arm, kind)) for arm in arms] for kind in (*rated_kinds(), ALL)]
        _intervals(axes, groups, arms, value="score")
        axes.set_xticks(range(len(groups)), [*rated_kinds(), ALL])
        # Far below 10 all is alike, worse than silence: the room belongs to what lies above.
        lows = [row["low"] for row in found.values() if not math.isnan(row["low"])]
        axes.set_ylim(max(LOWEST_SHOWN, min([0, *lows])), 104)
        axes.axhline(10, color="#5f6368", linewidth=1)
        if rows and rows[0]["judge"] == POSE:
            axes.text(len(groups) - 0.5, 10.8, "adds nothing", color="#5f6368", fontsize=8, ha="right", va="bottom")
        axes.set_ylabel("mean rating × 10")
        return _svg(figure)


def skill_plot(rows: Sequence[Mapping[str, Any]], arms: Sequence[str]) -> str:
    """Skills of ``probe.csv``: one person, several, all, and the control with shuffled pictures, with 95% intervals."""
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows if not math.isnan(row["skill"])}
    columns = (
        ("one person", "true", f"{ALL} (one person)"),
        ("several people", "true", f"{ALL} (several people)"),
        (ALL, "true", ALL),
        ("all, shuffled pictures", "shuffled", ALL),
    )
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(8.6, 3.6), layout="constrained")
        groups = [[found.get((arm, pictures, group)) for arm in arms] for _, pictures, group in columns]
        _intervals(axes, groups, arms, value="skill")
        axes.axhline(0, color="#5f6368", linewidth=1)
        axes.set_xticks(range(len(columns)), [name for name, _, _ in columns])
        axes.set_ylim(top=1.02)
        axes.set_ylabel("probe skill (0 chance, 1 all right)")
        return _svg(figure)


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
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=max(1, len(arms)), handletextpad=0.2)


def training_plot(curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], arms: Sequence[str]) -> str:
    """Loss over steps: thin for training, dashed with dots for held-out samples.

    Args:
        curves: arm -> metric ("train/loss", "val/loss") -> (step, value) in order.
        arms: in the tables' order, which fixes the colours.
    """
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(8.6, 3.4), layout="constrained")
        for number, arm in enumerate(arms):
            colour = COLOURS[number % len(COLOURS)]
            for metric, style in (("train/loss", "-"), ("val/loss", "o--")):
                points = curves.get(arm, {}).get(metric, ())
                if points:
                    xs, ys = zip(*points, strict=True)
                    name = arm if metric == "train/loss" else f"{arm}, held out"
                    axes.plot(xs, ys, style, color=colour, linewidth=1.4, markersize=4, label=name)
        axes.set_xlabel("step")
        axes.set_ylabel("loss a supervised token")
        axes.set_ylim(bottom=0)
        axes.legend(ncols=2, fontsize=9)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element that scales with its column; nothing in it depends on the day."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    pyplot.close(figure)
    return out.getvalue()[out.getvalue().index("<svg") :]
