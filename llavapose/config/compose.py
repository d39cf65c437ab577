"""Command line -> typed settings, or every problem in one line each."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from llavapose.config.checks.check import BUILT_PARTS, RAW_GROUPS, did_you_mean, problems_in, setting_names
from llavapose.config.checks.experiments import misplaced
from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.checks.machine.ability import machine_problems
from llavapose.config.checks.secrets import secret_overrides
from llavapose.config.register import SCHEMAS, built, register
from llavapose.errors import ConfigError, named
from llavapose.kinds import KINDS, taught_kinds

MAX_OVERRIDE = 2_000
"""Characters of one setting on a command line; a list of paths has some hundred."""
OWNERS = ("teacher", "judge", "answerer")
"""Groups that have an endpoint."""


def opened(overrides: Sequence[str], conf: Path) -> list[str]:
    """Overrides as Hydra needs them, from those that are pleasant to write.

    Any argument of a plain group can be given without ``+``: ``trainer.limit_val_batches=4`` works though no file names
    it, and ``check.py`` knows the class's arguments; so do ``judge.options.x=1`` and the kinds of ``data.counts``, of
    which no file names any. ``teacher.context=boxes`` stands for all kinds of sample. ``teacher.endpoint=vllm`` chooses
    ``conf/endpoint/vllm.yaml``, and the teacher that asks it where none is chosen.

    Args:
        overrides: of the whole command line.
        conf: the folder of configuration files.
    """
    options = [rf"{group}\.options" for group in BUILT_PARTS]
    pattern = re.compile(rf"(({'|'.join([*RAW_GROUPS, *options])})\.[\w.]+|data\.counts(\.\w+)?)=")
    chosen = {_key(override) for override in overrides}
    found: list[str] = []
    for override in overrides:
        context = re.fullmatch(r"teacher\.context=(\w+)", override)
        endpoint = re.fullmatch(rf"({'|'.join(OWNERS)})\.endpoint=(?!null$)([\w-]+)", override)
        if context:
            found += [f"++teacher.context.{kind}={context[1]}" for kind in taught_kinds()]
        elif endpoint:
            owner, name = endpoint.groups()
            found.append(f"endpoint@{owner}.endpoint={name}")
            if owner not in chosen and (conf / owner / "endpoint.yaml").is_file():
                found.append(f"{owner}=endpoint")
        else:
            found.append(f"++{override}" if pattern.match(override) else override)
    return found


def settings(script: str, conf: Path, overrides: Sequence[str]) -> Any:
    """The script's dataclass for a command line: its values checked, its input files found, the machine able to run it.

    Raises:
        ConfigError: all problems at once, one a line.
    """
    config, problems, understood = _composed(script, conf, overrides)
    try:
        # Without a value there is nothing to look for; one that is out of range hides no missing file.
        given = typed(script, config) if config is not None and not OmegaConf.missing_keys(config) else None
    except OmegaConfBaseException:
        given = None  # why is among the problems
    if given is not None:
        found = [*missing_inputs(given), *machine_problems(given)]
        # Beside an override that was not understood, only what the command line itself names is certain.
        named = {_key(override) for override in overrides}
        problems += [line for line in found if understood or re.split(r"[:= ]", line, maxsplit=1)[0] in named]
    if problems or given is None:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return given


def composed(script: str, conf: Path, overrides: Sequence[str], *, whole: bool = True) -> DictConfig:
    """The checked configuration of a script; whether its input files exist is not looked at.

    Args:
        script: "train", "generate" or "evaluate".
        conf: the folder of configuration files.
        overrides: as on the command line.
        whole: false: a setting without a value is no problem, to show the others.

    Raises:
        ConfigError: all problems at once, one a line.
    """
    config, problems, _ = _composed(script, conf, overrides)
    problems = [line for line in problems if whole or "has no value" not in line]
    if problems or config is None:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return config


def _composed(script: str, conf: Path, overrides: Sequence[str]) -> tuple[DictConfig | None, list[str], bool]:
    """The configuration, its problems, and whether every override was understood; those that were not are left out."""
    refuse_secrets(overrides)
    register()
    elsewhere = misplaced(script, conf, overrides)
    problems = list(elsewhere.values())
    odd = {override: line for override in overrides if (line := _odd(override, conf)) and override not in elsewhere}
    problems += odd.values()
    remaining = opened([override for override in overrides if override not in {**elsewhere, **odd}], conf)
    config = None
    running = GlobalHydra.instance().hydra  # a script's own, where a run composes another script's settings
    while config is None:
        try:
            GlobalHydra.instance().clear()
            with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
                config = compose(script, overrides=remaining)
        except AssertionError:
            # OmegaConf's way to say that a setting below one that is null cannot be set.
            below = tuple(f"{owner}.endpoint." for owner in OWNERS)
            culprit = next((one for one in remaining if _key(one).startswith(below)), None)
            if culprit is None:
                raise
            owner = _key(culprit).partition(".")[0]
            hint = f"choose one that has, e.g. {owner}.endpoint=openai"
            problems.append(f"`{culprit}`: this {owner} has no endpoint; {hint}")
            remaining = [override for override in remaining if override != culprit]
        except _REFUSALS as error:
            culprit = _culprit(error, remaining)
            problems.append(_in_one_line(error, culprit, script, conf))
            if culprit is None:
                break
            implied = re.sub(r"^endpoint@(\w+)\.endpoint=.*", r"\1=endpoint", culprit)  # what ``opened`` put beside it
            dropped = {culprit, *({implied} - set(overrides))}
            remaining = [override for override in remaining if override not in dropped]
        finally:
            GlobalHydra.instance().hydra = running
    understood = not problems
    if config is not None:
        found = problems_in(config, SCHEMAS[script])
        if not problems:  # else its choice may be what was misspelled
            undecided = list(_without_endpoint(config, conf))
            less_said = tuple(f"{line.partition('=')[0]}.endpoint: " for line in undecided)  # the same without choices
            found = [line for line in found if not line.startswith(less_said)] + undecided
        # A missing value may be the very one whose override was misspelled; it is said once that is mended.
        problems += [line for line in found if understood or "has no value" not in line]
    return config, problems, understood


def refuse_secrets(overrides: Sequence[str]) -> None:
    """Raises ConfigError where a command line holds a key; to be called before anything prints or writes it."""
    if found := secret_overrides(overrides):
        raise ConfigError("\n".join(dict.fromkeys(found)))


def typed(script: str, config: DictConfig) -> Any:
    """A composed configuration as the script's dataclass, interpolations resolved."""
    values = OmegaConf.to_container(config, resolve=True)
    assert isinstance(values, dict)
    return built(SCHEMAS[script], values)


