"""Where joints are: the rows of ``located.csv``, from ``located/<arm>.json`` of every arm and run.

An arm has a row for what it was shown: ``true``, its own pictures; ``shuffled``, another person's; the mean pose is a
row of its own, the same for all. Several runs are averaged, and their interval is Student's t over the runs: it holds
what another training seed would give. One run's is over pictures drawn again and again.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from llavapose.errors import DataError
from llavapose.files import read_json

MEASURES = {"ap": "AP", "ap50": "AP50", "ap75": "AP75", "apm": "APM", "apl": "APL", "ar": "AR"}
"""Column -> COCO's name."""
PCKH = {"pckh": "mean", "pckh_coco": "mean coco", "pckh_beyond": "mean beyond"}
"""Column -> MPII's name: of all its joints, of those that COCO has, of those that it lacks."""
SHARES = (
    "unranked", "parsed", "not_visible_precision", "not_visible_recall", "hidden_precision", "hidden_recall", "tokens",
    "seconds",
)  # fmt: skip
TEXT = ("arm", "shown", "view", "asking", "coding", "boxes")
LOCATED_COLUMNS = (
    "arm", "shown", *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")), *PCKH, *SHARES,
    "num_people", "num_pictures", "num_runs", *TEXT[2:],
)  # fmt: skip
MEAN_POSE = "mean_pose"


def located_rows(files: Mapping[str, tuple[str, Sequence[Path]]]) -> list[dict[str, Any]]:
    """Every arm that was asked where joints are; holes are NaN.

    Args:
        files: arm -> the name of its files, and the folders of its runs.

    Raises:
        DataError: a file that holds something else.
    """
    rows: list[dict[str, Any]] = []
    floors: dict[str, dict[str, Any]] = {}
    for arm, (name, folders) in files.items():
        paths = (folder / "located" / f"{name}.json" for folder in dict.fromkeys(folders))
        runs = [_read(path) for path in paths if path.is_file()]
        if not runs:
            continue
        for shown in ("true", "shuffled"):
            if all(shown in run["rows"] for run in runs):
                rows.append(_row(arm, shown, runs))
        if all(MEAN_POSE in run["rows"] for run in runs):
            floor = _row(MEAN_POSE, MEAN_POSE, runs[:1])
            floors.setdefault(str([floor["view"], floor["ap"], floor["num_people"]]), floor)
    return [*rows, *floors.values()]


def _read(path: Path) -> dict[str, Any]:
    told = read_json(path, what="located")
    try:
        for row in told["rows"].values():
            for name in MEASURES.values():
                float(row[name]["value"] if "PCKh" not in row else row["PCKh"]["mean"])
        int(told["num_people"])
    except (TypeError, KeyError, ValueError, AttributeError):
        raise DataError(
            f"located: {path} has no scores as evaluate.py writes them; delete it, and evaluate.py makes it again"
        ) from None
    return told


def _row(arm: str, shown: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = [run["rows"][shown] for run in runs]
    found: dict[str, Any] = {"arm": arm, "shown": shown, "num_runs": len(runs)}
    for column, name in MEASURES.items():
        value, low, high = _interval([row[name] for row in told if name in row])
        found |= {column: value, f"{column}_low": low, f"{column}_high": high}
    pckh = [row["PCKh"] for row in told if "PCKh" in row]
    for column, name in PCKH.items():
        found[column] = sum(one[name] for one in pckh) / len(pckh) if pckh else math.nan
    for name in SHARES:
        values = [row[name] for row in told if row.get(name) is not None]
        found[name] = sum(values) / len(values) if values else math.nan
    for name in ("num_people", "num_pictures"):
        found[name] = runs[0][name]
    return found | {name: ", ".join(dict.fromkeys(str(run[name]) for run in runs)) for name in TEXT[2:]}


def _interval(told: Sequence[Mapping[str, float]]) -> tuple[float, float, float]:
    """Pycocotools says -1 where no person is of a size: there is nothing to say then."""
    values = np.array([one["value"] for one in told], float)
    if not len(values) or (values < 0).any():
        return math.nan, math.nan, math.nan
    if len(values) == 1:
        return float(values[0]), float(max(told[0]["low"], 0)), float(max(told[0]["high"], 0))
    mean = float(values.mean())
    half = float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, max(0.0, mean - half), min(1.0, mean + half)
