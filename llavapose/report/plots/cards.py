"""Plots of a judge's card: how far ratings fall with false claims, and what each style adds to them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import pyplot

from llavapose.report.plots import drawing
from llavapose.report.plots.drawing import COLOURS, NARROW_INCHES, STYLE, WIDE_INCHES, Axis, Plot, interval_plot


def drop_plot(series: Mapping[str, Sequence[Mapping[str, Any]]]) -> Plot | None:
    """How far a rating falls with the number of claims that are false, or left out, with 95% intervals; from nought.

    Args:
        series: what was done -> rows of ``at`` (how many claims), ``value``, ``low``, ``high``.

    Returns:
        None where nothing is known.
    """
    if not any(series.values()):
        return None
    drawn = []
    for width, font in ((WIDE_INCHES, 11), (NARROW_INCHES, 10)):
        with pyplot.rc_context({**STYLE, "font.size": font, "svg.hashsalt": f"llavapose drop {width}"}):
            figure, axes = pyplot.subplots(figsize=(width, 3.6), layout="constrained")
            for number, (name, rows) in enumerate(series.items()):
                colour, shift = COLOURS[number % len(COLOURS)], 0.03 * (2 * number - len(series) + 1)
                xs = [0, *(row["at"] + shift for row in rows)]
                axes.plot(xs, [0, *(row["value"] for row in rows)], "o-", color=colour, linewidth=1.4, label=name)
                axes.vlines(xs[1:], [row["low"] for row in rows], [row["high"] for row in rows], color=colour,
                            linewidth=2.2, alpha=0.55)  # fmt: skip
            axes.axhline(0, color="#5f6368", linewidth=1)
            axes.set_xticks(sorted({0, *(row["at"] for rows in series.values() for row in rows)}))
            axes.set_xlabel("claims of six")
            axes.set_ylabel("fall of the rating × 10")
            figure.legend(ncols=len(series), loc="outside upper center")
            drawn.append(drawing.svg(figure))
    return Plot(wide=drawn[0], narrow=drawn[1])


def gain_plot(rows: Mapping[str, Mapping[str, Any]]) -> Plot | None:
    """What each style adds to a rating, with 95% intervals; None of none."""
    if not rows:
        return None
    ends = [row[end] for row in rows.values() for end in ("low", "value", "high") if not math.isnan(row[end])]
    # Nought is always in sight: against it a gain is small or large.
    axis = Axis(name="gain of the rating × 10", low=min([-1.0, *(end - 1 for end in ends)]),
                high=max([1.0, *(end + 1 for end in ends)]), line=0)  # fmt: skip
    return interval_plot({name: [row] for name, row in rows.items()}, ["gain"], axis, value="value")