_REFUSALS = (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, OverflowError)


def _odd(override: str, conf: Path) -> str | None:
    """A line about an override that Hydra has no words for: of characters, numbers or choices that it cannot take."""
    shown = named(override)
    if not override.isprintable():
        return f"`{shown}` has characters that cannot be written; type it anew"
    if len(override) > MAX_OVERRIDE:
        return f"`{shown}`: expected at most {MAX_OVERRIDE:,} characters; put it into a file of conf/"
    try:
        parsed = OverridesParser.create().parse_override(override)
    except HydraException:
        return None  # composing it says what is wrong
    except (ValueError, TypeError, RecursionError):
        return f"`{shown}` is not of the form key=value; quote values with spaces or brackets for the shell"
    group = parsed.key_or_group
    if parsed.is_delete():
        return None
    if isinstance(number := parsed.value(), int) and abs(number) >= 2**63:
        return f"`{shown}`: the number is too large; expected one below 2^63"
    if (conf / group).is_dir() and not isinstance(parsed.value(), str) and not parsed.is_sweep_override():
        names = sorted(path.stem for path in (conf / group).glob("*.yaml"))
        return f"`{shown}`: no such choice of {group} (choices: {', '.join(names)})"
    return None


def _without_endpoint(config: DictConfig, conf: Path) -> Iterator[str]:
    """A line for each choice ``endpoint`` that does not say which one."""
    for owner in OWNERS:
        node = config.get(owner)
        if not isinstance(node, DictConfig) or node.get("endpoint") is not None:
            continue
        if node.get("name") == "endpoint" or str(node.get("_target_")).endswith((".LlmJudge", ".EndpointAnswerer")):
            names = ", ".join(sorted(path.stem for path in (conf / "endpoint").glob("*.yaml")))
            yield f"{owner}=endpoint does not say which one; choose with {owner}.endpoint=NAME: {names}"


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _culprit(error: Exception, overrides: Sequence[str]) -> str | None:
    """The override that Hydra stumbled over, as far as its message tells."""
    if isinstance(error, OverrideParseException):
        return error.override
    text = str(error)
    choice = re.search(r"Could not find '([^']+)'", text)
    for override in overrides:
        bare = override.lstrip("+~")
        if bare in text or (choice and choice.group(1) == re.sub(r"(@[\w.]+)?=", "/", bare, count=1)):
            return override
    for override in overrides:
        if re.search(rf"['\s]{re.escape(_key(override))}['\s.:=]", text):
            return override
    return None


