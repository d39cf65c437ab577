"""Tables for readers: what the evaluation's CSV files hold, as console text, Markdown and LaTeX.

An arm that left no files is a row of holes, in every form.

Read ``grid`` (a table and its forms), ``read`` (CSV back to rows), ``ablation`` and ``probe``, then ``differences``
(to the baseline, to other models), ``judges`` (what the ratings themselves are worth), ``people`` (raters),
``debiased`` (judges corrected by people), ``efficiency`` (what an answer costs), ``located`` (where joints are),
``published`` (the papers' own numbers), ``parties`` (who is behind the ratings), ``cards`` (what a model is worth as
judge, with its page), ``holes`` (seeds that are missing, and why there is no rating) and ``makers`` (what made the
results, under every form).
"""

from llavapose.report.tables.ablation import (
    BLIND_MARK,
    UNTESTED_MARK,
    ablation_grid,
    ablation_grids,
    by_judge,
    control_mark,
)
from llavapose.report.tables.grid import (
    FAILED_MARK,
    HOLE_MARK,
    Grid,
    as_comment,
    as_latex,
    as_list,
    as_markdown,
    as_text,
    interval,
    number,
)
from llavapose.report.tables.probe import probe_grid, probe_groups_grid
from llavapose.report.tables.read import CLAIM_COLUMNS, CONTROL_COLUMNS, NEEDED, OPTIONAL, TEXT_COLUMNS, read_table

__all__ = [
    "BLIND_MARK", "CLAIM_COLUMNS", "CONTROL_COLUMNS", "FAILED_MARK", "HOLE_MARK", "NEEDED", "OPTIONAL", "TEXT_COLUMNS",
    "UNTESTED_MARK", "Grid", "ablation_grid", "ablation_grids", "as_comment", "as_latex", "as_list", "as_markdown",
    "as_text", "by_judge", "control_mark", "interval", "number", "probe_grid", "probe_groups_grid", "read_table",
]  # fmt: skip
