"""Plots for the page, as SVG, each for two widths.

Read ``drawing`` (style, intervals by group and arm), then ``arms`` (scores, skills, joints, latency, training),
``judging`` (what ratings are worth: lengths, agreement, people, raters) and ``cards`` (a judge's card: falls, gains).
"""

from llavapose.report.plots.arms import latency_plot, score_plot, similarity_plot, skill_plot, training_plot
from llavapose.report.plots.cards import drop_plot, gain_plot
from llavapose.report.plots.drawing import COLOURS, Plot
from llavapose.report.plots.judging import agreement_plot, debiased_plot, lengths_plot, raters_plot

__all__ = [
    "COLOURS", "Plot", "agreement_plot", "debiased_plot", "drop_plot", "gain_plot", "latency_plot", "lengths_plot",
    "raters_plot", "score_plot", "similarity_plot", "skill_plot", "training_plot",
]  # fmt: skip
