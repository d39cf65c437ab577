"""Plots show all that the tables hold."""

import pytest
from markupsafe import Markup
from matplotlib import pyplot

from llavapose.evaluation.tables.ablation import ablation_table
from llavapose.report import plots
from llavapose.report.plots import score_plot
from tests.report.test_tables import ratings


@pytest.mark.parametrize(
    ("values", "low", "high"), [([9.9, 5.0], -300, 400), ([-9.0, -8.0], -90, 0), ([8.0, 8.1], 70, 90)]
)
def test_no_interval_and_no_point_lies_outside_a_plot(values, low, high, monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "_svg", lambda figure: figures.append(figure) or Markup())
    rows = [row for row in ablation_table({"full": ratings(values)}, ["full"]) if row["num_scored"]]
    score_plot([{**row, "low": float(low), "high": float(high)} for row in rows])
    wide, narrow = figures
    for first, last in (wide.axes[0].get_ylim(), narrow.axes[-1].get_xlim()):
        assert first <= min(0, low) and first < min(10 * value for value in values) and last > max(high, 100)
    for figure in figures:
        pyplot.close(figure)