def _in_one_line(error: Exception, culprit: str | None, script: str, conf: Path) -> str:
    text = str(error).replace("++", "+")
    shown = named(_as_written(culprit)) if culprit else f"conf/{script}.yaml"
    if isinstance(error, OverrideParseException):
        return f"`{shown}` is not of the form key=value; quote values with spaces or brackets for the shell"
    if "Available options in" in text or (text.startswith(("Could not find", "In '")) and "Could not find" in text):
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        wanted = re.search(r"Could not find '([^']+)'", text)
        group, _, name = (wanted.group(1) if wanted else shown).partition("/")
        group = _key(shown) if culprit else group
        where = "" if culprit else f"{shown}: "
        return f"{where}{group}={name}: no such choice{_choices(name, options)}"
    if text.startswith("Ambiguous value"):
        return f"`{shown}` holds several values; add -m to run one job for each"
    if text.startswith(("Could not override", "Could not append", "Could not delete")) and culprit:
        if script == "train" and _key(shown).startswith("answerer.endpoint"):
            return f"`{shown}`: train.py evaluates the checkpoint that it trains; evaluate.py takes {_key(shown)}"
        return f"`{shown}`: nothing named {_key(shown)}{_similar(_key(shown), script, conf)}"
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else None
    lines = [line.strip() for line in str(cause or error).splitlines() if line.strip()]
    unknown = re.search(r"Key '(\w+)' (?:is )?not in", text)
    hint = _similar(unknown.group(1), script, conf) if unknown else ""
    first = " ".join(lines[:2]) if lines and lines[0].endswith(":") else (lines or [type(error).__name__])[0]
    return f"`{shown}`: {first}{hint}" if culprit else f"{first}{hint}"


def _as_written(override: str) -> str:
    """An override as the command line had it (``opened``)."""
    return re.sub(r"^endpoint@", "", override.removeprefix("++"))


def _choices(name: str, options: list[str]) -> str:
    """A choice like it, if there is one, and all that there are, however many."""
    hint, named = did_you_mean(name, options), ", ".join(options)
    return f"{hint} (choices: {named})" if "did you mean" in hint else f"; expected one of {named}"


def _similar(key: str, script: str, conf: Path) -> str:
    """A hint at the setting or group that ``key`` may stand for."""
    groups = {folder.name for folder in conf.iterdir() if folder.is_dir()} - {"endpoint"}  # chosen through its owner
    names = [*setting_names(SCHEMAS[script]), *sorted(groups)]
    if script == "train":
        names += [f"data.kinds.{kind}" for kind in KINDS]
    hint = did_you_mean(key, names)
    if hint:
        return hint
    leaves = {name.rpartition(".")[2] for name in names}
    found = get_close_matches(key.rpartition(".")[2], leaves, n=1, cutoff=0.7)
    full = [name for name in names if found and name.rpartition(".")[2] == found[0]]
    return f"; did you mean {' or '.join(full[:3])}?" if full else ""
