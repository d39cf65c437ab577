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

from llavapose.files import atomic_write, read_jsonl
from llavapose.kinds import KINDS
from llavapose.records import ALL
from llavapose.report.markup import jpeg_uri, marked, templates
from llavapose.report.plots import COLOURS, score_plot, skill_plot, training_plot
from llavapose.report.published import COMPARABILITY, published_grids
from llavapose.report.tables import Grid, ablation_grid, number, probe_grid, probe_groups_grid, read_table

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
        seeds: rows of arm, seed, score, skill, skill_shuffled where several seeds were averaged.
    """

    out: Path
    arms: Sequence[str]
    folders: Mapping[str, Path]
    runs: Mapping[str, Path] = field(default_factory=dict)
    failed: Sequence[str] = ()
    title: str = "Ablation of instruction data"
    command: str = ""
    seeds: Sequence[Mapping[str, Any]] = ()


def write_page(source: Source) -> Path:
    """Write ``report/index.html`` below ``source.out``; returns its path.

    Raises:
        DataError: a table or result file that is missing or broken.
    """
    ablation = read_table(source.out, "ablation.csv")
    probe = read_table(source.out, "probe.csv")
    curves = {arm: read_curves(folder) for arm, folder in source.runs.items()}
    curves = {arm: found for arm, found in curves.items() if found}
    html = (
        templates()
        .get_template("report.html.j2")
        .render(
            source=source,
            highlights=_highlights(ablation, probe),
            tables=[
                ablation_grid(ablation, source.failed),
                probe_grid(probe, source.arms, source.failed),
                probe_groups_grid(probe, source.arms, source.failed),
            ],
            plots=_plots(ablation, probe, source.arms),
            curves=Markup(training_plot(curves, source.arms)) if curves else None,
            seeds=seeds_grid(source.seeds) if source.seeds else None,
            pictures=_pictures(source),
            colours=dict(zip(source.arms, COLOURS * len(source.arms), strict=False)),
            published=published_grids(),
            comparability=COMPARABILITY,
        )
    )
    path = source.out / "report" / "index.html"
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _plots(
    ablation: Sequence[Mapping[str, Any]], probe: Sequence[Mapping[str, Any]], arms: Sequence[str]
) -> list[Markup]:
    """A plot under each table, none for a table of nothing but holes."""
    scores = Markup(score_plot(ablation)) if any(row["num_scored"] for row in ablation) else Markup("")
    skills = Markup(skill_plot(probe, arms)) if probe else Markup("")
    return [scores, skills]


def _highlights(ablation: Sequence[Mapping[str, Any]], probe: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The numbers that are asked for first: ``full`` against the baseline, its skill with and without its pictures."""
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
            "value": number(row[keys[0]], digits, sign=keys[0] == "diff"),
            "range": f"{number(row[keys[1]], digits)} to {number(row[keys[2]], digits)}",
        }
        for name, row, keys, digits in wanted
        if row is not None and not math.isnan(row[keys[0]])
    ]


def seeds_grid(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """Every seed's score and skills, an arm and seed a row."""
    body = [
        (row["arm"], row["seed"], number(row["score"], 1), number(row["skill"], 2), number(row["skill_shuffled"], 2))
        for row in rows
    ]
    header = ("arm", "seed", "score, all kinds", "probe skill", "skill, shuffled pictures")
    return Grid(title="Every seed alone", header=header, rows=tuple(body))


def _pictures(source: Source) -> list[dict[str, Any]]:
    """The drawn pictures with every arm's answers to their questions."""
    home = next((f for f in source.folders.values() if (f / "pictures").is_dir()), None)
    if home is None:
        return []
    questions = [row for _, row in read_jsonl(home / "benchmark.jsonl", what="benchmark")]
    answers = {arm: _by_question(f / "answers", arm) for arm, f in source.folders.items()}
    verdicts = {arm: _by_question(f / "verdicts", arm) for arm, f in source.folders.items()}
    pictures = []
    for path in sorted((home / "pictures").glob("*.jpg"), key=lambda path: path.stem.zfill(12)):
        of_scene = [question for question in questions if str(question["scene_id"]) == path.stem]
        of_scene.sort(key=lambda question: list(KINDS).index(question["kind"]))
        asked = [
            {"kind": question["kind"], "text": question["text"],
             "answers": [_answer(arm, question["id"], answers, verdicts, arm in source.failed) for arm in source.arms]}
            for question in of_scene
        ]  # fmt: skip
        if asked:
            pictures.append({"id": path.stem, "data": jpeg_uri(path.read_bytes()), "questions": asked})
    return pictures


def _by_question(folder: Path, arm: str) -> dict[str, dict[str, Any]]:
    """Question id -> line of the arm's file; empty where it left none. A row "full (lr=1)" has the file of "full"."""
    path = folder / f"{arm.partition(' (')[0]}.jsonl"
    return {row["question_id"]: row for _, row in read_jsonl(path, what=folder.name)} if path.is_file() else {}


def _answer(arm: str, question: str, answers: Mapping, verdicts: Mapping, failed: bool) -> dict[str, Any]:
    answer, verdict = answers.get(arm, {}).get(question), verdicts.get(arm, {}).get(question)
    if answer is None:
        return {"arm": arm, "pieces": [], "rating": None, "reason": "", "hole": "failed" if failed else "no answer"}
    verdict = verdict or {"rating": None, "reason": "not judged", "claims": []}
    return {
        "arm": arm,
        "pieces": marked(answer["text"], verdict["claims"]),
        "rating": verdict["rating"],
        "reason": verdict["reason"],
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
