"""docs/layout.md against the tree: every path named exists, every room is named, the imports are those of the test."""

import re

from tests.docs.pages import ROOT, parts, rows, spans
from tests.test_architecture import RULES, STANDARD

LAYOUT = "docs/layout.md"


def named_paths() -> list[str]:
    """The paths of the tree: indentation says in which folder a line's names lie."""
    tree = next(p for p in parts(LAYOUT) if p.language == "text" and p.text.startswith("train.py"))
    found, folders = [], [""]
    for line in tree.text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names, _, purpose = line.strip().partition("  ")
        assert purpose.strip() or names.endswith("/"), line
        found += [folders[depth] + name for name in names.split()]
        folders = [*folders[: depth + 1], f"{folders[depth]}{names}"]
    return found


def test_every_path_named_is_there():
    missing = [path for path in named_paths() if not (ROOT / path).exists()]
    assert not missing
    assert len(set(named_paths())) == len(named_paths())


def test_every_room_is_named():
    rooms = {f"{path.parent.relative_to(ROOT)}/" for path in (ROOT / "llavapose").rglob("*.py")}
    assert rooms <= {*named_paths()}
    files = {f"llavapose/{path.name}" for path in (ROOT / "llavapose").glob("*.py")}
    assert files - {"llavapose/__init__.py", "llavapose/__main__.py"} <= {*named_paths()}


def test_the_table_of_imports_is_the_tested_one():
    part = next(part for part in parts(LAYOUT) if part.language == "table")
    told = {cells[0].strip("`"): cells[1:] for cells in rows(part.text)[1:]}
    assert set(told) == set(RULES) - STANDARD - {"__main__"}
    for room, (names, torch) in told.items():
        before = names.partition(";")[0]
        assert set(re.findall(r"`([\w.]+)`", before)) == RULES[room][0] - STANDARD, room
        assert torch == ("yes" if RULES[room][1] else "no"), room


def test_open_files_are_those_of_the_test():
    sentence = next(part for part in parts(LAYOUT) if part.section == "Who may import whom" and part.language == "text")
    assert set(spans(sentence)) - {"config"} == STANDARD


def test_every_group_of_settings_is_named():
    groups = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    told = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert not {group for group in groups if f"`{group}`" not in told}
