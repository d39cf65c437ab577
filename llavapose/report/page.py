"""The report page: one static file with tables, plots and every arm's answers to the same pictures side by side.

Everything comes from result files. Nothing is loaded from elsewhere: pictures, plots and style lie inside the file, and
a Content-Security-Policy forbids the rest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from llavapose.evaluation.tables.results import file_arm, judges_found, verdict_rows
from llavapose.evaluation.tables.seeds import PROBE, SeedCounts
from llavapose.files import atomic_write, read_jsonl
from llavapose.kinds import KINDS
from llavapose.records import ALL, PRIOR
from llavapose.report.holes import FEWER, hole_lines, with_seeds
from llavapose.report.markup import jpeg_uri, marked, rendered
from llavapose.report.plots import COLOURS, score_plot, skill_plot, training_plot
from llavapose.report.published import COMPARABILITY, published_grids
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

MAX_CURVE_POINTS = 400


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
    command: str = ""
    seeds: Sequence[Mapping[str, Any]] = ()
    counts: SeedCounts = field(default_factory=dict)


def write_page(source: Source) -> Path:
    """Write ``report/index.html`` below ``source.out``; returns its path.

    Raises:
        DataError: a table or result file that is missing or broken.
    """
    ablation = read_table(source.out, "ablation.csv")
    probe = read_table(source.out, "probe.csv")
    curves = {arm: read_curves(folder) for arm, folder in source.runs.items()}
    curves = {arm: found for arm, found in curves.items() if found}
    html = rendered(
        "report.html.j2",
        source=source,
        highlights=_highlights(ablation, probe),
        ratings=[
            (with_seeds(ablation_grid(rows, source.failed), source.counts, judge), _score_plot(rows))
            for judge, rows in by_judge(ablation).items()
        ],
        tables=[
            with_seeds(probe_grid(probe, source.arms, source.failed), source.counts, PROBE),
            with_seeds(probe_groups_grid(probe, source.arms, source.failed), source.counts, PROBE),
        ],
        holes=list(dict.fromkeys(hole_lines([(row, seeds) for (_, row), seeds in source.counts.items()]))),
        fewer=FEWER,
        skills=Markup(skill_plot(probe, source.arms)) if probe else None,
        curves=Markup(training_plot(curves, source.arms)) if curves else None,
        seeds=seeds_grid(source.seeds) if source.seeds else None,
        pictures=_pictures(source),
        colours=dict(zip((*source.arms, PRIOR), COLOURS * (1 + len(source.arms)), strict=False)),
        published=published_grids(),
        comparability=COMPARABILITY,
    )
    path = source.out / "report" / "index.html"
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _score_plot(rows: Sequence[Mapping[str, Any]]) -> Markup | None:
    """The plot under a judge's table; none for nothing but holes."""
    return Markup(score_plot(rows)) if any(row["num_scored"] for row in rows) else None


def _highlights(ablation: Sequence[Mapping[str, Any]], probe: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What is asked for first: ``full`` against the baseline (first judge), its skill with and without pictures."""
    total = next((row for row in ablation if row["arm"] == "full" and row["kind"] == ALL), None)
    skills = {(row["pictures"], row["group"]): row for row in probe if row["arm"] == "full"}
    wanted = [
        ("full − baseline, all kinds", total, ("diff", "diff_low", "diff_high"), 1),
        ("full: probe skill", skills.get(("true", ALL)), ("skill", "low", "high"), 2),
        ("full: skill, one person", skills.get(("true", f"{ALL} (one person)")), ("skill", "low", "high"), 2),
        ("full: skill, shuffled pictures", skills.get(("shuffled", ALL)), ("skill", "low", "high"), 2),
    ]
    return [
        {
            "name": name,
            "value": " ".join((number(row[keys[0]], digits, sign=keys[0] == "diff"), *marks)).strip(),
            "range": f"{number(row[keys[1]], digits)} to {number(row[keys[2]], digits)}",
        }
        for name, row, keys, digits in wanted
        if row is not None and not math.isnan(row[keys[0]])
        for marks in [(control_mark(row),) if keys[0] == "diff" else ()]
    ]


def seeds_grid(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """Every seed's score and skills, an arm and seed a row; with the judge where there are several."""
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
    return Grid(title="Every seed alone", header=header, rows=tuple(body))


def _numbers(row: Mapping[str, Any]) -> list[str]:
    ratings = (number(row[name], 1) for name in ("score", "score_shuffled"))
    return [*ratings, *(number(row[name], 2) for name in ("skill", "skill_shuffled"))]


def _pictures(source: Source) -> list[dict[str, Any]]:
    """The drawn pictures with every arm's answers to their questions."""
    home = next((f for f in source.folders.values() if (f / "pictures").is_dir()), None)
    if home is None:
        return []
    blind = next((f for f in source.folders.values() if (f / "answers" / f"{PRIOR}.jsonl").is_file()), None)
    folders = {**source.folders, **({PRIOR: blind} if blind else {})}
    arms = [*source.arms, *[PRIOR] * (PRIOR in folders and PRIOR not in source.arms)]
    questions = [row for _, row in read_jsonl(home / "benchmark.jsonl", what="benchmark")]
    answers = {arm: _answers(folder, arm) for arm, folder in folders.items()}
    verdicts = {arm: _verdicts(folder, arm) for arm, folder in folders.items()}
    pictures = []
    for path in sorted((home / "pictures").glob("*.jpg"), key=lambda path: path.stem.zfill(12)):
        of_scene = [question for question in questions if str(question["scene_id"]) == path.stem]
        of_scene.sort(key=lambda question: list(KINDS).index(question["kind"]))
        asked = [
            {"kind": question["kind"], "text": question["text"],
             "answers": [_answer(arm, question["id"], answers, verdicts, arm in source.failed) for arm in arms]}
            for question in of_scene
        ]  # fmt: skip
        if asked:
            pictures.append({"id": path.stem, "data": jpeg_uri(path.read_bytes()), "questions": asked})
    return pictures


def _answers(folder: Path, arm: str) -> dict[str, dict[str, Any]]:
    """Question id -> answer of the arm; empty where it left none."""
    path = folder / "answers" / f"{file_arm(arm)}.jsonl"
    return {row["question_id"]: row for _, row in read_jsonl(path, what="answers")} if path.is_file() else {}


def _verdicts(folder: Path, arm: str) -> dict[str, list[dict[str, Any]]]:
    """Question id -> verdicts on the arm's answer, judge by judge."""
    found: dict[str, list[dict[str, Any]]] = {}
    for judge in judges_found([folder]):
        for row in verdict_rows(folder, file_arm(arm), judge):
            found.setdefault(row["question_id"], []).append({"opponent": None, **row, "judge": judge})
    return found


def _answer(arm: str, question: str, answers: Mapping, verdicts: Mapping, failed: bool) -> dict[str, Any]:
    answer = answers.get(arm, {}).get(question)
    if answer is None:
        return {"arm": arm, "pieces": [], "verdicts": [], "hole": "failed" if failed else "no answer"}
    found = verdicts.get(arm, {}).get(question) or [{"judge": "", "rating": None, "reason": "not judged", "claims": []}]
    return {
        "arm": arm,
        "pieces": marked(answer["text"], next((one["claims"] for one in found if one["claims"]), [])),
        "verdicts": found,
        "hole": "" if answer["text"].strip() else "(empty answer)",
    }


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
