"""From the command line to a script's ``main``: help, checked settings, one line for whatever a user can get wrong."""

import os
import shlex
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import hydra
import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from llavapose.bars import tame_bars
from llavapose.config.checks.check import answers_trained
from llavapose.config.checks.experiments import experiments_of
from llavapose.config.checks.secrets import hidden
from llavapose.config.compose import composed, opened, refuse_secrets, settings, typed
from llavapose.config.places import claimed, when_settled
from llavapose.config.register import register
from llavapose.errors import ConfigError, DiskError, LlavaPoseError, disk_words
from llavapose.files import atomic_write
from llavapose.owner import released_at_the_end
from llavapose.ranks import is_first, launched

RunSweep = Callable[[Path, Sequence[str]], None]
"""Runs the combinations of overrides: ``launch`` with its callbacks filled in."""
Share = Callable[[Callable[[], Any]], Any]
"""Does something on the first of several ranks and gives what comes of it on all of them."""
RunFolder = Callable[[Path, str, Sequence[str]], None]
"""Takes the configuration files, the folder that was named, and the other overrides."""


def conf_folder() -> Path:
    """The configuration files: inside the package where it was installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def start(
    script: str,
    main: Callable[[Any], None],
    text: str,
    *,
    sweep: RunSweep | None = None,
    folders: Mapping[str, RunFolder] = MappingProxyType({}),
    share: Share = lambda act: act(),
) -> None:
    """Run ``main`` with the script's typed settings; a mistake ends the process with exit code 1.

    Args:
        script: name of the script, of its primary file in ``conf/`` and of its schema.
        main: takes the script's dataclass. Heavy imports belong inside it.
        text: what ``--help`` says before the list of groups.
        sweep: what ``-m`` does; None where the script has none.
        folders: settings that stand for a whole folder, such as ``board`` (``board=DIR``), or with its value, such as
            ``report=rate`` -> what is done with it, instead.
        share: how ranks that were started alike agree on their folder.
    """
    tame_bars()
    warnings.showwarning = _say_warning
    heard: Any = _Heard(sys.stdout)
    sys.stdout = heard
    conf = conf_folder()
    arguments, further = get_args_parser().parse_known_args()
    command = f"{_called(script, conf)} {shlex.join(sys.argv[1:])}"
    with _mistakes_in_one_line(command), released_at_the_end():
        refuse_secrets(arguments.overrides)
        if further:
            raise ConfigError(f"`{further[0]}`: no such option; settings are given as key=value, see --help")
        if arguments.help:
            print(_help(script, conf, text))
            return
        # A rank that Lightning starts reads the settings that its parent wrote; they were checked there.
        child = arguments.config_name is not None or arguments.config_path is not None
        inspects = arguments.cfg or arguments.info or arguments.hydra_help or arguments.shell_completion
        if arguments.multirun:
            if inspects:
                raise ConfigError("--cfg and its like show the settings of one run; leave out -m")
            if sweep is None:
                raise ConfigError(f"{script}.py has no -m; run it once for each setting")
            sweep(conf, arguments.overrides)
            return
        for name, run in folders.items():
            if given := [text for text in arguments.overrides if text == name or text.startswith(f"{name}=")]:
                run(conf, given[-1].partition("=")[2], [text for text in arguments.overrides if text not in given])
                return
        options = [word for word in sys.argv[1:] if word not in arguments.overrides]
        overrides = list(arguments.overrides)
        if script == "train" and not child:
            overrides += _counts(overrides)
        if arguments.cfg or arguments.info:
            composed(script, conf, overrides, whole=False)
        elif not child and not inspects:
            given = tuple(overrides)
            overrides += share(lambda: claimed(settings(script, conf, given), given))
            if not is_first():
                # One rank writes the run's settings and its log.
                overrides += ["hydra.output_subdir=null", "hydra.run.dir=.", "hydra/job_logging=stdout"]
        sys.argv[1:] = [*options, *opened(overrides, conf)]

        def task(config: DictConfig) -> None:
            with _mistakes_in_one_line(command):  # before Hydra says its own
                given = typed(script, config)
                if getattr(given, "resumes", False) and is_first():
                    when_settled(partial(_save_settings, given.output_dir, config))
                main(given)

        register()
        if not inspects:
            os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # a mistake of ours: show all of it
        hydra.main(config_path=str(conf.resolve()), config_name=script, version_base="1.3")(task)()


def _counts(overrides: Sequence[str]) -> list[str]:
    """Devices and nodes as torchrun or srun has started them, where the command says neither."""
    place = launched()
    told = {} if place is None else {f"trainer.{name}": number for name, number in place.counts.items()}
    if told.keys() & {text.lstrip("+").partition("=")[0] for text in overrides}:
        return []
    return [f"{name}={number}" for name, number in told.items()]


def _save_settings(folder: Path, config: DictConfig) -> None:
    """Leave a run's settings where Hydra leaves them."""
    own = HydraConfig.get()
    files = {"config": config, "hydra": OmegaConf.create({"hydra": own}), "overrides": own.overrides.task}
    for name, value in files.items():
        path = folder / ".hydra" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as stream:
            stream.write(OmegaConf.to_yaml(value))


