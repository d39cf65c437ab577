"""The result files of an evaluation and the tables that follow from them, read back from the files alone.

``folder`` holds ``benchmark.jsonl`` and, for every arm, ``answers/<arm>.jsonl``, ``verdicts/<judge>/<arm>.jsonl`` (a
verdict, its question's kind and picture, its claims) and ``probe/<arm>.jsonl`` (an item, the picture used,
log-likelihoods).
"""

import logging
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.config.choices import Control
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.file import read_questions
from llavapose.evaluation.probe.rows import read_probe
from llavapose.evaluation.probe.score import ORDER_COLUMNS, PROBE_COLUMNS, is_right, probe_table
from llavapose.evaluation.tables.ablation import (
    ABLATION_COLUMNS,
    ablation_table,
    arms_in_order,
    file_arm,
    with_frame_columns,
    write_rows,
)
from llavapose.evaluation.tables.agreement import PANEL, panel_ratings
from llavapose.evaluation.tables.further import Judged, write_further
from llavapose.evaluation.tables.located import located_rows
from llavapose.evaluation.tables.parties import PARTY_COLUMNS, panel_seats, parties_of
from llavapose.evaluation.tables.ratings import Rating
from llavapose.evaluation.tables.verdicts import (
    Line,
    about,
    about_alone,
    judges_found,
    rated_answers,
    rated_beside_others,
    rated_in,
    ratings_of,
    read_verdicts,
    with_missing,
)
from llavapose.files import read_json
from llavapose.records import (
    ALL,
    BASELINE,
    CONTROL_ARMS,
    PEOPLE,
    TEXT_ONLY,
    Question,
    base_of,
    peer,
    with_base,
    without_base,
)

log = logging.getLogger(__name__)


def summarise(
    out: Path,
    arms: Sequence[str] | None = None,
    *,
    folders: Mapping[str, Sequence[Path]] | None = None,
    baseline: str = BASELINE,
    further: bool = True,
) -> None:
    """Write ``ablation.csv``, ``probe.csv`` and the tables beside them from the result files.

    An arm without files is a row of holes; several judges also make a panel.

    Args:
        out: where the tables go.
        arms: the rows; by default every arm that has a file.
        folders: arm -> folders that its files lie in, by default ``out``; several hold equal evaluations of models
            trained with other seeds, averaged item by item. None at all makes a hole.
        baseline: the arm that the others are compared with.
        further: whether the tables beside these two are made as well.
    """
    arms = arms_in_order(arms if arms is not None else arms_found([out]))
    places = {arm: (folders[arm] if folders is not None else [out]) for arm in arms}
    everywhere = list(dict.fromkeys(folder for arm in arms for folder in places[arm]))
    for base in dict.fromkeys(map(base_of, arms)):
        places |= _control_homes(base, places)
    arms = arms_in_order(tuple(places)) if any(map(base_of, arms)) else tuple(places)
    if baseline != BASELINE and baseline not in arms:
        log.warning("baseline=%s: no results of it in %s; there are %s", baseline, out, ", ".join(arms))
    benchmark = benchmarks_told(everywhere)
    files = {arm: (file_arm(arm), places[arm]) for arm in arms}
    judges = {judge: _judged_by_base(places, judge) for judge in judges_found(everywhere)}
    if not any(rated for found in judges.values() for rated in found.ratings.values()) and located_rows(files):
        judges = {}  # all that was asked is where joints are: no table of holes
    seats = panel_seats(everywhere, tuple(judges))
    panel = _panel({judge: judges[judge] for judge in seats})
    parties = parties_of(
        {judge: found.verdicts for judge, found in judges.items()},
        seats if panel else (),
        next((folder for arm in arms if without_base(arm) == TEXT_ONLY for folder in places[arm]), None),
        (out, *everywhere),
    )
    if panel:
        judges[PANEL] = panel
    rows = [
        row
        for judge, found in judges.items()
        for row in ablation_table(
            found.ratings, arms, baseline, controls=found.controls, beside=found.beside, judge=judge,
            benchmark=benchmark,
        )
    ]  # fmt: skip
    _warn_of(out, judges, baseline)
    if further:
        write_further(
            out, arms=arms, judges=judges, parties=parties, files=files, baseline=baseline, benchmark=benchmark
        )
    rows, columns = with_frame_columns(rows, ABLATION_COLUMNS)
    write_rows(out / "ablation.csv", parties.told(rows), (*columns, *PARTY_COLUMNS))
    probe = [
        {**row, "arm": arm}
        for arm in arms
        for row in _mean_probe([read_probe(folder, file_arm(arm)) for folder in places[arm]], arm)
    ]
    probed = probe_table(probe)
    of_frames = ORDER_COLUMNS if any("falls" in row for row in probed) else ()
    holes = dict.fromkeys(of_frames, math.nan)
    write_rows(out / "probe.csv", [{**holes, **row} for row in probed], (*PROBE_COLUMNS, *of_frames))


