"""What an answer costs: ``efficiency/<arm>.json`` beside the answers, which it must not change, and its table.

    {"made": "3f0c...", "device": "NVIDIA A100", "num_devices": 1, "dtype": "bfloat16", "num_parameters": 7063427072,
     "first_token_s": 0.11, "tokens_per_s": 38.2, "answer_s": 2.9, "num_timed": 3, "peak_memory_gb": 14.6,
     "batch_size": 32, "batch_answer_s": 0.31, "num_batched": 270}

Alone: questions one by one, as somebody waits for them, medians: ``first_token_s`` from the picture file to the first
token, ``tokens_per_s`` behind it, ``answer_s`` in all. In a batch: seconds of the whole run over the answers it made;
null where it made none, because they lay there already. Of questions about several pictures
``pictures_per_answer`` says how many the timed ones had on average. Times are the machine's, and no two are alike.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.answerers.protocol import TimedAnswerer
from llavapose.files import fingerprint, read_json, write_json
from llavapose.records import Question

EFFICIENCY_COLUMNS = (
    "arm", "first_token_s", "tokens_per_s", "answer_s", "batch_answer_s", "peak_memory_gb", "num_parameters", "dtype",
    "device", "num_devices", "batch_size", "num_timed", "num_batched", "num_runs",
)  # fmt: skip
"""Of ``efficiency.csv``, an arm a row."""
_TEXT = ("dtype", "device")
_COUNTS = ("num_timed", "num_batched")
"""Answers behind the times: of several runs their sum."""


def write_efficiency(out: Path, arm: str, answerer: TimedAnswerer, questions: Sequence[Question], images: Path) -> None:
    """Measure what has not been measured of this checkpoint yet; nothing where the answerer times nothing."""
    path = out / "efficiency" / f"{arm}.json"
    made = fingerprint(answerer.identity())
    if path.is_file() and read_json(path, what="efficiency").get("made") == made:
        return
    if (found := answerer.efficiency(questions, images)) is not None:
        write_json(path, {"made": made, **found})


def efficiency_rows(files: Mapping[str, tuple[str, Sequence[Path]]]) -> list[dict[str, Any]]:
    """The rows of ``efficiency.csv``: every arm that was timed, the mean over its runs; holes are NaN, "" in text.

    Args:
        files: arm -> the name of its files, and the folders of its runs.

    Raises:
        DataError: a file that holds something else.
    """
    rows = []
    for arm, (name, folders) in files.items():
        places = (folder / "efficiency" / f"{name}.json" for folder in dict.fromkeys(folders))
        if told := [_told(path) for path in places if path.is_file()]:
            cells = {column: _cell(told, column) for column in EFFICIENCY_COLUMNS[1:-1]}
            rows.append({"arm": arm, **cells, "num_runs": len(told)})
    return rows


def _told(path: Path) -> dict[str, Any]:
    told = read_json(path, what="efficiency")
    for column in EFFICIENCY_COLUMNS[1:-1]:
        found = told.get(column) if isinstance(told, dict) else told
        if found is not None and (isinstance(found, bool) or not isinstance(found, _type(column))):
            kind = "text" if column in _TEXT else "a number"
            raise DataError(
                f"efficiency: {path} has {shown(found)} as {column}; expected {kind}, "
                "null for what was not measured: delete the file, and evaluate.py measures again"
            )
    return told


def _type(column: str) -> type | tuple[type, ...]:
    return str if column in _TEXT else (int, float)


def _cell(told: Sequence[Mapping[str, Any]], column: str) -> Any:
    found = [run[column] for run in told if run.get(column) is not None]
    if column in _TEXT:
        return ", ".join(dict.fromkeys(found))
    if not found:
        return math.nan
    return sum(found) if column in _COUNTS else sum(found) / len(found)
