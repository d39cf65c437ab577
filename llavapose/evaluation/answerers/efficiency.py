"""What an answer costs: ``efficiency/<arm>.json`` beside the answers, which it must not change, and its table.

    {"made": "3f0c...", "device": "NVIDIA A100", "num_devices": 1, "dtype": "bfloat16", "num_parameters": 7063427072,
     "first_token_s": 0.11, "tokens_per_s": 38.2, "answer_s": 2.9, "num_timed": 3, "peak_memory_gb": 14.6,
     "batch_size": 32, "batch_answer_s": 0.31, "num_batched": 270}

Alone: questions one by one, as somebody waits for them, medians: ``first_token_s`` from the picture file to the first
token, ``tokens_per_s`` behind it, ``answer_s`` in all. In a batch: seconds of the whole run over the answers it made;
null where it made none, because they lay there already. Times are the machine's, and no two are alike.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llavapose.evaluation.answerers.protocol import TimedAnswerer
from llavapose.files import fingerprint, read_json, write_json
from llavapose.records import Question

EFFICIENCY_COLUMNS = (
    "arm", "first_token_s", "tokens_per_s", "answer_s", "batch_answer_s", "peak_memory_gb", "num_parameters", "dtype",
    "device", "num_devices", "batch_size", "num_timed", "num_batched",
)  # fmt: skip
"""Of ``efficiency.csv``, an arm a row."""
_TEXT = ("arm", "dtype", "device")


def write_efficiency(out: Path, arm: str, answerer: TimedAnswerer, questions: Sequence[Question], images: Path) -> None:
    """Measure what has not been measured of this checkpoint yet; nothing where the answerer times nothing."""
    path = out / "efficiency" / f"{arm}.json"
    made = fingerprint(answerer.identity())
    if path.is_file() and read_json(path, what="efficiency").get("made") == made:
        return
    if (found := answerer.efficiency(questions, images)) is not None:
        write_json(path, {"made": made, **found})


def efficiency_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of ``efficiency.csv``: every arm of a folder of results that was timed; holes are NaN, "" in text."""
    rows = []
    for path in sorted((folder / "efficiency").glob("*.json")):
        told = read_json(path, what="efficiency")
        rows.append({"arm": path.stem, **{name: _cell(told, name) for name in EFFICIENCY_COLUMNS if name != "arm"}})
    return rows


def _cell(told: dict[str, Any], name: str) -> Any:
    value = told.get(name)
    return ("" if name in _TEXT else float("nan")) if value is None else value
