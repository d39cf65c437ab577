"""A sweep's numbers beside those of the documents: the same, other ones, another order, other questions."""

import random
import sys
from pathlib import Path

import pytest

from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.compose import composed, typed
from llavapose.errors import DataError
from llavapose.files import REFERENCES, read_csv, write_csv
from llavapose.records import CONTROL_ARMS
from llavapose.report.reference import keep_reference, machine_kind, reference_grid, say_reference
from llavapose.report.tables import TEXT_COLUMNS
from tests import warm

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.name for path in REFERENCES.iterdir())


def moved(folder: Path, by: float = 0.0, seed: int | None = None, **other: str) -> Path:
    """A copy of the demo's reference with its ratings moved, or drawn anew, or with other columns."""
    rows = read_csv(REFERENCES / "demo" / "ablation.csv", ("arm",), what="x", text=TEXT_COLUMNS)
    rng = random.Random(seed)
    for row in rows:
        step = by if seed is None else rng.uniform(-by, by)
        row |= {name: row[name] + step for name in ("score", "low", "high")} | other
    folder.mkdir()
    write_csv(folder / "ablation.csv", rows, list(rows[0]))
    (folder / "probe.csv").write_text((REFERENCES / "demo" / "probe.csv").read_text())
    (folder / "tables.md").write_text("")
    return folder


def test_the_same_numbers_tell_the_same_story(tmp_path, capsys):
    say_reference(moved(tmp_path / "own"), "demo")
    said = capsys.readouterr().out
    rows = read_csv(REFERENCES / "demo" / "ablation.csv", ("arm",), what="x", text=TEXT_COLUMNS)
    for row in rows:
        assert f"{row['score']:.1f} ({row['score']:.1f})" in said
    assert "in the same order: " in said and "by 0.0 points" in said
    assert (REFERENCES / "demo" / "machine.txt").read_text().strip() in said


def test_cells_that_moved_are_counted(tmp_path):
    near = reference_grid(moved(tmp_path / "near", by=3.0), REFERENCES / "demo").note
    assert "by 3.0 points" in near and "in the same order" in near
    num = int(near.split("intervals of ")[1].split()[0])
    assert num > 25  # all but where an interval has no width
    far = reference_grid(moved(tmp_path / "far", by=60.0), REFERENCES / "demo").note
    assert int(far.split("intervals of ")[1].split()[0]) < num and "by 60.0 points" in far
    other = reference_grid(moved(tmp_path / "other", by=60.0, seed=1), REFERENCES / "demo").note
    assert "; in the documents " in other


def test_other_questions_are_not_compared(tmp_path):
    ours = moved(tmp_path / "own", benchmark="world (270 questions: aaa)", judge="pose")
    theirs = moved(tmp_path / "documents", benchmark="world (270 questions: bbb)", judge="pose")
    assert "other questions: no cell can be compared" in reference_grid(ours, theirs).note
    assert "other questions" not in reference_grid(ours, ours).note


def test_an_arm_of_ones_own_has_no_number_in_the_documents(tmp_path):
    own = moved(tmp_path / "own")
    table = own / "ablation.csv"
    table.write_text(table.read_text().replace("pose,conv,", "pose,mine,"))
    grid = reference_grid(own, REFERENCES / "demo")
    assert next(row for row in grid.rows if row[0] == "mine")[1].endswith("(—)")


def test_one_command_keeps_a_sweep(tmp_path):
    sweep = moved(tmp_path / "sweep", by=1.0)
    kept = tmp_path / "kept" / "demo"
    command = [sys.executable, "-m", "llavapose.report.reference", str(sweep), str(kept)]
    done = warm.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in kept.iterdir()} == {"ablation.csv", "probe.csv", "tables.md", "machine.txt"}
    assert (kept / "machine.txt").read_text().strip() == machine_kind()
    assert "torch" in machine_kind() and "cores of" in machine_kind()
    assert "by 0.0 points" in reference_grid(sweep, kept).note
    with pytest.raises(DataError, match=r"has no ablation\.csv"):
        keep_reference(tmp_path, kept)


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_kept_is_whole_and_shown(name):
    grid = reference_grid(REFERENCES / name, REFERENCES / name)
    # The controls' rows are rated, and that is all.
    holes = {row[0] for row in grid.rows if any("—" in cell for cell in row)}
    assert "by 0.0 points" in grid.note and holes <= set(CONTROL_ARMS)
    assert f"<!-- from: llavapose/assets/reference/{name}/tables.md -->" in (ROOT / "docs/results.md").read_text()


def test_the_demo_names_its_reference():
    config = typed("train", composed("train", ROOT / "conf", ["experiment=demo"]))
    assert config.reference == "demo" and missing_inputs(config) == []
    (line,) = missing_inputs(typed("train", composed("train", ROOT / "conf", ["reference=dmo"])))
    assert line.startswith("reference: no numbers of dmo are kept; expected one of demo")