@contextmanager
def _mistakes_in_one_line(command: str) -> Iterator[None]:
    """What a user, a disk or Ctrl-C brings about ends the process with a line; a mistake of ours with its traceback."""
    try:
        yield
    except LlavaPoseError as error:
        _exit_with(error, command)
    except KeyboardInterrupt:
        if is_first():
            print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        words = disk_words(error)
        if words is None:
            raise
        _exit_with(DiskError(words), command)


class _Heard:
    """Standard output that may lose its reader, as in ``evaluate.py | head``: the run goes on to its end unheard."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, while somebody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        """Flush, while somebody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())  # what is still in the stream's buffer goes there at the end
        os.close(nowhere)


def _say_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """A warning in one line: where in a library's files it arose helps nobody, and tells of this machine's folders."""
    print(f"warning: {' '.join(str(message).split())}", file=file or sys.stderr)


def _exit_with(error: LlavaPoseError, command: str) -> None:
    if error.on_all_ranks and not is_first():
        sys.exit(error.exit_code)
    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"error: {hidden(line)}", file=sys.stderr)
    if error.goes_on_with and f" {error.goes_on_with} " in f" {command} ":
        print(f"go on:  {hidden(command)}", file=sys.stderr)
    elif error.goes_on_with:
        print(f"go on:  {hidden(f'{command} {error.goes_on_with}')}", file=sys.stderr)
    sys.exit(error.exit_code)


def _help(script: str, conf: Path, text: str) -> str:
    """The script's own text, then every group with its choices."""
    primary = yaml.safe_load((conf / f"{script}.yaml").read_text(encoding="utf-8"))
    keys = {key: name for entry in primary["defaults"] if isinstance(entry, dict) for key, name in entry.items()}
    chosen = {key.partition("@")[0]: name for key, name in keys.items()}
    rows = []
    for folder in sorted(path for path in conf.iterdir() if path.is_dir() and path.name in chosen):
        of_script = experiments_of(script, conf) if folder.name == "experiment" else None
        names = of_script if of_script is not None else sorted(path.stem for path in folder.glob("*.yaml"))
        if (script, folder.name) == ("train", "answerer"):
            names = [name for name in names if answers_trained(folder / f"{name}.yaml")]
        shown = (f"[{name}]" if name == chosen[folder.name] else name for name in names)
        owners = [key.partition("@")[2] for key in keys if key.startswith(f"{folder.name}@")]
        how = f"   ({', '.join(f'{owner}=NAME' for owner in owners)})" if owners else ""
        rows.append(f"  {folder.name:<11}{' '.join(shown)}{how}")
    return "\n".join(
        [
            text.strip().replace(f"python {script}.py", _called(script, conf)),
            "",
            f"Groups (group=choice; the default in brackets; files in {_near(conf)}/<group>/):",
            *rows,
            "",
            f"Settings (key=value): see them all with --cfg job; each is explained in {_near(Path(__file__).parent)}/.",
        ]
    )


def _called(script: str, conf: Path) -> str:
    """How this process was started: the script beside ``conf/``, the installed command, or the package's module."""
    given = Path(sys.argv[0])
    if given.stem == f"llavapose-{script}":
        return given.stem
    return f"python {script}.py" if given.resolve() == conf.parent / f"{script}.py" else f"python -m llavapose {script}"


def _near(path: Path) -> Path:
    """The path as seen from here, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
