"""The result files of an evaluation and the tables that follow from them, read back from the files alone.

``folder`` holds ``benchmark.jsonl`` and, for every arm, ``answers/<arm>.jsonl``, ``verdicts/<judge>/<arm>.jsonl`` (a
verdict, its question's kind and picture, its claims) and ``probe/<arm>.jsonl`` (an item, the picture used,
log-likelihoods). Results of version 0.1 have ``verdicts/<arm>.jsonl``: the pose judge's.
"""

import glob
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
from llavapose.evaluation.probe.score import PROBE_COLUMNS, is_right, probe_table
from llavapose.evaluation.tables.ablation import ABLATION_COLUMNS, ablation_table, arms_in_order
from llavapose.evaluation.tables.agreement import PANEL, ByArm, panel_ratings
from llavapose.evaluation.tables.further import write_further
from llavapose.evaluation.tables.ratings import Rating
from llavapose.files import read_json, read_jsonl, sha256, write_csv
from llavapose.pose.check import CONTRADICTED, SUPPORTED
from llavapose.records import ALL, BASELINE, CONTROL_ARMS, POSE

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
    for bound in CONTROL_ARMS:
        if bound not in arms and (home := next((f for f in everywhere if bound in arms_found([f])), None)):
            arms, places = (*arms, bound), {**places, bound: [home]}  # one is as good as another: no arm changes it
    benchmark = benchmarks_told(everywhere)
    rows: list[dict[str, Any]] = []
    judges: dict[str, ByArm] = {}
    by_control: dict[Control, dict[str, ByArm]] = {control: {} for control in Control}
    for judge in judges_found(everywhere):
        runs = {arm: [rated_answers(folder, file_arm(arm), judge) for folder in places[arm]] for arm in arms}
        runs |= {arm: [rated] for arm in arms if (rated := _rated_beside_others(everywhere, arm, judge))}
        ratings = {arm: _mean_ratings(found, arm) for arm, found in runs.items()}
        controls = {
            control: {
                arm: _mean_ratings([rated_answers(f, file_arm(arm), judge, control) for f in places[arm]], arm)
                for arm in arms
            }
            for control in Control
        }
        rows += ablation_table(ratings, arms, baseline, controls=controls, judge=judge, benchmark=benchmark)
        judges[judge] = ratings
        for control, found in controls.items():
            by_control[control][judge] = found
        _warn(f"{out}, judge {judge}", ratings, baseline)
    seats = panel_seats(everywhere, tuple(judges))
    if panel := panel_ratings({judge: judges[judge] for judge in seats}):
        judges[PANEL] = panel
        controls = {
            control: panel_ratings({judge: of_judges[judge] for judge in seats})
            for control, of_judges in by_control.items()
        }
        for control, found in controls.items():
            by_control[control][PANEL] = found
        rows += ablation_table(panel, arms, baseline, controls=controls, judge=PANEL, benchmark=benchmark)
    if further:
        write_further(
            out,
            arms=arms,
            judges=judges,
            controls=by_control,
            verdicts={judge: _all_verdicts(places, judge) for judge in judges if judge != PANEL},
            files={arm: (file_arm(arm), places[arm]) for arm in arms},
            baseline=baseline,
            benchmark=benchmark,
        )
    write_csv(out / "ablation.csv", rows, ABLATION_COLUMNS)
    probe = [
        {**row, "arm": arm}
        for arm in arms
        for row in _mean_probe([read_probe(folder, file_arm(arm)) for folder in places[arm]], arm)
    ]
    write_csv(out / "probe.csv", probe_table(probe), PROBE_COLUMNS)


