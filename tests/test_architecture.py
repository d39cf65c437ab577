"""Who may import whom, and that no file grows too long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llavapose"
MAX_LINES = 400

HEAVY = {
    "torch",
    "lightning",
    "transformers",
    "deepspeed",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "torchmetrics",
}
STANDARD = {"records", "errors", "files", "samples"}
SCHEMA = {"config.schema", "config.teaching", "config.choices"}

# Room -> (rooms that it may import besides itself, whether it may import torch and its kin).
RULES: dict[str, tuple[set[str], bool]] = {
    "records": (set(), False),
    "errors": (set(), False),
    "files": ({"errors"}, False),
    "samples": (STANDARD, False),
    "pose": ({"records", "errors"}, False),
    "scenes": ({"pose", "records", "errors", "files"}, False),
    "llm": ({"records", "errors", "files"}, False),
    "teacher": ({"scenes", "pose", "llm", *STANDARD}, False),
    "model": ({"errors"}, True),
    "data": ({"model.batch", *STANDARD}, True),
    "training": ({"data", "model", *STANDARD}, True),
    "base": ({"training", "data", "model", "teacher", "scenes", "pose", *STANDARD}, True),
    "evaluation": ({"teacher", "scenes", "llm", "pose", *STANDARD}, False),
    "report": ({"evaluation", "scenes", "pose", *STANDARD}, False),
    "config": ({"errors", "files"}, False),
    "ask": ({"evaluation", "data", "model", *STANDARD}, True),
}
# Files that may do more than their room.
FURTHER: dict[str, tuple[set[str], bool]] = {
    "evaluation.answer": ({"data", "model"}, True),
    "data.show": ({"model.pretrained"}, True),
    "data.planner": (set(), False),
}
ONLY_HERE = {"wandb": {"report.wandb"}, "openai": {"llm.openai", "llm.batch"}, "deepspeed": {"training.strategies"}}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            yield name, path


MODULES = dict(modules())


def imported(path: Path) -> set[str]:
    """Dotted names of all that a file imports, also inside functions; `from a import b` counts as a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    """The modules of this package that a file imports, without the package's name."""
    names = {name.removeprefix("llavapose.") for name in imported(path) if name.startswith("llavapose.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {""}


def allowed(module: str, wanted: str) -> bool:
    room = module.partition(".")[0]
    rooms = {room} | RULES[room][0] | FURTHER.get(module, (set(), False))[0]
    return wanted in SCHEMA or any(wanted == one or wanted.startswith(f"{one}.") for one in rooms)


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_rooms(module):
    room = module.partition(".")[0]
    assert room in RULES, f"{room} is a new room: say here whom it may import"
    wrong = sorted(name for name in ours(MODULES[module]) if not allowed(module, name))
    assert not wrong, f"llavapose.{module} may not import {', '.join(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_torch_stays_in_its_rooms(module):
    room = module.partition(".")[0]
    may = FURTHER[module][1] if module in FURTHER else RULES[room][1]
    heavy = sorted(name for name in imported(MODULES[module]) if name.partition(".")[0] in HEAVY)
    assert may or not heavy, f"llavapose.{module} may not import {', '.join(heavy)}"


@pytest.mark.parametrize("module", MODULES)
def test_some_packages_have_one_place(module):
    for package, places in ONLY_HERE.items():
        if module not in places:
            assert not {name for name in imported(MODULES[module]) if name.partition(".")[0] == package}, package


@pytest.mark.parametrize("script", ["train", "generate", "evaluate"])
def test_scripts_are_recipes(script):
    text = (ROOT / f"{script}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 65
    heads = {node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)}
    names = {alias.name for node in heads for alias in node.names}
    assert not names & HEAVY


def test_nothing_imports_the_scripts():
    for module, path in MODULES.items():
        assert not imported(path) & {"train", "generate", "evaluate"}, module


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("llavapose", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_no_room_for_leftovers():
    names = {part for module in MODULES for part in module.split(".")}
    assert not names & {"utils", "util", "common", "helpers", "misc", "core", "registry", "factory"}
