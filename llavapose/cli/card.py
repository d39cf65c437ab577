"""Results into the card of the checkpoint that they are about."""

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from llavapose.records import ALL, BASELINE

if TYPE_CHECKING:
    from llavapose.training.told.card import Results

log = logging.getLogger(__name__)


def complete_card(checkpoint: Path, results_dir: Path, arm: str, *, baseline: Path | None = None) -> None:
    """Write a checkpoint's card anew with an arm's results; a folder that ``train.py`` did not leave is let alone.

    Args:
        checkpoint: the exported folder.
        results_dir: where the arm's results lie.
        arm: what they are called.
        baseline: the folder of the baseline's results, where that is another.
    """
    from llavapose.training.told.card import write_card
    from llavapose.training.told.facts import FACTS

    if not (checkpoint / FACTS).is_file():
        return
    try:
        write_card(checkpoint, _results(results_dir, arm, baseline))
    except OSError as error:
        log.warning("%s: the card keeps what it says, it cannot be written: %s", checkpoint, error.strerror)


def complete_cards(sweep_dir: Path) -> None:
    """The cards of every job of a sweep that ended well, each beside the baseline wherever that was evaluated."""
    from llavapose.files import model_of_job, read_json

    jobs = [job for job in read_json(sweep_dir / "jobs.json", what="sweep") if job["exit_code"] == 0]
    baselines = {model_of_job(job)[1]: Path(job["results_dir"]) for job in reversed(jobs) if job["arm"] == BASELINE}
    for job in jobs:
        if job["arm"] != BASELINE:
            baseline = baselines.get(model_of_job(job)[1])
            complete_card(Path(job["dir"]) / "hf", Path(job["results_dir"]), job["arm"], baseline=baseline)


def _results(folder: Path, arm: str, baseline: Path | None) -> "Results":
    from llavapose.evaluation.tables.located import located_rows
    from llavapose.report.own_results import own_results
    from llavapose.report.tables import ablation_grids, as_markdown, interval, probe_grid
    from llavapose.report.tables.located import located_grid
    from llavapose.training.told.card import Results, Score

    found = own_results(folder, arm, baseline=baseline)
    arms = list(dict.fromkeys(row["arm"] for row in [*found.ablation, *found.probe]))
    grids = [*(ablation_grids(found.ablation) if any(row["num_scored"] for row in found.ablation) else [])]
    grids += [probe_grid(found.probe, arms)] if found.probe else []
    located = located_rows({arm: (arm, [folder])})
    grids += [grid] if (grid := located_grid(located)) is not None else []
    scores = [
        Score(
            benchmark=row["benchmark"],
            measure="rating",
            name=f"{row['kind']}, judge {row['judge']}, mean rating x 10",
            value=round(row["score"], 4),
            text=interval(row, "score", "low", "high", 1),
        )
        for row in found.own(found.ablation)
        if row["num_scored"]
    ] + [
        Score(
            benchmark="pose probe",
            measure="skill",
            name=f"skill, {row['pictures']} pictures",
            value=round(row["skill"], 4),
            text=interval(row, "skill", "low", "high", 2),
        )
        for row in found.own(found.probe)
        if row["group"] == ALL and not math.isnan(row["skill"])
    ]
    scores += [
        Score(
            benchmark=f"{row['num_people']:.0f} people by {row['boxes']} boxes",
            measure="AP",
            name="where joints are, keypoint AP x 100",
            value=round(row["ap"] * 100, 4),
            text=f"{row['ap'] * 100:.1f} [{row['ap_low'] * 100:.1f}, {row['ap_high'] * 100:.1f}]",
        )
        for row in located
        if row["shown"] == "true" and not math.isnan(row["ap"])
    ]
    judges = list(dict.fromkeys(row["judge"] for row in found.ablation))
    of_world = any(row["benchmark"].startswith(("world", "motion")) for row in found.ablation)
    return Results(tables=[as_markdown(grid) for grid in grids], scores=scores, judges=judges, of_world=of_world)
