"""Who may import whom, and that no file grows too long."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llavapose"
MAX_LINES = 400

PLANNING = ("lengths", "epoch", "weights", "shared", "llava", "balanced", "levels", "rows", "tally", "published")
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
STANDARD = {
    "records", "kinds", "errors", "files", "plain_json", "bars", "pictures", "rgb", "owner", "llava_json", "samples",
    "manifest", "ranks", "families", "frames",
}  # fmt: skip
SCHEMA = {
    f"config.{name}"
    for name in (
        "schema", "model", "teaching", "evaluating", "generating", "launching", "scenes", "endpoint", "choices",
        "values",
    )
}  # fmt: skip
"""Plain settings: imported anywhere."""

# Room -> (rooms that it may import besides itself, whether it may import torch and its kin). Each stands below those
# that may import it: an arrow upwards is not in the table.
RULES: dict[str, tuple[set[str], bool]] = {
    "records": (set(), False),
    "kinds": (set(), False),
    "errors": (set(), False),
    "plain_json": ({"errors"}, False),
    "bars": (set(), False),
    "files": ({"errors", "plain_json"}, False),
    "pictures": ({"errors", "files"}, False),
    "rgb": ({"errors"}, False),
    "owner": ({"errors", "files"}, False),
    "manifest": ({"errors", "files"}, False),
    "ranks": (set(), False),
    "frames": ({"records"}, False),
    "families": ({"errors"}, False),
    "llava_json": ({"records", "kinds", "errors", "files", "frames"}, False),
    "samples": (STANDARD, False),
    "pose": ({"records", "kinds", "errors", "frames"}, False),
    "scenes": ({"pose", *STANDARD} - {"samples", "llava_json"}, False),
    "llm": ({"records", "errors", "files", "bars", "plain_json", "rgb"}, False),
    "teacher": ({"scenes", "pose", "llm", *STANDARD}, False),
    "locate": ({"scenes", "pose", *STANDARD}, False),
    "model": ({"errors", "files", "plain_json", "families"}, True),
    "data": ({"model.batch", *STANDARD}, True),
    "training": ({"data", "model", *STANDARD}, True),
    "base": ({"training", "data", "model", "teacher", "scenes", "pose", *STANDARD}, True),
    "evaluation": ({"teacher", "locate", "scenes", "llm", "pose", *STANDARD}, False),
    "report": ({"evaluation", "scenes", "pose", *STANDARD}, False),
    "config": (
        {
            "records",
            "kinds",
            "errors",
            "files",
            "bars",
            "owner",
            "manifest",
            "ranks",
            "families",
            "pose.skeleton",
            "locate.codings",
        },
        False,
    ),
    "sweep": ({"config", "records", "errors", "files", "owner", "manifest", "ranks"}, False),
    "ask": ({"evaluation", "data", "model", "config", *STANDARD}, True),
    "cli": (
        {
            "ask",
            "sweep",
            "config",
            "report",
            "evaluation",
            "training",
            "data",
            "locate",
            "teacher",
            "scenes",
            *STANDARD,
        },
        False,
    ),
    "__main__": (set(), False),
}
# Files that may do more, or less, than their room.
FURTHER: dict[str, tuple[set[str], bool]] = {
    "evaluation.answerers.checkpoint": (set(), False),
    **{
        f"evaluation.answerers.checkpoint.{name}": ({"data", "model"}, True)
        for name in (
            "answerer",
            "constrained",
            "devices",
            "generation",
            "kept",
            "loading",
            "locating",
            "readers",
            "single",
            "timing",
            "trie",
        )
    },
    "data.show": ({"model.pretrained", "model.bases"}, True),
    **{f"data.plan.{name}": (set(), False) for name in PLANNING},
    "data.choose": (set(), False),
    **{
        f"training.forecast.{name}": (set(), False)
        for name in (
            "activations",
            "advice",
            "cards",
            "cost",
            "epoch",
            "forecast",
            "host",
            "indexed",
            "mixture",
            "settings",
            "setup",
            "shapes",
            "states",
            "text",
        )
    },
    "data.check": ({"model.pretrained", "model.bases"}, False),
}
ONLY_HERE = {
    "wandb": {"report.wandb.log", "training.callbacks.predictions"},
    "wandb_workspaces": {"report.wandb.spec"},
    "openai": {"llm.openai", "llm.batch.ask", "llm.batch.account"},
    "deepspeed": {"training.strategies", "training.checkpoints.trained"},
}
DOOR = {f"llm.{name}" for name in ("ask", "chat", "counts", "each", "failures", "pictures", "rounds", "tokens")}
"""What other rooms may use of ``llm``, besides the ledger that a door opens: what sends lies behind the door."""
JSON_READERS = {"plain_json", "llm.wire.gate", "base.tokenizer"}
"""The one way in, the milder one for replies that were paid for, and what reads what a library has just printed."""
SCRIPTS = ("train", "generate", "evaluate")
MAX_BOXES = 15
"""Files and folders in one room: about a dozen."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            yield name, path


MODULES = dict(modules())


@cache
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


