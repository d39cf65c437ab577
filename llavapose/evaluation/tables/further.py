"""The tables beside the ablation, where there is something to tell: comparison, judges' worth, claims, efficiency."""

import logging
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.answerers.efficiency import EFFICIENCY_COLUMNS, efficiency_rows
from llavapose.evaluation.tables.ablation import with_frame_columns, write_rows
from llavapose.evaluation.tables.agreement import AGREEMENT_COLUMNS, ByArm, agreement_table
from llavapose.evaluation.tables.claims import (
    ANSWER_COLUMNS,
    CLAIM_COLUMNS,
    answer_claims,
    answer_rows,
    claims_agreement,
    claims_table,
    words_of,
)
from llavapose.evaluation.tables.comparison import COMPARISON_COLUMNS, comparison_table, models, our_arms
from llavapose.evaluation.tables.debiased import DEBIASED_COLUMNS, debiased_table
from llavapose.evaluation.tables.judging import JUDGING_COLUMNS, judging_table, lengths_table
from llavapose.evaluation.tables.located import LOCATED_COLUMNS, located_rows
from llavapose.evaluation.tables.parties import PARTY_COLUMNS, Parties
from llavapose.evaluation.tables.people import (
    PREFERENCE_COLUMNS,
    RATER_COLUMNS,
    differences_of,
    preference_rows,
    rater_rows,
    read_preferences,
)
from llavapose.evaluation.tables.ratings import Beside, scored
from llavapose.records import BASELINE, CONTROL_ARMS, PEOPLE, POSE

log = logging.getLogger(__name__)

Row = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Table = tuple[str, Sequence[Row], Sequence[str]]
"""Name of a file, its rows and columns."""
Files = Mapping[str, tuple[str, Sequence[Path]]]
"""Arm -> the name of its files, and the folders of its runs."""
Words = Mapping[tuple[str, str, str], int]
"""Folder, name of an arm's files and question -> the answer's words."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one judge, or a panel, found.

    Attributes:
        ratings: arm -> its rated answers.
        controls: control -> arm -> its ratings under it.
        beside: what an anchor was rated beside each arm alone.
        verdicts: of all arms as they were written, each with ``run`` (the folder) and ``row`` (the arm as the tables
            call it); a panel has none.
    """

    ratings: ByArm
    controls: Mapping[Control, ByArm]
    beside: Beside
    verdicts: Rows = ()


def write_further(
    out: Path,
    *,
    arms: Sequence[str],
    judges: Mapping[str, Judged],
    parties: Parties,
    files: Files,
    baseline: str = BASELINE,
    benchmark: str = "",
) -> None:
    """Write all the tables beside the ablation and the probe, each a ``.csv``.

    A table without rows is no file; one that was left by earlier results is removed.

    Args:
        out: where they go.
        arms: the rows of the tables.
        judges: judge, the panel too -> what it found.
        parties: who is behind their ratings.
        files: arm -> the name of its files, and the folders of its runs.
        baseline: the arm that the others are compared with.
        benchmark: name, number and hash of the questions.
    """
    words = _words(files)
    lengths = _lengths(files, words)
    comparison, judging, corrected = list[Row](), list[Row](), list[Row]()
    people = judges[PEOPLE].ratings if PEOPLE in judges else {}
    for judge, found in judges.items():
        there = [arm for arm in arms if scored(found.ratings.get(arm, ()))]
        for ours in _ours(judge, there, parties, baseline):
            comparison += comparison_table(
                found.ratings, there, ours, controls=found.controls, beside=found.beside, judge=judge,
                benchmark=benchmark,
            )  # fmt: skip
        judging += judging_table(found.verdicts)
        judging += lengths_table(judge, found.ratings, lengths, baseline, beside=found.beside)
        if judge != PEOPLE:
            corrected += debiased_table(judge, found.ratings, people, arms, baseline, beside=found.beside)
    comparison, compared = with_frame_columns(comparison, COMPARISON_COLUMNS)
    for name, rows, columns in (
        ("comparison.csv", parties.told(comparison), (*compared, *PARTY_COLUMNS)),
        ("judging.csv", judging, JUDGING_COLUMNS),
        ("debiased.csv", corrected, DEBIASED_COLUMNS),
        *_claim_tables(judges, arms, words),
        ("efficiency.csv", efficiency_rows(files), EFFICIENCY_COLUMNS),
        ("located.csv", located_rows(files), LOCATED_COLUMNS),
        *people_tables(judges, files),
    ):
        if rows:
            write_rows(out / name, rows, columns)
        else:
            (out / name).unlink(missing_ok=True)


def _claim_tables(judges: Mapping[str, Judged], arms: Sequence[str], words: Words) -> list[Table]:
    """The claims of the answers, and how judges agree with one another and with these."""
    answers = answer_claims(judges[POSE].verdicts if POSE in judges else (), words)
    ratings = {judge: found.ratings for judge, found in judges.items()}
    claimed = [arm for arm in arms if any(one.arm == arm for one in answers)]
    return [
        ("agreement.csv", [*agreement_table(ratings), *claims_agreement(answers, ratings)], AGREEMENT_COLUMNS),
        ("claims.csv", claims_table(answers, claimed), CLAIM_COLUMNS),
        ("answer_claims.csv", answer_rows(answers), ANSWER_COLUMNS),
    ]


def _words(files: Files) -> Words:
    return {
        (str(folder), name, question): num
        for name, folders in dict.fromkeys((name, tuple(folders)) for name, folders in files.values())
        for folder in folders
        for question, num in words_of(folder, name).items()
    }


def people_tables(judges: Mapping[str, Judged], files: Files) -> list[Table]:
    """What raters say of one another, and whom they prefer."""
    preferences = read_preferences(files)
    verdicts = judges[PEOPLE].verdicts if PEOPLE in judges else ()
    others = {
        judge: differences_of(preferences, found.ratings, found.beside)
        for judge, found in judges.items()
        if judge != PEOPLE
    }
    return [
        ("raters.csv", rater_rows(verdicts, preferences), RATER_COLUMNS),
        ("preferences.csv", preference_rows(preferences, others), PREFERENCE_COLUMNS),
    ]


def _ours(judge: str, arms: Sequence[str], parties: Parties, baseline: str) -> list[str]:
    """The arms that a judge's comparisons are about; that they cannot be told is said.

    A judge of single answers has no anchor of its own: its is that of the other judges.
    """
    others = [one for one in parties.anchors.values() if one not in (baseline, *CONTROL_ARMS)]
    anchor = parties.anchors.get(judge) or next(iter(others), None)
    ours = our_arms(arms, anchor, baseline)
    compared = [arm for arm in models(arms, baseline) if arm != baseline]
    if not ours and compared:
        log.info(
            "comparison, judge %s: no table, none of %s is known to be ours; expected an arm full, conv, detail or "
            "complex, or the arm that judge.anchor names",
            judge, ", ".join(compared),
        )  # fmt: skip
    return ours


def _lengths(files: Files, words: Words) -> dict[str, dict[str, float]]:
    """Arm -> question id -> log2 of its answer's words, a mean over its runs; an empty answer counts as one word."""
    found: dict[str, dict[str, list[float]]] = {}
    for arm, (name, folders) in files.items():
        of_arm = found.setdefault(arm, defaultdict(list))
        places = {str(folder) for folder in folders}
        for (folder, of, question), num in words.items():
            if of == name and folder in places:
                of_arm[question].append(math.log2(max(1, num)))
    return {arm: {q: sum(v) / len(v) for q, v in of_arm.items()} for arm, of_arm in found.items() if of_arm}