def panel_seats(folders: Sequence[Path], judges: Sequence[str]) -> list[str]:
    """The judges that form a panel: of those that rate in one way (protocol, anchor), the most; the first of equals."""
    ways: dict[tuple[Any, Any], list[str]] = defaultdict(list)
    for judge in judges:
        lines = (line for f in folders for path in sorted((f / "verdicts" / judge).glob("*.jsonl"))
                 for _, line in read_jsonl(path, what="verdicts"))  # fmt: skip
        # The first line of a file is about the arm that it is called by; its opponent is the anchor.
        first = next(lines, None)
        if judge != POSE and first is not None:
            ways[first.get("protocol"), first.get("opponent")].append(judge)
    return max(ways.values(), key=len, default=[])


def _all_verdicts(places: Mapping[str, Sequence[Path]], judge: str) -> list[dict[str, Any]]:
    """A judge's lines about all arms that are there, with ``run``, the folder, and ``row``, what the tables call it."""
    names = dict.fromkeys(file_arm(arm) for arm, folders in places.items() if folders)
    rows = {(folder, file_arm(arm)): arm for arm, folders in places.items() for folder in folders}
    folders = dict.fromkeys(folder for found in places.values() for folder in found)
    return [
        {**line, "run": str(folder), "row": rows.get((folder, name))}
        for folder in folders
        for name in names
        for line in verdict_rows(folder, name, judge)
    ]


def _warn(where: str, ratings: Mapping[str, Sequence[Rating]], baseline: str) -> None:
    """Say which arms are holes, and which questions have no counterpart."""
    reference = {one.question for one in ratings.get(baseline, ())}
    for arm, found in ratings.items():
        unpaired = sum(one.question not in reference for one in found)
        if reference and unpaired:
            log.warning(
                "%s: %d questions of %s were not asked of %s; left out of the difference",
                where, unpaired, arm, baseline,
            )  # fmt: skip
    missing = [arm for arm, found in ratings.items() if not found]
    if missing:
        log.warning("%s: no answers of %s; shown as holes", where, ", ".join(missing))


def file_arm(row: str) -> str:
    """The arm whose files a row is read from: a row named "full (optim.lr=0.001)" is ``full.jsonl`` in its folder."""
    return row.partition(" (")[0]


def arms_found(folders: Sequence[Path]) -> tuple[str, ...]:
    """Arms that left a verdict or probe file in any of the folders."""
    rooms = ("verdicts", "verdicts/*", "probe")
    names = {path.stem for folder in folders for room in rooms for path in folder.glob(f"{room}/*.jsonl")}
    return arms_in_order(sorted(names))


def judges_found(folders: Sequence[Path]) -> tuple[str, ...]:
    """Judges that left verdicts in any of the folders: the pose judge first; it alone where there are none."""
    names = {path.parent.name for folder in folders for path in folder.glob("verdicts/*/*.jsonl")}
    if not names or any(True for folder in folders for _ in folder.glob("verdicts/*.jsonl")):
        names.add(POSE)
    return tuple(sorted(names, key=lambda name: (name != POSE, name)))


def benchmarks_told(folders: Sequence[Path]) -> str:
    """Name, number of questions and hash of what was asked in these folders; several where they differ."""
    found = [read_json(path, what="benchmark") for f in folders if (path := f / "benchmark.json").is_file()]
    return ", ".join(dict.fromkeys(f"{one['name']} ({one['num_questions']} questions: {one['hash']})" for one in found))


def verdict_rows(folder: Path, arm: str, judge: str = POSE, control: Control | None = None) -> list[dict[str, Any]]:
    """The lines about an arm's answers, its own or under a control.

    Its own file's; and of its own answers also those of the arms that a judge of pairs rated beside it, but for the
    controls' rows: beside the prior everybody looks good, beside the ground truth nobody.
    """
    places = sorted((folder / "verdicts" / judge).glob("*.jsonl"), key=lambda path: (path.stem != arm, path.stem))
    places = [path for path in places if path.stem not in CONTROL_ARMS or arm == path.stem]
    old = folder / "verdicts" / f"{arm}.jsonl"
    if control is not None:
        places = list((folder / "verdicts" / judge / control).glob(f"{glob.escape(arm)}.jsonl"))
    elif judge == POSE and not any(path.stem == arm for path in places) and old.is_file():
        places = [old]
    found = []
    for path in places:
        if replaced := _replaced(folder, path, control):
            log.warning("%s: left out, the answers of %s have been made anew since; evaluate %s again",
                        path, replaced, path.stem)  # fmt: skip
            continue
        for number, row in read_jsonl(path, what="verdicts"):
            missing = [key for key in ("question_id", "scene_id", "kind", "rating", "arm") if key not in row]
            if missing:
                raise DataError(f"verdicts: {path}:{number} has no {missing[0]!r}; run evaluate.py again")
            if row["arm"] == arm:
                found.append(row)
    return found


