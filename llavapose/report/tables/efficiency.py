"""What an answer costs, as readers see it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.report.tables.grid import HOLE_MARK, Grid, number

NOTE = (
    "alone: questions asked one by one, medians: seconds from the picture file to the first token, tokens a second "
    "behind it, seconds of an answer in all. batched: seconds of the run over the answers that it made. Times are the "
    "machine's: rows of different devices are no comparison of models. A time has no interval: what another run of the "
    "same machine would take is not known."
)


def efficiency_grid(rows: Sequence[Mapping[str, Any]]) -> Grid | None:
    """An arm a row, as ``efficiency.csv`` has it; None where no arm was timed."""
    if not rows:
        return None
    several = any(row.get("num_runs", 1) > 1 for row in rows)
    return Grid(
        title="What an answer costs",
        header=(
            "arm",
            "first token, s, alone",
            "tokens/s, alone",
            "answer, s, alone",
            "answer, s, batched",
            "peak memory, GB",
            "parameters, M",
            "precision",
            "device",
            "timed answers",
        ),
        rows=tuple(_line(row) for row in rows),
        note=" ".join((NOTE, *["Several runs of an arm are averaged."] * several)),
    )


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    def told(name: str, digits: int, per: float = 1) -> str:
        return number(row.get(name, math.nan) / per, digits)

    devices = row.get("num_devices", math.nan)
    device = f"{devices:.0f} x {row['device']}" if devices > 1 else row.get("device") or HOLE_MARK
    return (
        row["arm"],
        told("first_token_s", 3),
        told("tokens_per_s", 1),
        told("answer_s", 3),
        told("batch_answer_s", 3),
        told("peak_memory_gb", 2),
        told("num_parameters", 1, per=1e6),
        row.get("dtype") or HOLE_MARK,
        device,
        told("num_timed", 0),
    )
