"""Experiments: whole recipes in ``conf/experiment/``; each says in its ``# Command:`` line which script it is for."""

import re
from collections.abc import Sequence
from pathlib import Path

_COMMAND = re.compile(r"^# Command: (.*(?:\\\n#.*)*)", re.MULTILINE)
_SCRIPT = re.compile(r"\b(train|generate|evaluate)\b")


def experiments_of(script: str, conf: Path) -> list[str]:
    """Names of the experiments for a script; one that names no command is for any."""
    return [path.stem for path in sorted(conf.glob("experiment/*.yaml")) if _script_of(path) in (script, None)]


def misplaced(script: str, conf: Path, overrides: Sequence[str]) -> dict[str, str]:
    """Override that chooses another script's experiment -> one line that says which, with the command."""
    found = {}
    for override in overrides:
        group, _, name = override.partition("=")
        path = conf / "experiment" / f"{name}.yaml"
        if group.lstrip("+") == "experiment" and re.fullmatch(r"[\w-]+", name) and path.is_file():
            other = _script_of(path)
            if other not in (script, None):
                found[override] = f"`{override}` is for {other}.py: {_command(path)}"
    return found


def _script_of(path: Path) -> str | None:
    named = _SCRIPT.search(_command(path))
    return named[1] if named else None


def _command(path: Path) -> str:
    """The command of an experiment's header, in one line; "" where it has none."""
    found = _COMMAND.search(path.read_text(encoding="utf-8"))
    words = re.sub(r"\\\n#", " ", found[1]).split() if found else []
    return " ".join(words).partition(" (")[0]