def _replaced(folder: Path, verdicts: Path, control: Control | None) -> str | None:
    """The arm whose answers are others than those that were judged; None where there is none, or nothing tells."""
    mark = verdicts.with_suffix(".made.json")
    judged = read_json(mark, what="mark of verdicts")["answers"] if mark.is_file() else {}
    for arm, digest in judged.items():
        under = control if control is not None and arm == verdicts.stem else ""
        answers = folder / "answers" / under / f"{arm}.jsonl"
        if answers.is_file() and sha256(answers) != digest:
            return arm
    return None


def rated_answers(folder: Path, arm: str, judge: str = POSE, control: Control | None = None) -> list[Rating]:
    """The rated answers of an arm, the mean where one was rated beside several opponents; empty where it left none."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in verdict_rows(folder, arm, judge, control):
        found[row["question_id"]].append(row)
    return [_rating(rows) for rows in found.values()]


def _rated_beside_others(folders: Sequence[Path], arm: str, judge: str) -> list[Rating]:
    """The ratings of a judge's anchor, over all arms and seeds that it was rated beside; none of any other arm."""
    name = file_arm(arm)
    if any((folder / "verdicts" / judge / f"{name}.jsonl").is_file() for folder in folders) or len(folders) < 2:
        return []
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for folder in folders:
        for row in verdict_rows(folder, name, judge):
            # Seeds are different arms to it: their pairings are told apart as opponents are.
            told = {**row, "opponent": f"{row.get('opponent')} {folder}"}
            found[row["question_id"], row.get("text", "")].append(told)
    return [_rating(rows) for rows in found.values()]


def _rating(rows: Sequence[Mapping[str, Any]]) -> Rating:
    row = rows[0]
    return Rating(
        question_id=row["question_id"],
        scene_id=row["scene_id"],
        kind=row["kind"],
        rating=_rating_of(rows),
        num_ratings=sum(one["rating"] is not None for one in rows),
        text=row.get("text", ""),
        num_right=_num_claims(row, SUPPORTED),
        num_wrong=_num_claims(row, CONTRADICTED),
    )


def _rating_of(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The mean over opponents and orders of the mean over repeats; None where an order beside an opponent has none.

    One order alone would keep what the place of an answer is worth to the judge.
    """
    repeats: dict[tuple[Any, Any], list[float]] = defaultdict(list)
    for row in rows:
        repeats[row.get("opponent"), row.get("order")] += [row["rating"]] if row["rating"] is not None else []
    if not all(repeats.values()):
        return None
    found = [found[0] if len(found) == 1 else float(np.mean(found)) for found in repeats.values()]
    return found[0] if len(found) == 1 else float(np.mean(found))


def _num_claims(row: Mapping[str, Any], outcome: str) -> int:
    return sum(claim["outcome"] == outcome for claim in row.get("claims") or ())


def read_probe(folder: Path, arm: str) -> list[dict[str, Any]]:
    """The probe's rows of an arm; empty where it left none."""
    path = folder / "probe" / f"{arm}.jsonl"
    return [row for _, row in read_jsonl(path, what="probe")] if path.is_file() else []


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
    return [{**found[0], "right": float(np.mean([is_right(row) for row in found]))} for found in by_item.values()]


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