def _control_homes(base: str, places: Mapping[str, Sequence[Path]]) -> dict[str, list[Path]]:
    """Control arm of a base -> a folder where it lies, of those that are no rows yet; one is as good as another."""
    everywhere = list(dict.fromkeys(folder for arm in places if base_of(arm) == base for folder in places[arm]))
    missing = [control for control in CONTROL_ARMS if with_base(control, base) not in places]
    homes = {control: next((f for f in everywhere if control in arms_found([f])), None) for control in missing}
    return {with_base(control, base): [home] for control, home in homes.items() if home is not None}


def _judged_by_base(places: Mapping[str, Sequence[Path]], judge: str) -> Judged:
    """All that a judge found, each base's in its own folders alone: no arm stands beside another base's baseline."""
    found = []
    for base in dict.fromkeys(map(base_of, places)):
        own = {arm: folders for arm, folders in places.items() if base_of(arm) == base}
        found.append(_judged(list(dict.fromkeys(folder for homes in own.values() for folder in homes)), own, judge))
    return found[0] if len(found) == 1 else Judged(
        ratings={arm: rated for one in found for arm, rated in one.ratings.items()},
        controls={c: {arm: rated for one in found for arm, rated in one.controls[c].items()} for c in Control},
        beside={both: rated for one in found for both, rated in one.beside.items()},
        verdicts=[row for one in found for row in one.verdicts],
    )  # fmt: skip


def _judged(everywhere: Sequence[Path], places: Mapping[str, Sequence[Path]], judge: str) -> Judged:
    """All that a judge found in these folders; every file is read once."""
    lines = {folder: read_verdicts(folder, judge) for folder in everywhere}
    under = {c: {folder: read_verdicts(folder, judge, c) for folder in everywhere} for c in Control}
    asked = {folder: _asked(folder) for folder in everywhere}
    ratings, beside = {}, {}
    for arm, homes in places.items():
        name = file_arm(arm)
        # Of one name but for a setting: what is said of those stands in their own folders.
        elsewhere = {f for row, found in places.items() if row != arm and file_arm(row) == name for f in found}
        near = {folder: found for folder, found in lines.items() if folder in homes or folder not in elsewhere}
        anchored = rated_beside_others(near, name)
        runs = [anchored] if anchored else [ratings_of(about(lines[f], name)) for f in homes]
        # People rate some pictures, by lot: the others are not missing.
        if (
            not anchored and len(homes) == 1 and judge != PEOPLE
        ):  # several seeds must have been asked the same, or are refused
            runs = [with_missing(runs[0], asked[homes[0]])]
        ratings[arm] = _mean_ratings(runs, arm)
        beside_it = [rated_in(lines[home], name) for home in homes]
        for other in dict.fromkeys(other for found in beside_it for other in found):
            runs = [found.get(other, []) for found in beside_it]
            beside[_row_of(other, homes, places), arm] = _mean_ratings(runs, f"{other} beside {arm}")
    controls = {
        control: {
            arm: _mean_ratings([ratings_of(about_alone(of_folder[f], file_arm(arm))) for f in homes], arm)
            for arm, homes in places.items()
        }
        for control, of_folder in under.items()
    }
    return Judged(ratings=ratings, controls=controls, beside=beside, verdicts=_rows_shown(lines, places))


