"""From the command line to a script's ``main``: help, checked settings, one line for whatever a user can get wrong."""

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from llavapose.config.compose import opened, settings, typed
from llavapose.config.register import register
from llavapose.errors import ConfigError, LlavaPoseError

RunSweep = Callable[[Path, Sequence[str]], None]
"""Runs the combinations of overrides: ``launch`` with its callbacks filled in."""


def start(script: str, conf: Path, main: Callable[[Any], None], text: str, *, sweep: RunSweep | None = None) -> None:
    """Run ``main`` with the script's typed settings; a mistake ends the process with exit code 1.

    Args:
        script: name of the script, of its primary file in ``conf`` and of its schema.
        conf: the folder of configuration files.
        main: takes the script's dataclass. Heavy imports belong inside it.
        text: what ``--help`` says before the list of groups.
        sweep: what ``-m`` does; None where the script has none.
    """
    arguments, further = get_args_parser().parse_known_args()
    try:
        if further:
            raise ConfigError(f"`{further[0]}`: no such option; settings are given as key=value, see --help")
        if arguments.help:
            print(_help(script, conf, text))
            return
        # A rank that Lightning starts reads the settings that its parent wrote; they were checked there.
        child = arguments.config_name is not None or arguments.config_path is not None
        inspects = arguments.cfg or arguments.info or arguments.hydra_help or arguments.shell_completion
        if arguments.multirun:
            if sweep is None:
                raise ConfigError(f"{script}.py has no -m; run it once for each setting, only train.py sweeps")
            sweep(conf, arguments.overrides)
            return
        if not child and not inspects:
            settings(script, conf, arguments.overrides)
    except LlavaPoseError as error:
        _exit_with(error)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    options = [word for word in sys.argv[1:] if word not in arguments.overrides]
    sys.argv[1:] = [*options, *opened(arguments.overrides, conf)]

    def task(config: DictConfig) -> None:
        try:
            main(typed(script, config))
        except LlavaPoseError as error:
            _exit_with(error)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)

    register()
    if not inspects:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # what gets this far is a mistake of ours: show all of it
    hydra.main(config_path=str(conf.resolve()), config_name=script, version_base="1.3")(task)()


def _exit_with(error: LlavaPoseError) -> None:
    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(1)


def _help(script: str, conf: Path, text: str) -> str:
    """The script's own text, then every group with its choices."""
    primary = (conf / f"{script}.yaml").read_text(encoding="utf-8")
    rows = []
    for folder in sorted(path for path in conf.iterdir() if path.is_dir() and f"- {path.name}: " in primary):
        chosen = primary.partition(f"- {folder.name}: ")[2].split()[0]
        names = sorted(path.stem for path in folder.glob("*.yaml"))
        rows.append(f"  {folder.name:<11}{' '.join(f'[{name}]' if name == chosen else name for name in names)}")
    owners = re.findall(r"- endpoint@(\w+\.endpoint): ", primary)
    if owners:
        names = " ".join(sorted(path.stem for path in (conf / "endpoint").glob("*.yaml")))
        rows.append(f"  {'endpoint':<11}{names}   ({', '.join(f'{owner}=NAME' for owner in owners)})")
    return "\n".join(
        [
            text.strip(),
            "",
            "Groups (group=choice; the default in brackets; files in conf/<group>/):",
            *rows,
            "",
            "Settings (key=value): see them all with --cfg job; each is explained in llavapose/config/schema.py.",
        ]
    )
