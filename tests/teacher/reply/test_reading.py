"""What a reading in the ledger is known by: every file that decides it."""

import ast
import shutil
from pathlib import Path

import llavapose
from llavapose.teacher.reply.reading import deciding_files, reading_version, version_of

ROOT = Path(llavapose.__file__).parent
START = "teacher/reply/reading.py"
DECIDE_NOTHING = {"files.py", "llm/chat.py", "__init__.py"}
"""Imported on the way, but how files are written and requests look changes no reading."""


def imported(path: Path) -> set[str]:
    """Files of this package that a file imports, relative to it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llavapose"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("llavapose")]
        else:
            continue
        for name in names:
            base = ROOT.parent.joinpath(*name.split("."))
            found |= {file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()}
    return {file.relative_to(ROOT).as_posix() for file in found}


def test_every_file_that_a_reading_depends_on_changes_its_version():
    todo, reached = [START], set()
    while todo:
        name = todo.pop()
        if name not in reached and name not in DECIDE_NOTHING:
            reached.add(name)
            todo += imported(ROOT / name)
    assert {"pose/check.py", "pose/vocabulary.py"} <= reached
    assert not reached - set(deciding_files(ROOT))


def test_files_in_subfolders_count():
    assert set(deciding_files(ROOT)) >= {path.relative_to(ROOT).as_posix() for path in (ROOT / "pose").rglob("*.py")}


def test_the_version_changes_with_every_byte_that_decides(tmp_path):
    for name in deciding_files(ROOT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    versions = [version_of(tmp_path)]
    assert versions == [reading_version()]
    for name in deciding_files(ROOT):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(before[:-1] + b"#")
        versions.append(version_of(tmp_path))
        (tmp_path / name).write_bytes(before)
    (tmp_path / "pose" / "new.py").touch()
    versions.append(version_of(tmp_path))
    assert len(set(versions)) == len(versions) > 20
