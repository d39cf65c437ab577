"""What a command in the documents must hold to, without being run: its settings compose, its arguments parse."""

import argparse
import importlib
import itertools
import re
import runpy
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from llavapose.__main__ import COMMANDS
from llavapose.cli.evaluations import FOLDERS, stands_for_folder
from llavapose.config import compose
from llavapose.config.checks.check import RAW_GROUPS, setting_names
from llavapose.config.register import SCHEMAS
from llavapose.sweep.jobs import values_of
from llavapose.sweep.launch import plan_sweep
from tests.docs.pages import ROOT

CONF = ROOT / "conf"
SCRIPTS = ("train", "generate", "evaluate")
OTHERS = {"pip", "git", "cd", "mkdir", "source", "ffmpeg", "pre-commit", "vllm", "transformers"}
"""Programs that are not ours: named here, and not looked into."""


COMPOSED: set[tuple[str, ...]] = set()
"""Commands that have composed: several pages show the same."""


class Parsed(Exception):
    """Raised instead of going on behind the arguments."""


def check(words: Sequence[str], patch: pytest.MonkeyPatch) -> str:
    """Compose or parse one command; returns how it was checked.

    Raises:
        ConfigError: settings that do not compose.
        AssertionError: a program, target, module or argument that is not there.
    """
    program, *rest = words
    if program == "torchrun":
        # Its own options end where the script begins.
        script = next(number for number, word in enumerate(rest) if word.endswith(".py"))
        return check(["python", *rest[script:]], patch)
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(targets), f"no such target: {rest}"
        return "make"
    if program.startswith("llavapose-"):
        scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
        assert program in scripts, program
        return installed(program.removeprefix("llavapose-"), rest, patch)
    if program != "python":
        assert program in OTHERS, f"{program}: neither ours nor in OTHERS"
        return "other"
    if rest[0] != "-m":
        path = ROOT / rest[0]
        assert path.is_file(), f"no file {rest[0]}"
        if path.parent == ROOT:
            return composes(path.stem, rest[1:], patch)
        return parses(lambda: runpy.run_path(str(path), run_name="__main__"), path, rest[1:], patch)
    name, *arguments = rest[1:]
    if name == "llavapose":
        return installed(arguments[0], arguments[1:], patch)
    if name == "pytest":
        assert all((ROOT / word).exists() for word in arguments if word.startswith("tests")), arguments
        return "other"
    module = importlib.import_module(f"{name}.__main__" if (ROOT / name.replace(".", "/")).is_dir() else name)
    assert module.__file__ is not None
    return parses(module.main, Path(module.__file__), arguments, patch)


def installed(command: str, words: Sequence[str], patch: pytest.MonkeyPatch) -> str:
    """A command of the installed package."""
    return (
        composes(command, words, patch)
        if command in SCRIPTS
        else check(["python", "-m", COMMANDS[command], *words], patch)
    )


def composes(script: str, words: Sequence[str], patch: pytest.MonkeyPatch) -> str:
    """The settings of a script for a command line; its input files and GPUs need not be there."""
    assert script in SCRIPTS
    for looked_at in ("missing_inputs", "machine_problems"):
        patch.setattr(compose, looked_at, lambda config: [])
    overrides = [word for word in words if not word.startswith("-") and word != "job"]
    if script == "evaluate":
        # A folder stands for its arms' own settings; a grid of judges for each of its values.
        of_folder = any(map(stands_for_folder, overrides))
        # A judge's card is made of that judge's settings.
        judged = [word.replace("judge_card=", "judge=") for word in overrides if word.startswith("judge_card=")]
        overrides = [word for word in overrides if not stands_for_folder(word)]
        overrides += judged
        overrides += ["checkpoint=tiny", "arm=any"] if of_folder else []
    if (script, *words) in COMPOSED:
        return "composed"
    flags = {word for word in words if word.startswith("-")}
    assert flags <= {"-m", "--help", "--cfg"}, flags
    if "-m" in flags and script == "evaluate":
        for combination in itertools.product(*map(values_of, overrides)):
            compose.settings(script, CONF, combination)
    elif "-m" in flags:
        assert script == "train"
        assert plan_sweep(CONF, overrides).configs
    else:
        compose.settings(script, CONF, overrides)
    COMPOSED.add((script, *words))
    return "composed"


def parses(main: Any, path: Path, arguments: Sequence[str], patch: pytest.MonkeyPatch) -> str:
    """Whether a module's own parser takes the arguments; nothing behind it runs."""
    if "argparse" not in path.read_text(encoding="utf-8"):
        return "named"
    for name in ("parse_args", "parse_intermixed_args"):
        original = getattr(argparse.ArgumentParser, name)

        def parse_args(self: argparse.ArgumentParser, *given: Any, original: Any = original) -> None:
            original(self, *given)
            raise Parsed

        patch.setattr(argparse.ArgumentParser, name, parse_args)
    patch.setattr(sys, "argv", [str(path), *arguments])
    patch.setattr(sys, "path", [*sys.path])
    with pytest.raises(Parsed):
        main()
    return "parsed"


def is_setting(word: str) -> bool:
    """Whether ``key=value`` names a setting or a group's choice; a value in capitals or none stands for any."""
    key, _, value = word.lstrip("+").partition("=")
    folder = CONF / key.rpartition(".")[2]
    if folder.is_dir():
        return not value or value.isupper() or (folder / f"{value}.yaml").is_file()
    names = {name for schema in SCHEMAS.values() for name in setting_names(schema)} | set(FOLDERS)
    mappings = [*RAW_GROUPS, "data.kinds", "data.counts", "teacher.context"]
    return key in names or any(key.startswith(f"{one}.") for one in mappings)