@cache
def ours(path: Path) -> set[str]:
    """The modules of this package that a file imports, without the package's name."""
    names = {name.removeprefix("llavapose.") for name in imported(path) if name.startswith("llavapose.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {""}


def allowed(module: str, wanted: str) -> bool:
    room = module.partition(".")[0]
    rooms = {room} | RULES[room][0] | FURTHER.get(module, (set(), False))[0]
    return wanted in SCHEMA or any(wanted == one or wanted.startswith(f"{one}.") for one in rooms)


def room_of(module: str) -> str:
    return module.partition(".")[0]


def test_imports_follow_the_rooms():
    new = {room_of(module) for module in MODULES} - RULES.keys()
    assert not new, f"new rooms: say here whom they may import: {', '.join(sorted(new))}"
    wrong = [(module, name) for module, path in MODULES.items() for name in ours(path) if not allowed(module, name)]
    assert not wrong, "may not import: " + ", ".join(f"{module} -> {name}" for module, name in sorted(wrong))


def test_torch_stays_in_its_rooms():
    def heavy(module: str) -> bool:
        may = FURTHER[module][1] if module in FURTHER else RULES[room_of(module)][1]
        return not may and any(room_of(name) in HEAVY for name in imported(MODULES[module]))

    assert not (found := sorted(filter(heavy, MODULES))), f"may not import torch and its like: {', '.join(found)}"


@pytest.mark.parametrize("package", ONLY_HERE)
def test_some_packages_have_one_place(package):
    found = {module for module, path in MODULES.items() if package in map(room_of, imported(path))}
    assert found <= set(ONLY_HERE[package])


def test_there_is_one_door_to_models():
    behind = {
        (module, name)
        for module, path in MODULES.items()
        for name in ours(path) - DOOR - {"llm.ledger.ledger"}
        if name.startswith("llm.") and not module.startswith("llm")
    }
    assert not behind, f"round llm/ask.py: {sorted(behind)}"


def test_nothing_reads_json_round_it():
    found = []
    for module in MODULES.keys() - JSON_READERS:
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            reads = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "json"
            if reads and node.attr in ("load", "loads", "JSONDecoder"):
                found.append(f"llavapose.{module}:{node.lineno}: parse_json")
            if isinstance(node, ast.ImportFrom) and node.module == "json":
                found.append(f"llavapose.{module}:{node.lineno}: write `import json`")
    assert not found


def test_no_file_imports_itself_over_others():
    """No circle, wherever in a file the import stands."""
    graph = {module: ours(path) - {module} for module, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module not in done:
            for wanted in sorted(graph.get(module, ())):
                visit(wanted, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_rooms_follow_one_another():
    """The table of rooms itself holds no circle."""
    below = {room: {one.partition(".")[0] for one in rooms} - {room} for room, (rooms, _) in RULES.items()}
    while below:
        lowest = {room for room, rooms in below.items() if not rooms & below.keys()}
        assert lowest, f"a circle among {sorted(below)}"
        below = {room: rooms for room, rooms in below.items() if room not in lowest}


def test_a_room_holds_about_a_dozen_boxes():
    rooms = [PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir() and any(path.glob("*.py")))]
    for room in rooms:
        boxes = [p.name for p in room.iterdir() if p.name not in ("__init__.py", "__main__.py", "__pycache__")]
        assert room == PACKAGE or len(boxes) <= MAX_BOXES, f"{room.relative_to(ROOT)}: {len(boxes)}"


@pytest.mark.parametrize("room", sorted({path.parent for path in PACKAGE.rglob("*.py")}), ids=lambda room: room.name)
def test_a_room_says_what_it_is_for(room):
    """In which order to read: ``__init__.py`` names every file and folder of its room, and sends nobody elsewhere."""
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    files = {path.stem for path in room.glob("*.py")} - {"__init__", "__main__"}
    folders = {path.name for path in room.iterdir() if path.is_dir() and path.name != "__pycache__"}
    missing = {name for name in files if f"``{name}``" not in said}
    missing |= {name for name in folders if any((room / name).glob("*.py")) and not re.search(f"``{name}/?``", said)}
    assert said and not missing, f"{room.relative_to(ROOT)}/__init__.py: name {', '.join(sorted(missing))}"
    told = [paragraph for paragraph in said.split("\n\n") if paragraph.startswith("Read ")]
    vanished = set(re.findall(r"``([a-z]\w*)/?``", " ".join(told))) - files - folders
    assert not vanished, f"{room.relative_to(ROOT)}/__init__.py: there is no {', '.join(sorted(vanished))}"
    assert told or not files, f"{room.relative_to(ROOT)}/__init__.py: say in which order to read"


def test_files_of_one_room_share_no_prefix():
    """Three files ``batch_*`` are a folder that was not made."""
    for room in {path.parent for path in MODULES.values()}:
        heads = Counter(path.stem.partition("_")[0] for path in room.glob("*_*.py") if not path.stem.startswith("_"))
        assert not {head: n for head, n in heads.items() if n > 2}, room


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_recipes(script):
    """Heavy imports stand inside functions: help and a typo answer before them."""
    text = MODULES[f"cli.{script}"].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 70
    heads = {node.module or "" for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)}
    light = {*SCHEMA, "config.start", "config.checks.inputs", "config.places", "errors", "cli.card", "cli.ending"}
    light |= {"cli.training", "cli.evaluations", "sweep.launch", "sweep.jobs", "ranks"}
    assert {head.removeprefix("llavapose.") for head in heads} <= {"collections.abc", "functools", "pathlib", *light}


@pytest.mark.parametrize("script", SCRIPTS)
def test_files_at_the_top_only_start_a_recipe(script):
    path = ROOT / f"{script}.py"
    assert imported(path) == {f"llavapose.cli.{script}.run"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 10


def test_nothing_imports_the_scripts():
    for module, path in MODULES.items():
        assert not imported(path) & set(SCRIPTS), module
        assert module.startswith("cli.") or not {name for name in ours(path) if name.startswith("cli.")}, module


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("llavapose", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        # What was written to try the judge stays as it was written.
        if path.name != "cheats_blind.py" and (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_no_room_for_leftovers():
    names = {part for module in MODULES for part in module.split(".")}
    assert not names & {"utils", "util", "common", "helpers", "misc", "core", "registry", "factory"}
