"""Finds every mistake of a composed configuration at once, before anything heavy is imported.

Hydra checks values and names against the dataclasses but lets through a key added with ``+``, whatever stands under a
plain mapping (trainer, strategy, callbacks, logger), and missing values: those are looked at here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from llavapose.config.checks import numbers
from llavapose.config.checks.numbers import number_problems, trainer_problems
from llavapose.config.checks.secrets import secrets_in
from llavapose.config.checks.targets import signature_of
from llavapose.config.register import built
from llavapose.config.schema import problems_of

TRAINER = "lightning.Trainer"
RAW_GROUPS = ("trainer", "strategy", "callbacks", "logger")
"""Groups whose keys are arguments of other people's classes."""

BUILT_PARTS: dict[str, tuple[str, ...]] = {
    "benchmark": ("scenes", "pictures"),
    "answerer": ("checkpoint", "ledger", "scenes"),
    "judge": ("ledger", "scale"),
}
"""Groups whose ``_target_`` is built with the group's own settings -> what a run gives it besides, if it takes it."""

_TRAINER_GROUPS = ("strategy", "callbacks", "logger")
_RESERVED = ("_target_", "_args_", "_partial_", "_convert_", "_recursive_")


def problems_in(config: DictConfig, schema: type) -> list[str]:
    """One line for each mistake in ``config``, with the fix.

    Args:
        config: composed, without Hydra's own node.
        schema: dataclass of the script's settings.
    """
    if secret := _secrets(config):
        # Alone: other lines quote the values that they are about.
        return secret
    found = list(_unknown_keys(config, schema))
    missing, unresolved = _unset(config)
    found += [f"{key} has no value; set it with {key}=..." for key in missing if not any(map(key.startswith, found))]
    found += unresolved
    for group in RAW_GROUPS:
        node = config.get(group)
        if isinstance(node, DictConfig):
            found += _raw_group(group, node)
    for group in BUILT_PARTS:
        node = config.get(group)
        if isinstance(node, DictConfig) and not OmegaConf.is_missing(node, "_target_"):
            found += _part(group, node, config)
    if not missing and not unresolved:
        if empty := list(_empty_paths(config, schema)):
            return found + empty
        found += problems_of(built(schema, _known(OmegaConf.to_container(config, resolve=True), schema)))
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` for a word close to a known one, else the known ones if they are few, else nothing."""
    names = sorted(set(known))
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; expected one of {', '.join(names)}" if 0 < len(names) <= 16 else ""


def setting_names(schema: type, prefix: str = "") -> Iterator[str]:
    """Dotted names of every setting of a dataclass, those of nested dataclasses included."""
    for name, inner in _settings(schema).items():
        yield prefix + name
        if inner is not None:
            yield from setting_names(inner, f"{prefix}{name}.")


def _settings(schema: type) -> dict[str, type | None]:
    """Name -> the dataclass that a setting is (also where it may be null), None for a plain value."""
    hints = get_type_hints(schema)
    kinds = {item.name: [t for t in (get_args(hints[item.name]) or (hints[item.name],)) if is_dataclass(t)]
             for item in fields(schema)}  # fmt: skip
    return {name: found[0] if found else None for name, found in kinds.items()}  # type: ignore[misc]


def _unknown_keys(node: DictConfig, schema: type, prefix: str = "") -> Iterator[str]:
    known = _settings(schema)
    for key in node:
        name = str(key)
        if name not in known:
            yield f"{prefix}{name}: no such setting{did_you_mean(name, known)}"
        elif (inner := known[name]) is not None and isinstance(child := node.get(name), DictConfig):
            yield from _unknown_keys(child, inner, f"{prefix}{name}.")


def _known(values: Any, schema: type) -> dict[Any, Any]:
    """Those values that the dataclass has settings for: the others have a line of their own."""
    return {
        key: _known(values[key], inner) if inner is not None and isinstance(values[key], dict) else values[key]
        for key, inner in _settings(schema).items()
        if key in values
    }


def _empty_paths(node: DictConfig, schema: type, prefix: str = "") -> Iterator[str]:
    """A line for each path that is an empty text, as of a shell's unset variable: it would lead to the disk's root."""
    hints, raw = get_type_hints(schema), OmegaConf.to_container(node)
    assert isinstance(raw, dict)
    for key, inner in _settings(schema).items():
        # Of a setting that another refers to, the other's line is enough.
        if key not in node or (OmegaConf.is_interpolation(node, key) and not str(raw[key]).startswith("${oc.")):
            continue
        if inner is not None and isinstance(node[key], DictConfig):
            yield from _empty_paths(node[key], inner, f"{prefix}{key}.")
        elif node[key] == "" and Path in (hints[key], *get_args(hints[key])):
            yield f"{prefix}{key} is empty; give a path (. is this folder)"


def _unset(config: DictConfig) -> tuple[list[str], list[str]]:
    """Settings without a value, and a line for each reference to a setting that does not exist.

    A reference to a setting without a value is left out: the line about that setting says it all.
    """
    missing: list[str] = []
    unresolved: list[str] = []

    def visit(node: Any, prefix: str) -> None:
        keys: Any = node if isinstance(node, DictConfig) else range(len(node))
        for key in keys:
            # What stands in a list is called by the list.
            name = f"{prefix}{key}" if isinstance(node, DictConfig) else prefix.removesuffix(".")
            if OmegaConf.is_missing(node, key):
                if not OmegaConf.is_interpolation(node, key):
                    missing.append(name)
                continue
            try:
                value = node[key]
            except InterpolationToMissingValueError:
                continue
            except OmegaConfBaseException as error:
                unresolved.append(f"{name}: {str(error).splitlines()[0]}; name an existing setting")
                continue
            if isinstance(value, DictConfig | ListConfig):
                visit(value, f"{name}.")

    visit(config, "")
    return list(dict.fromkeys(missing)), unresolved


def _raw_group(group: str, node: DictConfig) -> Iterator[str]:
    if group == "trainer":
        yield from _arguments([str(key) for key in node], TRAINER, "trainer", taken=_TRAINER_GROUPS)
        yield from trainer_problems(_plain(node))
    elif group == "strategy":
        if "_target_" in node:
            yield from _instance(node, group)
        elif set(map(str, node)) != {"name"}:
            yield "strategy: expected `_target_` with its arguments, or `name` alone; choose one with strategy=ddp"
    else:
        named = [str(key) for key in node if isinstance(_child(node, key), DictConfig) and "_target_" in node[key]]
        for key in node:
            child = _child(node, key)
            if isinstance(child, DictConfig) and "_target_" in child:
                yield from _instance(child, f"{group}.{key}")
                limits = numbers.CALLBACKS.get(str(child["_target_"]), {})
                yield from number_problems(f"{group}.{key}", _plain(child), limits)
            elif child is not None:
                yield f"{group}.{key} has no `_target_`{did_you_mean(str(key), named)}"


def _plain(node: DictConfig) -> dict[str, Any]:
    return {str(key): _child(node, key) for key in node}


def _child(node: DictConfig, key: Any) -> Any:
    if OmegaConf.is_missing(node, key):
        return None
    try:
        return node[key]
    except OmegaConfBaseException:
        return None


def _instance(node: DictConfig, where: str) -> Iterator[str]:
    given = [str(key) for key in node if key not in _RESERVED]
    partial = bool(node.get("_partial_")) or "_args_" in node
    yield from _arguments(given, str(node["_target_"]), where, partial=partial)
    for key in node:
        child = _child(node, key)
        if isinstance(child, DictConfig) and "_target_" in child:
            yield from _instance(child, f"{where}.{key}")


def _part(group: str, node: DictConfig, config: DictConfig) -> Iterator[str]:
    """The settings of a benchmark, answerer or judge that are not null are arguments of what makes it."""
    target, options = str(node["_target_"]), _child(node, "options")
    options = options if isinstance(options, DictConfig) else {}
    given = [
        str(key) for key in node if key not in (*_RESERVED, "options", "get", "get_images") and _is_set(node, str(key))
    ]
    for key in options:
        if key in BUILT_PARTS[group]:
            yield f"{group}.options.{key}: the run itself gives it; leave it out"
    given += [str(key) for key in options if key not in BUILT_PARTS[group]]
    signature = signature_of(target)
    for line in _arguments(given, target, group, supplied=BUILT_PARTS[group]):
        # An argument that the group has no setting for stands, or belongs, among its options.
        named = re.match(rf"{group}\.(\w+):", line)
        if named is not None and named[1] not in node:
            line = line.replace(f"{group}.{named[1]}", f"{group}.options.{named[1]}")
        yield line
    if group == "answerer" and signature is not None:
        yield from _checkpoint("checkpoint" in signature.names, config)


def _checkpoint(is_read: bool, config: DictConfig) -> Iterator[str]:
    """Who reads a checkpoint needs one, and who reads none says nothing about a training run."""
    if "checkpoint" not in config:
        if not is_read:
            yield "answerer: this one does not answer with what is trained; leave it out, and use it with evaluate.py"
    elif config["checkpoint"] is not None and not is_read:
        yield "checkpoint: this answerer reads none; leave it out, or choose answerer=checkpoint"
    elif config["checkpoint"] is None and is_read:
        yield "checkpoint has no value; set it with checkpoint=..."


def answers_trained(part: Path) -> bool:
    """Whether a file of ``conf/answerer`` names somebody who answers with a checkpoint, as a training run needs."""
    signature = signature_of(yaml.safe_load(part.read_text(encoding="utf-8"))["_target_"])
    return signature is not None and "checkpoint" in signature.names


def _is_set(node: DictConfig, key: str) -> bool:
    return OmegaConf.is_missing(node, key) or _child(node, key) is not None


def _arguments(
    given: Sequence[str],
    target: str,
    where: str,
    *,
    taken: tuple[str, ...] = (),
    supplied: tuple[str, ...] = (),
    partial: bool = False,
) -> Iterator[str]:
    """Compare the ``given`` arguments with those of ``target``.

    ``taken`` are arguments that groups of ours set, ``supplied`` those that a run gives; ``partial``: more may come.
    """
    signature = signature_of(target)
    if signature is None:
        yield f"{where}._target_: nothing named {target} is installed; check the name, or install its package"
        return
    for key in given:
        if key in taken:
            yield f"{where}.{key}: set by the group {key}; choose with {key}=..."
        elif key not in signature.names:
            close = get_close_matches(key, signature.names, n=1, cutoff=0.85 if signature.open else 0.6)
            if close or not signature.open:
                hint = f"; did you mean {close[0]}?" if close else ""
                yield f"{where}.{key}: {target} takes no such argument{hint}"
    for key in signature.required:
        if key not in given and key not in supplied and not partial:
            yield f"{where}.{key}: {target} needs this argument; set it with {where}.{key}=..."


def _secrets(config: DictConfig) -> list[str]:
    """Values that look like a key: they would be written to disk with the run's settings."""
    as_written = list(secrets_in(OmegaConf.to_container(config, resolve=False)))
    try:
        # ``${oc.env:KEY}`` is harmless until it is resolved.
        return list(dict.fromkeys([*as_written, *secrets_in(OmegaConf.to_container(config, resolve=True))]))
    except OmegaConfBaseException:
        return as_written
