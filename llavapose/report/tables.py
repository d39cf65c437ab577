"""Tables for readers: what ``ablation.csv`` and ``probe.csv`` hold, as console text, Markdown and LaTeX.

An arm that left no files is a row of holes, in every form.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from llavapose.files import read_csv
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, POSE, PRIOR

HOLE_MARK = "—"
FAILED_MARK = "failed"
NEEDED = {
    "ablation.csv": ("arm", "kind", "score", "low", "high", "diff", "diff_low", "diff_high", "num_scored"),
    "probe.csv": ("arm", "pictures", "group", "skill", "low", "high", "n"),
}
"""Columns that the readers' tables are made from."""
CONTROL_COLUMNS = ("shuffled", "no_picture", "over_prior_low", "over_shuffled_low")
CLAIM_COLUMNS = ("claims", "claims_right")
BLIND_MARK = "†"
"""Behind a difference of an arm that does not beat its controls."""
UNTESTED_MARK = "(†)"
"""Behind a difference of an arm that beats those of its controls that are there, and some are not."""
TEXT_COLUMNS = ("judge", "arm", "kind", "pictures", "group", "benchmark", "missing_seeds")


def read_table(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of ``folder/name``; holes are NaN; ratings that do not say whose they are are the pose judge's.

    Raises:
        DataError: the file is missing or lacks columns.
    """
    rows = read_csv(folder / name, NEEDED[name], what=f"table {name}", text=TEXT_COLUMNS)
    if name == "ablation.csv":
        for row in rows:
            row.setdefault("judge", POSE)
            row.setdefault("benchmark", "")
            for column in (*CONTROL_COLUMNS, *CLAIM_COLUMNS):  # tables that were kept earlier lack them
                row.setdefault(column, math.nan)
    return rows


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table ready to be shown: text cells, the first column names the row; ``note`` says how to read it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def by_judge(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Judge -> its rows of ``ablation.csv``."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["judge"]].append(row)
    return dict(found)


def ablation_grids(rows: Sequence[Mapping[str, Any]], failed: Sequence[str] = ()) -> list[Grid]:
    """One table a judge."""
    return [ablation_grid(of_judge, failed) for of_judge in by_judge(rows).values()]


def ablation_grid(rows: Sequence[Mapping[str, Any]], failed: Sequence[str] = ()) -> Grid:
    """The papers' form of one judge's rows: an arm a row, a kind a column, a cell with interval and difference."""
    cells: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        cells[row["arm"]][row["kind"]] = row
    body = []
    for arm, by_kind in cells.items():
        total = by_kind[ALL]
        unscored = int(total.get("num_unscored", 0))
        counts = f"{total['num_scored']:.0f}" + (f" (+{unscored} unscored)" if unscored else "")
        scores = [interval(by_kind[kind], "score", "low", "high", 1) for kind in (*rated_kinds(), ALL)]
        if not total["num_scored"]:
            mark = FAILED_MARK if arm in failed else HOLE_MARK
            body.append((arm, *[mark] * (len(rated_kinds()) + 4), HOLE_MARK, HOLE_MARK))
            continue
        difference = f"{interval(total, 'diff', 'diff_low', 'diff_high', 1, sign=True)} {control_mark(total)}".strip()
        controls = (number(total["shuffled"], 1), number(total["no_picture"], 1))
        body.append((arm, *scores, *controls, difference, _claims_told(total), counts))
    return Grid(
        title=_title(rows),
        header=("arm", *rated_kinds(), ALL, "shuffled", "no picture", "difference to baseline", "claims right", "n"),
        rows=tuple(body),
        note=" ".join((SCALE, *[POSE_SCALE] * (rows[0]["judge"] == POSE))),
    )


SCALE = (
    "Mean rating x 10 [95% interval by bootstrap over images]; the difference is paired by question. Controls: "
    f"{PRIOR} is the best answer that needs no picture; shuffled and no picture are the arm's own answers (all kinds) "
    f"with another picture and without one. {BLIND_MARK}: not above both {PRIOR} and the arm's own shuffled answers; "
    f"{UNTESTED_MARK}: one of the two is missing."
)
POSE_SCALE = (
    "Judge pose: 10 is what an answer gets that adds nothing to what can be said without the picture, 100 what one "
    "gets that tells all; a guess expects 10 or less, and wrong claims cost: who says more and errs more can fall "
    "behind who says little (claims right: the share that holds, of how many claims an answer). In complex it rates "
    "the poses named, not the reasoning. Unscored: questions that the commonest answer answers too often."
)


def control_mark(row: Mapping[str, Any]) -> str:
    """What stands behind an arm's difference: "" where it is above the prior's ratings and its own shuffled ones."""
    if row["arm"] == PRIOR or math.isnan(row["diff"]):
        return ""
    ends = (row["over_prior_low"], row["over_shuffled_low"])
    if any(low <= 0 for low in ends):
        return BLIND_MARK
    return UNTESTED_MARK if any(map(math.isnan, ends)) else ""


def _claims_told(row: Mapping[str, Any]) -> str:
    """Such as "68% of 5.2": the share of claims that is right, and how many there are an answer."""
    if math.isnan(row["claims"]):
        return HOLE_MARK
    return f"{100 * row['claims_right']:.0f}% of {row['claims']:.1f}"


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whose ratings, of answers to what: "Ablation, judge pose, benchmark world (270 questions: 3f0c5a9d1b7e)"."""
    judges = dict.fromkeys(row["judge"] for row in rows)
    benchmarks = dict.fromkeys(row["benchmark"] for row in rows if row["benchmark"])
    told = [f"judge {', '.join(judges)}"] * bool(judges) + [f"benchmark {', '.join(benchmarks)}"] * bool(benchmarks)
    return ", ".join(["Ablation", *told])


WIDE = {
    ALL: ("true", ALL),
    "one person": ("true", f"{ALL} (one person)"),
    "several people": ("true", f"{ALL} (several people)"),
    "shuffled pictures": ("shuffled", ALL),
}
"""Columns of the probe's table: name -> pictures and group."""


def probe_grid(rows: Sequence[Mapping[str, Any]], arms: Sequence[str], failed: Sequence[str] = ()) -> Grid:
    """Skill by arm over all facts, for one person and several, and with shuffled pictures."""
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows}
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        cells = [found.get((arm, *where)) for where in WIDE.values()]
        whole = cells[0]
        num = f"{whole['n']:.0f}" if whole else HOLE_MARK
        body.append((arm, *(interval(row, "skill", "low", "high", 2) if row else mark for row in cells), num))
    return Grid(
        title="Pose probe",
        header=("arm", *WIDE, "n"),
        rows=tuple(body),
        note="Skill = (balanced accuracy - majority) / (1 - majority): 0 is chance, 1 is always right "
        "[95% interval by bootstrap over images]. With shuffled pictures it must fall to nothing.",
    )