def _row_of(name: str, homes: Sequence[Path], places: Mapping[str, Sequence[Path]]) -> str:
    """What the tables call an arm that is spoken of in these folders; its name where they have no such row."""
    rows = [row for row in places if file_arm(row) == name]
    here = [row for row in rows if any(home in places[row] for home in homes)]
    return next(iter(here or (rows if len(rows) == 1 else [])), name)


def _asked(folder: Path) -> tuple[Question, ...]:
    path = folder / "benchmark.jsonl"
    return read_questions(path) if path.is_file() else ()


def _panel(seats: Mapping[str, Judged]) -> Judged | None:
    """The median of these judges; None of fewer than two."""
    ratings = panel_ratings({judge: found.ratings for judge, found in seats.items()})
    if not ratings:
        return None
    controls = {c: panel_ratings({judge: found.controls[c] for judge, found in seats.items()}) for c in Control}
    beside = panel_ratings({judge: found.beside for judge, found in seats.items()})
    return Judged(ratings=ratings, controls=controls, beside=beside)


def _rows_shown(lines: Mapping[Path, Sequence[Line]], places: Mapping[str, Sequence[Path]]) -> list[dict[str, Any]]:
    """A judge's lines about all arms that are there, with ``run``, the folder, and ``row``, what the tables call it."""
    names = dict.fromkeys(file_arm(arm) for arm, folders in places.items() if folders)
    rows = {(folder, file_arm(arm)): arm for arm, folders in places.items() for folder in folders}
    return [
        {**line, "run": str(folder), "row": rows.get((folder, name))}
        for folder, of_folder in lines.items()
        for name in names
        for line in about(of_folder, name)
    ]


def _warn_of(out: Path, judges: Mapping[str, Judged], baseline: str) -> None:
    """Say which judge lacks what; people rate what was drawn, and other arms are no holes of theirs."""
    for judge, found in judges.items():
        if judge != PANEL:
            rated = {arm: of_arm for arm, of_arm in found.ratings.items() if of_arm or judge != PEOPLE}
            _warn(f"{out}, judge {judge}", rated, baseline)


def _warn(where: str, ratings: Mapping[str, Sequence[Rating]], baseline: str) -> None:
    """Say which arms are holes, and which questions have no counterpart."""
    for arm, found in ratings.items():
        base = peer(arm, baseline)
        reference = {one.question for one in ratings.get(base, ())}
        unpaired = sum(one.question not in reference for one in found)
        if reference and unpaired:
            log.warning(
                "%s: %d questions of %s were not asked of %s; left out of the difference",
                where, unpaired, arm, base,
            )  # fmt: skip
    missing = [arm for arm, found in ratings.items() if not found]
    if missing:
        log.warning("%s: no verdicts on %s; shown as holes", where, ", ".join(missing))


def arms_found(folders: Sequence[Path]) -> tuple[str, ...]:
    """Arms that left a verdict, a probe or a located file in any of the folders."""
    rooms = ("verdicts", "verdicts/*", "probe", "located")
    names = {path.stem for folder in folders for room in rooms for path in folder.glob(f"{room}/*.jsonl")}
    return arms_in_order(sorted(names))


def benchmarks_told(folders: Sequence[Path]) -> str:
    """Name, number of questions and hash of what was asked in these folders; several where they differ."""
    found = [read_json(path, what="benchmark") for f in folders if (path := f / "benchmark.json").is_file()]
    return ", ".join(dict.fromkeys(f"{one['name']} ({one['num_questions']} questions: {one['hash']})" for one in found))


