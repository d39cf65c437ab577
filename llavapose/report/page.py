"""The report page: one static file with tables, plots and an explorer of every question with every arm's answers.

Everything comes from result files. Nothing is loaded from elsewhere: pictures, plots, style and the one script, by its
hash, lie inside the file, and a Content-Security-Policy forbids the rest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.evaluation.tables.ablation import file_arm
from llavapose.evaluation.tables.agreement import PANEL
from llavapose.evaluation.tables.seeds import PROBE, SeedCounts
from llavapose.files import atomic_write, read_jsonl
from llavapose.owner import Place
from llavapose.records import ALL, BASELINE, POSE, with_base, without_base
from llavapose.report.explorer import answers_explorer, rows_shown
from llavapose.report.located import located_values
from llavapose.report.markup import legend, rendered, script
from llavapose.report.plots import (
    COLOURS,
    Plot,
    agreement_plot,
    debiased_plot,
    latency_plot,
    lengths_plot,
    raters_plot,
    score_plot,
    skill_plot,
    training_plot,
)
from llavapose.report.room import PAGE_BYTES
from llavapose.report.tables import (
    Grid,
    ablation_grid,
    by_judge,
    control_mark,
    number,
    probe_grid,
    probe_groups_grid,
    read_table,
)
from llavapose.report.tables.ablation import benchmark_told
from llavapose.report.tables.cards import cards_beside
from llavapose.report.tables.grid import FLAT_MARK
from llavapose.report.tables.holes import FEWER, hole_lines, with_seeds
from llavapose.report.tables.judges import further_grids
from llavapose.report.tables.makers import Maker, makers_of
from llavapose.report.tables.parties import judge_named, marked
from llavapose.report.tables.published import COMPARABILITY, published_grids

MAX_CURVE_POINTS = 400
DEBIASED_DIFFERENCE = "debiased_difference_"
"""How the tables of ``debiased_grids`` with differences are called, before the judge's name."""
RATED = {"raters": "ratings", "raters_of_pairs": "preferences"}
"""Table of raters -> what they gave."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a page is made from.

    Attributes:
        out: folder with ``ablation.csv`` and ``probe.csv``.
        arms: the tables' rows, in order.
        folders: arm -> folder with its ``answers/`` and ``verdicts/``; an arm that left none is missing.
        runs: arm -> folder of its training run, with its ``metrics.jsonl``.
        failed: arms whose job failed.
        title: heading.
        intro: what is compared, under the heading.
        baseline: the arm that the others are compared with.
        command: what made the results, shown as it is.
        seeds: rows of arm, seed, score, score_shuffled, skill, skill_shuffled where several seeds were averaged.
        counts: of how many seeds each row is the mean.
    """

    out: Path
    arms: Sequence[str]
    folders: Mapping[str, Path]
    runs: Mapping[str, Path] = field(default_factory=dict)
    failed: Sequence[str] = ()
    title: str = "Ablation of instruction data"
    intro: str = (
        "The same base fine-tuned on each mixture of instruction data, answering the same questions about the same "
        "held-out pictures"
    )
    baseline: str = BASELINE
    command: str = ""
    seeds: Sequence[Mapping[str, Any]] = ()
    counts: SeedCounts = field(default_factory=dict)


def write_page(source: Source) -> Path:
    """Write ``report/index.html`` below ``source.out``; returns its path.

    Raises:
        DataError: a table or result file that is missing or broken.
    """
    values = _values(source)
    # What the explorer may hold is what the rest of the page leaves.
    rest = len(rendered("report.html.j2", **values, explorer=None).encode())
    explorer = answers_explorer(
        source.arms, source.folders, source.failed, _colours(source), source.baseline, num_bytes=PAGE_BYTES - rest,
        named=_named(read_table(source.out, "ablation.csv")),
    )  # fmt: skip
    html = rendered("report.html.j2", **values, explorer=explorer)
    path = _page(source)
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _is_world(benchmark: str) -> bool:
    """Whether a benchmark's name, as tables have it, is one of the built-in world's pictures or clips."""
    return not benchmark or benchmark.startswith(tuple(f"{name}{end}" for name in ("world", "motion") for end in " ,"))


def _page(source: Source) -> Path:
    return source.out / "report" / "index.html"


