"""The rows that a probe leaves, read back: whoever wrote them, each is one, or is refused with its place."""

import math
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.probe.pictures import PASSES
from llavapose.evaluation.probe.score import FACT_GROUPS
from llavapose.files import read_jsonl

Row = dict[str, Any]

_FORM: Mapping[str, tuple[type | UnionType, str]] = {
    "id": (str, "a text"),
    "arm": (str, "a text"),
    "scene_id": (int, "a whole number"),
    "kind": (str, "a text"),
    "part": (str | None, "a text or null"),
    "value": (str, "a text"),
    "flipped_value": (str, "a text"),
    "num_people": (int, "a whole number"),
}
_FACT = ("scene_id", "group", "kind", "part", "value", "flipped_value", "num_people")
"""What an item asks."""


def read_probe(folder: Path, arm: str) -> list[Row]:
    """The probe's rows of an arm; empty where it left none.

    Raises:
        DataError: a line that is no row of a probe.
    """
    path = folder / "probe" / f"{arm}.jsonl"
    found = []
    for number, row in read_jsonl(path, what="probe") if path.is_file() else ():
        if problem := _problem(row):
            raise DataError(f"probe: {path}:{number} {problem}; probe {arm} again")
        found.append(row)
    return found


def _problem(row: Row) -> str | None:
    for key, (form, told) in _FORM.items():
        value = row.get(key)
        if not isinstance(value, form) or isinstance(value, bool):
            return f"has {key} {shown(value)}; expected {told}"
    for key, among in (("pictures", PASSES), ("group", FACT_GROUPS)):
        if row.get(key) not in among:
            return f"has {key} {shown(row.get(key))}; expected one of {', '.join(among)}"
    if "right" in row:
        right = row["right"]
        return None if right is None or (_is_number(right) and 0 <= right <= 1) else (
            f"has right {shown(right)}; expected a number from 0 to 1, or null"
        )  # fmt: skip
    for key in ("loglik_true", "loglik_flipped"):
        value = row.get(key)
        if not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
            return f"has {key} {shown(value)}; expected two numbers"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_probes(folder: Path) -> None:
    """Check that every arm of a folder was probed about the same facts, each once.

    A model that chooses is asked about fewer than one that gives likelihoods, so each is held against its like.

    Raises:
        DataError: a line that is no row; a fact twice, another under the same id, or one less than of another arm.
    """
    paths = sorted((folder / "probe").glob("*.jsonl"))
    facts: dict[str, tuple[Row, Path]] = {}
    asked: dict[tuple[str, bool], dict[str, set[str]]] = {}
    for path in paths:
        seen = set[tuple[str, str]]()
        for row in read_probe(folder, path.stem):
            place = f"board: probe/{path.name}"
            if row["arm"] != path.stem:
                raise DataError(f"{place} has a row of arm {shown(row['arm'])}; expected {path.stem!r}")
            if (key := (row["id"], row["pictures"])) in seen:
                raise DataError(f"{place}: {shown(row['id'])} ({row['pictures']}) stands there twice; expected once")
            seen.add(key)
            first, other = facts.setdefault(row["id"], (row, path))
            if name := next((name for name in _FACT if row[name] != first[name]), None):
                raise DataError(
                    f"board: {shown(row['id'])} has {name} {shown(row[name])} in probe/{path.name} and "
                    f"{shown(first[name])} in probe/{other.name}; expected the same facts of every entry"
                )
            asked.setdefault((row["pictures"], "right" in row), {}).setdefault(path.stem, set()).add(row["id"])
    for (pictures, _), of_arms in asked.items():
        _check_whole(pictures, of_arms)


def _check_whole(pictures: str, of_arms: Mapping[str, set[str]]) -> None:
    whole = max(of_arms, key=lambda arm: len(of_arms[arm]))
    for arm, ids in of_arms.items():
        if lacks := of_arms[whole] - ids:
            raise DataError(f"board: probe/{arm}.jsonl lacks {shown(min(lacks))} ({pictures}), which {whole} was "
                            "probed about; probe both with the same settings")  # fmt: skip