def _mean_ratings(runs: Sequence[Sequence[Rating]], arm: str) -> list[Rating]:
    """Each question's rating averaged over the seeds; unscored where any seed is, which depends on its scene alone."""
    runs = [run for run in runs if run]
    if len(runs) < 2:
        return list(runs[0]) if runs else []
    by_question: dict[tuple[str, str], list[Rating]] = defaultdict(list)
    for run in runs:
        for one in run:
            by_question[one.question].append(one)
    _same_items({key[0]: len(found) for key, found in by_question.items()}, len(runs), f"{arm}: questions")
    averaged = []
    for found in by_question.values():
        scores = [one.rating for one in found if one.rating is not None]
        rating = float(np.mean(scores)) if len(scores) == len(found) else None
        right, wrong = (float(np.mean([getattr(one, name) for one in found])) for name in ("num_right", "num_wrong"))
        averaged.append(
            replace(
                found[0],
                rating=rating,
                num_right=right,
                num_wrong=wrong,
                num_ratings=sum(one.num_ratings for one in found),
                missing=any(one.missing for one in found),
                unscored=next((one.unscored for one in found if one.rating is None), ""),
                runs=tuple(scores) if rating is not None else (),
            )
        )
    return averaged


def _mean_probe(runs: Sequence[Sequence[dict[str, Any]]], arm: str) -> list[dict[str, Any]]:
    """Each item's share of seeds that got it right, as ``right``."""
    runs = [run for run in runs if run]
    if len(runs) < 2:
        return list(runs[0]) if runs else []
    by_item: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        for row in run:
            by_item[row["id"], row["pictures"]].append(row)
    _same_items({str(key): len(found) for key, found in by_item.items()}, len(runs), f"{arm}: probe items")
    return [{**found[0], "right": _mean_right(found)} for found in by_item.values()]


def _mean_right(rows: Sequence[dict[str, Any]]) -> float | None:
    """Over the seeds that chose; None where none did, which is neither right nor wrong."""
    chosen = [row["right"] if "right" in row else is_right(row) for row in rows]
    there = [float(one) for one in chosen if one is not None]
    return float(np.mean(there)) if there else None


def _same_items(counts: Mapping[str, int], num_runs: int, what: str) -> None:
    odd = [key for key, count in counts.items() if count != num_runs]
    if odd:
        raise DataError(
            f"{what} differ between seeds ({len(odd)} of {len(counts)}, such as {odd[0]}); expected the same benchmark "
            "and probe for every seed: keep benchmark.seed, probe.seed and scenes.* equal and evaluate again"
        )


def seed_values(folders: Mapping[str, Sequence[Path]]) -> list[dict[str, Any]]:
    """Score over all kinds, by each judge, and probe skill of every arm for every seed alone.

    Args:
        folders: arm -> a folder a seed; the folder's name is the seed's.

    Returns:
        rows with judge, arm, seed, score, score_shuffled, skill, skill_shuffled; NaN where there is no file.
    """
    rows = []
    for judge in judges_found([folder for places in folders.values() for folder in places]):
        for arm, places in folders.items():
            for folder in places:
                ratings = rated_answers(folder, file_arm(arm), judge)
                shuffled = rated_answers(folder, file_arm(arm), judge, Control.shuffled)
                table = ablation_table({arm: ratings}, [arm], controls={Control.shuffled: {arm: shuffled}}, judge=judge)
                total = next(row for row in table if row["kind"] == ALL)
                probe = probe_table(read_probe(folder, file_arm(arm)), groups=(ALL,))
                skills = {row["pictures"]: row["skill"] for row in probe if row["group"] == ALL}
                rows.append(
                    {
                        "judge": judge,
                        "arm": arm,
                        "seed": folder.name,
                        "score": total["score"],
                        "score_shuffled": total["shuffled"],
                        "skill": skills.get("true", math.nan),
                        "skill_shuffled": skills.get("shuffled", math.nan),
                    }
                )
    return rows