def _named(ablation: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Judge -> its name as titles have it."""
    return {judge: judge_named(judge, rows) for judge, rows in by_judge(ablation).items()}


def _colours(source: Source) -> Sequence[str]:
    return COLOURS * (1 + (len(source.arms) + 2) // len(COLOURS))


def _values(source: Source) -> dict[str, Any]:
    """All that the template shows but for the explorer."""
    ablation = read_table(source.out, "ablation.csv")
    probe = read_table(source.out, "probe.csv")
    curves = {arm: read_curves(folder) for arm, folder in source.runs.items()}
    curves = {arm: found for arm, found in curves.items() if found}
    told = benchmark_told(ablation)
    return {
        "source": source,
        "highlights": _highlights(ablation, probe),
        "ratings": [
            (
                with_seeds(ablation_grid(rows, source.failed), source.counts, judge),
                f"Scores with intervals, judge {judge_named(judge, rows)}",
                _score_plot(rows),
            )
            for judge, rows in by_judge(ablation).items()
        ],
        "probes": [
            with_seeds(grid_of(probe, source.arms, source.failed, told), source.counts, PROBE)
            for grid_of in (probe_grid, probe_groups_grid)
            if probe
        ],
        "holes": list(dict.fromkeys(hole_lines([(row, seeds) for (_, row), seeds in source.counts.items()]))),
        "fewer": FEWER,
        "skills": skill_plot(probe, source.arms) if probe else None,
        "curves": training_plot(curves, source.arms) if curves else None,
        "seeds": marked(seeds_grid(source.seeds, told), ablation) if source.seeds else None,
        "further": [(grid, _drawn(source.out, name, ablation)) for name, grid in _further(source.out).items()],
        "cards": cards_beside(source.out, _page(source)),
        "costs": _costs(source.out, ablation),
        "located": located_values(source.out, source.folders),
        "world": any(_is_world(row["benchmark"]) for row in ablation),
        "script": script("frames.js", "answers.js", "explorer.js"),
        "legend": legend(),
        "row_named": with_base,
        "colours": dict(zip(rows_shown(source.arms, source.folders), _colours(source), strict=False)),
        "made": _made(source),
        "published": published_grids(),
        "comparability": COMPARABILITY,
    }


def _score_plot(rows: Sequence[Mapping[str, Any]]) -> Plot | None:
    """The plot under a judge's table; none for nothing but holes."""
    return score_plot(rows) if any(row["num_scored"] for row in rows) else None


def _further(out: Path) -> dict[str, Grid]:
    """Differences, comparison, what judges are worth; none beside tables that an earlier version left."""
    if not any((out / name).is_file() for name in ("judging.csv", "debiased.csv")):
        return {}
    # The published numbers stand at the page's end, apart, and what answers cost beside its plots.
    elsewhere = ("published_", "efficiency", "located")
    return {name: grid for name, grid in further_grids(out).items() if not name.startswith(elsewhere)}


def _drawn(out: Path, name: str, ablation: Sequence[Mapping[str, Any]]) -> list[tuple[str, Plot]]:
    """The plots under one of these tables, each with what it shows."""
    named = _named(ablation)
    if name == "lengths":
        judging = read_table(out, "judging.csv")
        drawn = ((named[judge], lengths_plot(judging, rows)) for judge, rows in by_judge(ablation).items())
        return [(f"What length does to the ratings of {judge}", plot) for judge, plot in drawn if plot is not None]
    if name == "agreement":
        rows = read_table(out, "agreement.csv")
        plot = agreement_plot([
            {**row, **{side: named.get(row[side], row[side]) for side in ("first", "second")}} for row in rows
        ])  # fmt: skip
        return [("Agreement of each two judges", plot)] if plot is not None else []
    if name in RATED:
        plot = raters_plot(read_table(out, "raters.csv"), RATED[name])
        told = f"Agreement of {name.replace('_', ' ')}: alpha of all, weighted kappa of each two"
        return [(told, plot)] if plot is not None else []
    if name.startswith(DEBIASED_DIFFERENCE):
        judge = name.removeprefix(DEBIASED_DIFFERENCE)
        plot = debiased_plot([row for row in read_table(out, "debiased.csv") if row["judge"] == judge])
        told = "Debiased differences beside those of the judge and of people alone"
        return [(f"{told}, judge {named.get(judge, judge)}", plot)] if plot is not None else []
    return []


def _costs(out: Path, ablation: Sequence[Mapping[str, Any]]) -> tuple[Grid, list[tuple[str, Plot]]] | None:
    """What an answer costs, and for each judge its quality against the time it takes; None where nothing was timed."""
    rows = read_table(out, "efficiency.csv")
    grid = further_grids(out).get("efficiency")
    if grid is None:
        return None
    drawn = (
        (judge_named(judge, of_judge), latency_plot(rows, of_judge)) for judge, of_judge in by_judge(ablation).items()
    )
    return grid, [(judge, plot) for judge, plot in drawn if plot is not None]


def _made(source: Source) -> list[Maker]:
    """Who made these results: the whole sweep's run first, then each arm's."""
    of_arms = [Place(folder=folder, part=file_arm(arm)) for arm, folder in source.folders.items()]
    return makers_of([Place(folder=source.out), *of_arms])


def _highlights(ablation: Sequence[Mapping[str, Any]], probe: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What is asked for first: ``full`` against the baseline, its skill with and without pictures; of every base."""
    named = dict.fromkeys(row["arm"] for row in (*ablation, *probe) if without_base(row["arm"]) == "full")
    return [card for arm in named for card in _cards_of(arm, ablation, probe)]


def _cards_of(
    arm: str, ablation: Sequence[Mapping[str, Any]], probe: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    totals = [row for row in ablation if row["arm"] == arm and row["kind"] == ALL and not math.isnan(row["diff"])]
    total = min(totals, key=lambda row: _later(row["judge"]), default=None)
    judge = judge_named(total["judge"], ablation) if total is not None else ""
    skills = {(row["pictures"], row["group"]): row for row in probe if row["arm"] == arm}
    wanted = [
        (f"{arm} − baseline, all kinds, judge {judge}", total, ("diff", "diff_low", "diff_high"), 1),
        (f"{arm}: probe skill", skills.get(("true", ALL)), ("skill", "low", "high"), 2),
        (f"{arm}: skill, one person", skills.get(("true", f"{ALL} (one person)")), ("skill", "low", "high"), 2),
        (f"{arm}: skill, shuffled pictures", skills.get(("shuffled", ALL)), ("skill", "low", "high"), 2),
    ]
    return [
        {
            "name": name,
            "value": " ".join((number(row[keys[0]], digits, sign=keys[0] == "diff"), *marks)).strip(),
            "range": f"{number(row[keys[1]], digits)} to {number(row[keys[2]], digits)}"
            + (f" {FLAT_MARK}" if row[keys[1]] == row[keys[2]] else ""),
        }
        for name, row, keys, digits in wanted
        if row is not None and not math.isnan(row[keys[0]])
        for marks in [(control_mark(row),) if keys[0] == "diff" else ()]
    ]


def _later(judge: str) -> tuple[bool, bool, bool]:
    """Whose ratings are named first: the panel's, a model's that rates pairs as in the papers, a model's, pose's."""
    return judge == POSE, judge != PANEL, "-pair" not in judge


def seeds_grid(rows: Sequence[Mapping[str, Any]], benchmark: str = "") -> Grid:
    """Every seed's score and skills, an arm and seed a row; with the judge where there are several.

    Args:
        rows: of ``seeds.csv``.
        benchmark: the end of the title (``ablation.benchmark_told``).
    """
    several = len({row["judge"] for row in rows}) > 1
    body = [
        (
            row["arm"],
            *([row["judge"]] if several else []),
            row["seed"],
            *([row["hole"]] * 4 if row.get("hole") else _numbers(row)),
        )
        for row in rows
    ]
    judge = ["judge"] if several else []
    header = ("arm", *judge, "seed", "score, all kinds", "score, shuffled", "probe skill", "skill, shuffled pictures")
    return Grid(
        title=f"Every seed alone{benchmark}",
        header=header,
        rows=tuple(body),
        note="Each a mean over as many questions and facts as n says in the tables of all seeds, where their intervals "
        "stand.",
    )


def _numbers(row: Mapping[str, Any]) -> list[str]:
    ratings = (number(row[name], 1) for name in ("score", "score_shuffled"))
    return [*ratings, *(number(row[name], 2) for name in ("skill", "skill_shuffled"))]


def read_curves(run: Path) -> dict[str, list[tuple[float, float]]]:
    """Losses of a training run by metric, (step, value) in order, from its ``metrics.jsonl``; empty without one."""
    path = run / "metrics.jsonl"
    curves: dict[str, list[tuple[float, float]]] = {}
    if path.is_file():
        for _, row in read_jsonl(path, what="metrics"):
            for metric in ("train/loss", "val/loss"):
                if isinstance(row.get(metric), float) and "step" in row:
                    curves.setdefault(metric, []).append((float(row["step"]), row[metric]))
    return {metric: points[:: 1 + len(points) // MAX_CURVE_POINTS] for metric, points in curves.items()}
