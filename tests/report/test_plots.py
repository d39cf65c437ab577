"""Plots show all that the tables hold."""

import pytest
from markupsafe import Markup
from matplotlib import pyplot

from llavapose.evaluation.tables.ablation import ablation_table
from llavapose.report.plots import agreement_plot, debiased_plot, drawing, gain_plot, lengths_plot, score_plot
from tests.report.test_tables import ratings


@pytest.mark.parametrize(
    ("values", "low", "high"), [([9.9, 5.0], -300, 400), ([-9.0, -8.0], -90, 0), ([8.0, 8.1], 70, 90)]
)
def test_no_interval_and_no_point_lies_outside_a_plot(values, low, high, monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "svg", lambda figure: figures.append(figure) or Markup())
    rows = [row for row in ablation_table({"full": ratings(values)}, ["full"]) if row["num_scored"]]
    score_plot([{**row, "low": float(low), "high": float(high)} for row in rows])
    wide, narrow = figures
    for first, last in (wide.axes[0].get_ylim(), narrow.axes[-1].get_xlim()):
        assert first <= min(0, low) and first < min(10 * value for value in values) and last > max(high, 100)
    for figure in figures:
        pyplot.close(figure)


def _judged(arm, measure, value, judge="pose"):
    return {
        "judge": judge,
        "arm": arm,
        "measure": measure,
        "value": value,
        "low": value - 2,
        "high": value + 2,
        "num": 9,
    }


def test_lengths_are_drawn_beside_the_difference_as_it_is():
    scores = [
        {"judge": "pose", "arm": arm, "kind": "all", "score": 50.0, "diff": diff, "diff_low": diff - 3,
         "diff_high": diff + 3} for arm, diff in (("full", 12.0), ("baseline", float("nan")))
    ]  # fmt: skip
    judging = [_judged("full", "length_free_diff", 4.0), _judged("full", "length_slope", 2.0),
               _judged("full", "length_slope", 77.0, judge="another"), _judged("all", "same_winner", 80.0)]  # fmt: skip
    plot = lengths_plot(judging, scores)
    assert plot is not None
    for svg in (plot.wide, plot.narrow):
        for word in ("difference", "at equal length", "a doubling goes with"):
            assert word in svg
    assert lengths_plot(judging[3:], scores) is None and lengths_plot(judging, []) is None


def test_every_two_judges_are_drawn_and_models_rankings_are_not():
    def row(first, second, measure, value, over="answers"):
        return {"first": first, "second": second, "over": over, "measure": measure, "value": value,
                "low": value - 0.1, "high": value + 0.1, "num": 9}  # fmt: skip

    rows = [row("a", "b", "spearman", 0.5), row("a", "b", "alpha", 0.4), row("all judges", "", "alpha", 0.3)]
    plot = agreement_plot([*rows, row("a", "b", "spearman", 0.9, over="models")])
    assert plot is not None and "a and b" in plot.wide and "all judges" in plot.wide
    assert "weighted kappa" not in plot.wide, "nothing was measured of it"
    assert agreement_plot([row("a", "b", "spearman", float("nan"))]) is None


def test_debiased_differences_stand_beside_those_of_the_judge_and_of_people():
    def row(arm, kind, measure, value):
        ends = {f"{name}{end}": value + more for name in ("judge_alone", "people", "debiased")
                for end, more in (("", 0), ("_low", -1), ("_high", 1))}  # fmt: skip
        return {"judge": "gpt", "arm": arm, "kind": kind, "measure": measure, **ends}

    hole = row("conv", "all", "difference", float("nan"))
    rows = [row("full", "all", "difference", 7.0), hole, row("full", "conv", "difference", 3.0)]
    plot = debiased_plot(rows)
    assert plot is not None
    for svg in (plot.wide, plot.narrow):
        assert all(word in svg for word in ("judge alone", "people alone", "debiased"))
    assert ">full<" in plot.narrow.replace(" ", "") and ">conv<" not in plot.narrow.replace(" ", "")
    assert debiased_plot([hole]) is None and debiased_plot([row("full", "all", "mean", 7.0)]) is None


def test_nought_is_in_sight_where_every_style_gains(monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "svg", lambda figure: figures.append(figure) or Markup())
    gain_plot({"order": {"value": 8.2, "low": 6.0, "high": 16.0}, "padding": {"value": 9, "low": 8, "high": 11}})
    wide, narrow = figures
    assert wide.axes[0].get_ylim()[0] < 0 < 16 < wide.axes[0].get_ylim()[1] and narrow.axes[-1].get_xlim()[0] < 0
    for figure in figures:
        pyplot.close(figure)
