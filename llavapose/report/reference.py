"""A sweep's numbers beside those that the documents show, so that a reader sees at once whether both tell the same.

One seed's cells differ by some points between machines: other processors sum in another order, and training carries it
on. So nothing here is right or wrong; what is told is how far apart the cells are, and whether the arms come in the
same order. To put a finished sweep in a reference's place, with the kind of machine that made it:

    python -m llavapose.report.reference outputs/demo llavapose/assets/reference/demo
"""

import argparse
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, LlavaPoseError
from llavapose.evaluation.tables.ablation import POSE
from llavapose.files import REFERENCES, atomic_write
from llavapose.kinds import rated_kinds
from llavapose.records import ALL
from llavapose.report.tables import HOLE_MARK, Grid, as_text, number, read_table

KEPT = ("ablation.csv", "probe.csv", "tables.md", "seeds.csv")
"""What is kept of a sweep; the last where it has several seeds."""
MADE_ON = "machine.txt"

CONTROL = "shuffled rating"
"""Column of an arm's ratings with shuffled pictures."""

Cells = dict[tuple[str, str], Mapping[str, Any]]


def say_reference(sweep_dir: Path, name: str) -> None:
    """Print a sweep's numbers beside those of the reference ``name``.

    Raises:
        DataError: no such reference, or tables that cannot be read.
    """
    print("\n" + as_text(reference_grid(sweep_dir, REFERENCES / name)), flush=True)


def reference_grid(own: Path, documents: Path) -> Grid:
    """An arm a row, a kind a column, then the probe: each cell its own value and, in brackets, the documents'."""
    mine, theirs = _cells(own), _cells(documents)
    arms = list(dict.fromkeys(arm for arm, _ in mine))
    columns = [*rated_kinds(), ALL, CONTROL, "skill", "shuffled"]
    rows = [(arm, *(_both(mine.get((arm, name)), theirs.get((arm, name)), name) for name in columns)) for arm in arms]
    header = ("arm", *rated_kinds(), ALL, "shuffled", "probe skill", "probe, shuffled")
    note = f"Yours, in brackets those in the documents ({_made_on(documents)}). {_told(mine, theirs, arms)}"
    return Grid(title="Beside the documents' numbers", header=header, rows=tuple(rows), note=note)


def keep_reference(sweep_dir: Path, folder: Path) -> None:
    """Put a finished sweep's tables in the place of a reference's, with the kind of machine that made them.

    Raises:
        DataError: a sweep without its tables.
    """
    missing = [name for name in KEPT[:3] if not (sweep_dir / name).is_file()]
    if missing:
        raise DataError(f"reference: {sweep_dir} has no {', '.join(missing)}; give the folder of a finished sweep")
    folder.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        if (sweep_dir / name).is_file():
            shutil.copyfile(sweep_dir / name, folder / name)
    with atomic_write(folder / MADE_ON) as stream:
        stream.write(machine_kind() + "\n")


def machine_kind() -> str:
    """What decides a run's numbers besides its settings: cores, processor, torch; and the commit, in a checkout."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = [f"{cores} cores of {_processor()}", f"torch {version('torch')}"]
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, timeout=10)
    except OSError:
        return ", ".join(told)
    return ", ".join([*told, *([f"commit {done.stdout.strip()}"] if done.returncode == 0 else [])])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _cells(folder: Path) -> Cells:
    """(arm, column) -> value, low and high: ratings by the pose judge, skills, each with shuffled pictures too."""
    ratings = [row for row in read_table(folder, "ablation.csv") if row["judge"] == POSE]
    found: Cells = {(row["arm"], row["kind"]): {**row, "value": row["score"]} for row in ratings}
    for row in ratings:
        if row["kind"] == ALL:  # it has no interval, so that nothing is compared with it
            found[row["arm"], CONTROL] = {"value": row["shuffled"], "low": math.nan, "high": math.nan}
    for row in read_table(folder, "probe.csv"):
        if row["group"] == ALL and row["pictures"] in ("true", "shuffled"):
            column = "skill" if row["pictures"] == "true" else "shuffled"
            found[row["arm"], column] = {**row, "value": row["skill"]}
    return found


def _both(mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None, column: str) -> str:
    digits = 2 if column in ("skill", "shuffled") else 1
    one, other = (HOLE_MARK if cell is None else number(cell["value"], digits) for cell in (mine, theirs))
    return f"{one} ({other})"


def _told(mine: Cells, theirs: Cells, arms: Sequence[str]) -> str:
    """How far apart the cells that both have are, and whether the arms come in the same order."""
    shared = [key for key in mine if key in theirs and not _is_hole(mine[key]) and not _is_hole(theirs[key])]
    if not shared:
        return "They share no cell."
    asked = {cells[key].get("benchmark", "") for cells in (mine, theirs) for key in shared if key[1] == ALL} - {""}
    if len(asked) > 1:
        return "They were asked other questions: no cell can be compared."
    near = sum(mine[key]["low"] <= theirs[key]["high"] and theirs[key]["low"] <= mine[key]["high"] for key in shared)
    points = {key: abs(mine[key]["value"] - theirs[key]["value"]) * _points(key[1]) for key in shared}
    furthest = max(points, key=lambda key: points[key])
    lines = [
        f"Of {len(shared)} cells, the intervals of {near} overlap; furthest apart is {furthest[0]}, {furthest[1]}, by "
        f"{points[furthest]:.1f} points of 100."
    ]
    common = [arm for arm in arms if (arm, ALL) in shared]
    orders = [sorted(common, key=lambda arm: -cells[arm, ALL]["value"]) for cells in (mine, theirs)]
    if orders[0] == orders[1]:
        lines.append(f"By rating the arms come in the same order: {', '.join(orders[0])}.")
    else:
        lines.append(f"By rating the arms come as {', '.join(orders[0])}; in the documents {', '.join(orders[1])}.")
    return " ".join(lines)


def _points(column: str) -> float:
    """A skill of 1 is 100 points."""
    return 100.0 if column in ("skill", "shuffled") else 1.0


def _is_hole(cell: Mapping[str, Any]) -> bool:
    return any(math.isnan(cell[name]) for name in ("value", "low", "high"))


def _made_on(folder: Path) -> str:
    file = folder / MADE_ON
    return file.read_text(encoding="utf-8").strip() if file.is_file() else "machine unknown"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llavapose.report.reference", description="Keep a finished sweep's numbers for the documents."
    )
    parser.add_argument("sweep", type=Path, help="folder of a finished sweep, e.g. outputs/demo")
    parser.add_argument("folder", type=Path, help="where to keep them, e.g. llavapose/assets/reference/demo")
    given = parser.parse_args()
    try:
        keep_reference(given.sweep, given.folder)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"kept in {given.folder}; python -m tests.docs.refresh writes the tables of the documents anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