def probe_groups_grid(rows: Sequence[Mapping[str, Any]], arms: Sequence[str], failed: Sequence[str] = ()) -> Grid:
    """Skill by arm and group of facts, with true pictures."""
    of_true = [row for row in rows if row["pictures"] == "true"]
    found = {(row["arm"], row["group"]): row["skill"] for row in of_true}
    groups = list(dict.fromkeys(g for _, g in found if g != ALL and not g.endswith(")")))
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        body.append((arm, *(number(found[arm, g], 2) if (arm, g) in found else mark for g in groups)))
    return Grid(title="Pose probe: skill by group of facts", header=("arm", *groups), rows=tuple(body))


def _seeing(arms: Sequence[str]) -> list[str]:
    """The arms that can be probed: the prior is no model."""
    return [arm for arm in arms if arm != PRIOR]


def number(value: float, digits: int, sign: bool = False) -> str:
    """A number, or the hole's mark."""
    if math.isnan(value):
        return HOLE_MARK
    value = round(value, digits) + 0.0  # no "-0.0"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def interval(row: Mapping[str, Any], value: str, low: str, high: str, digits: int, sign: bool = False) -> str:
    """A value with its interval, such as 71.2 [64.0, 78.1], or the hole's mark."""
    if math.isnan(row[value]):
        return HOLE_MARK
    return f"{number(row[value], digits, sign)} [{number(row[low], digits, sign)}, {number(row[high], digits, sign)}]"


def as_text(grid: Grid) -> str:
    """The table for a console: aligned columns, nothing but plain characters and the hole's mark."""
    lines = [grid.header, *grid.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(grid.header))]

    def line_of(cells: Sequence[str]) -> str:
        first, *rest = cells
        aligned = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        return "  ".join([first.ljust(widths[0]), *aligned]).rstrip()

    body = [line_of(grid.header), "  ".join("-" * width for width in widths), *map(line_of, grid.rows)]
    return "\n".join(filter(None, [grid.title, *body, grid.note])) + "\n"


def as_markdown(grid: Grid) -> str:
    """The table as GitHub's Markdown."""

    def line_of(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"

    rule = "|" + "|".join([" --- "] + [" ---: "] * (len(grid.header) - 1)) + "|"
    lines = [f"**{grid.title}**", "", line_of(grid.header), rule, *map(line_of, grid.rows), "", grid.note]
    return "\n".join(lines) + "\n"


_LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "—": "---",
          "‡": r"\ddag{}", "†": r"\dag{}", "{": r"\{", "}": r"\}", "^": r"\^{}", "~": r"\~{}"}  # fmt: skip


def as_latex(grid: Grid) -> str:
    """The table as a LaTeX ``table`` with nothing but core LaTeX."""

    def line_of(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(char, char) for char in cell) for cell in cells) + r" \\"

    out = StringIO()
    columns = "l" + "r" * (len(grid.header) - 1)
    print(r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{columns}}}", r"\hline", sep="\n", file=out)
    print(line_of(grid.header), r"\hline", *map(line_of, grid.rows), r"\hline", r"\end{tabular}", sep="\n", file=out)
    note = "".join(_LATEX.get(char, char) for char in grid.note)
    title = "".join(_LATEX.get(char, char) for char in grid.title)
    print(rf"\caption{{{title}. {note}}}", r"\end{table}", sep="\n", file=out)
    return out.getvalue()
