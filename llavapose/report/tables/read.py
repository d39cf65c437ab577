"""``ablation.csv`` and the others read back, those of earlier versions too."""

import math
from pathlib import Path
from typing import Any

from llavapose.evaluation.tables.ablation import CONTROL_COLUMNS, FRAME_COLUMNS
from llavapose.evaluation.tables.debiased import DEBIASED_COLUMNS
from llavapose.evaluation.tables.parties import PARTY_COLUMNS
from llavapose.evaluation.tables.ratings import COUNT_COLUMNS, DIFFERENCE_COLUMNS, MISSING_COLUMNS
from llavapose.files import read_csv
from llavapose.records import POSE, with_base

NEEDED = {
    "ablation.csv": ("arm", "kind", "score", "low", "high", "diff", "diff_low", "diff_high", "num_scored"),
    "probe.csv": ("arm", "pictures", "group", "skill", "low", "high", "n"),
    "comparison.csv": ("judge", "ours", "arm", "kind", "score", "low", "high", "diff", "gain", "num_scored"),
    "claims.csv": ("arm", "kind", "measure", "value", "low", "high", "num_answers"),
    "judging.csv": ("judge", "arm", "measure", "value", "low", "high", "num"),
    "agreement.csv": ("first", "second", "over", "measure", "value", "low", "high", "num"),
    "debiased.csv": DEBIASED_COLUMNS,
    "raters.csv": ("over", "first", "second", "measure", "value", "low", "high", "num"),
    "preferences.csv": ("judge", "first", "second", "kind", "measure", "value", "low", "high", "num"),
    "located.csv": ("arm", "shown", "ap", "ap_low", "ap_high", "parsed", "num_people", "num_runs"),
    "keyed.csv": ("arm", "pictures", "group", "accuracy", "low", "high", "chance", "n", "refused", "unreadable"),
    "efficiency.csv": ("arm", "first_token_s", "tokens_per_s", "answer_s", "batch_answer_s", "peak_memory_gb"),
}
"""Columns that the readers' tables are made from."""
OPTIONAL = (
    "comparison.csv", "claims.csv", "judging.csv", "agreement.csv", "debiased.csv", "raters.csv", "preferences.csv",
    "efficiency.csv", "located.csv", "keyed.csv",
)  # fmt: skip
"""Tables that are there where there is something to tell."""
CLAIM_COLUMNS = ("claims", "claims_right")
LATER_COLUMNS = (
    *CONTROL_COLUMNS,
    *FRAME_COLUMNS,
    "of_text_only",
    *CLAIM_COLUMNS,
    *DIFFERENCE_COLUMNS,
    *MISSING_COLUMNS,
    *COUNT_COLUMNS[2:-2],
)
"""Numbers that tables which were kept earlier lack."""
TEXT_COLUMNS = (
    "judge", "ours", "arm", "base", "kind", "pictures", "group", "benchmark", "interval", "measure",
    "first", "second", "over",
    "missing_seeds", "unscored", "dtype", "device", "shown", "view", "asking", "coding", "boxes",
    "hole", *PARTY_COLUMNS,
)  # fmt: skip


def read_table(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of ``folder/name``; holes are NaN; ratings that do not say whose they are are the pose judge's.

    Where arms have several bases, ``arm`` tells the base too: "full (base=tiny)", a name for one row.

    Raises:
        DataError: the file is missing or lacks columns.
    """
    if name in OPTIONAL and not (folder / name).is_file():
        return []
    rows = read_csv(folder / name, NEEDED[name], what=f"table {name}", text=TEXT_COLUMNS)
    for row in rows:
        if row.get("base"):
            row["arm"] = with_base(row["arm"], row["base"])
    if name == "ablation.csv":
        for row in rows:
            for column, value in (("judge", POSE), ("benchmark", ""), ("interval", ""), ("unscored", "")):
                row.setdefault(column, value)
            for column in LATER_COLUMNS:
                row.setdefault(column, math.nan)
            for column in PARTY_COLUMNS:
                row.setdefault(column, "")
    if name == "comparison.csv":
        for row in rows:
            row.setdefault("unscored", "")
            for column in (*CONTROL_COLUMNS, *FRAME_COLUMNS):
                row.setdefault(column, math.nan)
            for column in PARTY_COLUMNS:
                row.setdefault(column, "")
    return rows
