"""The table of thresholds: complete, explained, and the only place where facts and motion facts have numbers."""

import ast
from pathlib import Path

import pytest

from benchmarks.facts import main
from llavapose.pose import thresholds
from llavapose.pose.thresholds import GUESS, HAND, LOOSE, MEANING, MOTION, TABLE, TUNED, markdown, rows

ROOT = Path(__file__).parents[2]
UNITS = ("_deg", "_torsos", "_rel", "_share", "_margins", "_s")

PLAIN = {0, 1, 2, -1, 0.5}
FURTHER = {
    "limbs.py": {180},  # degrees of a straight line
    "relations.py": {3, 1e-9},  # a box's last number; against division by nothing
    "body.py": {90},  # degrees of a quarter turn
}
"""Numbers that nobody chose, by file of ``pose/facts`` and ``pose/motion``."""
READ = sorted(path for room in ("facts", "motion") for path in (ROOT / "llavapose/pose" / room).glob("*.py"))


def test_every_threshold_says_what_set_it_and_why():
    assert len(rows()) > 100
    for row in rows():
        assert row.set_by in (TUNED, LOOSE, HAND, MOTION, GUESS, MEANING), row.name
        assert row.why.strip(), row.name


def test_every_threshold_names_its_unit():
    for row in rows():
        name = row.name.partition(".")[2]
        assert name.endswith(UNITS) or "num_" in name, row.name


def test_every_group_is_in_the_table():
    groups = {name for name, value in vars(thresholds).items() if type(value).__module__ == thresholds.__name__}
    assert groups == set(TABLE)


def test_what_set_a_threshold_is_there():
    assert (ROOT / TUNED).exists()
    assert (ROOT / MOTION).exists()


def _read_in(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = (node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    return {f"{node.value.id}.{node.attr}" for node in found if isinstance(node.value, ast.Name)}


def test_no_threshold_is_left_over():
    used = set().union(*(_read_in(path) for path in (ROOT / "llavapose/pose").rglob("*.py")))
    assert {row.name for row in rows()} <= used


def _numbers(path: Path) -> set[float]:
    """Numbers of a file's expressions, but for the digits that ``round`` keeps."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    digits = {id(arg) for call in calls if call.func.id == "round" for arg in call.args[1:]}  # type: ignore[union-attr]
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in digits]
    return {node.value for node in constants if type(node.value) in (int, float)}


@pytest.mark.parametrize("path", READ, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_facts_hold_no_numbers_of_their_own(path):
    own = _numbers(path) - PLAIN - FURTHER.get(path.name, set())
    assert not own, f"{path.name}: {sorted(own)}; give them a name in pose/thresholds.py"


def test_numbers_are_found(tmp_path):
    """The test above is no use if it overlooks them."""
    (tmp_path / "some.py").write_text("def near(gap):\n    return 1 if gap < 0.35 * (1 - -7) else round(gap, 3)\n")
    assert _numbers(tmp_path / "some.py") == {1, 0.35, 7}


def test_the_page_shows_the_table_as_it_is():
    page = (ROOT / "docs/pose.md").read_text(encoding="utf-8")
    assert markdown() in page, "docs/pose.md: put in what `python benchmarks/facts.py --thresholds` prints"


def test_the_benchmark_prints_the_table(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["facts.py", "--thresholds"])
    main()
    assert capsys.readouterr().out.strip() == markdown()
