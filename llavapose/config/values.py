"""What is wrong with values that look alike in every group: one line for each."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Any

from llavapose.config.choices import Control
from llavapose.records import PRIOR, TEXT_ONLY


def too_small(config: Any, prefix: str, **least: int) -> list[str]:
    """One line for each named value that is below its least."""
    values = {key: getattr(config, key) for key in least}
    return [
        f"{prefix}{key} is {value}; expected at least {least[key]}"
        for key, value in values.items()
        if value is not None and value < least[key]
    ]


MOST_SEED = 2**32 - 1
"""The largest that NumPy, torch and Lightning all take."""


def not_a_seed(prefix: str, seed: int | None) -> list[str]:
    """A line for a seed that not every generator takes; null draws nothing."""
    if seed is None or 0 <= seed <= MOST_SEED:
        return []
    return [f"{prefix}seed is {seed}; expected a whole number from 0 to {MOST_SEED}"]


MOST = 1_000_000
"""Tokens of a row, samples of a step: a hundred times what a model reads, and what is planned in seconds."""


def too_large(config: Any, prefix: str, *names: str) -> list[str]:
    """One line for each named value that is above ``MOST``."""
    values = {name: getattr(config, name) for name in names}
    return [
        f"{prefix}{name} is {value}; expected at most {MOST:,}"
        for name, value in values.items()
        if value is not None and value > MOST
    ]


def unread(config: Any, prefix: str, names: Sequence[str], why: str) -> list[str]:
    """One line for each named value that was set although nothing will read it."""
    made = {item.name: item.default_factory() for item in fields(config) if item.default_factory is not MISSING}
    defaults = {item.name: item.default for item in fields(config)} | made
    given = {name: getattr(config, name) for name in names}
    return [
        f"{prefix}{name}={value} is read by nothing: {why}" for name, value in given.items() if value != defaults[name]
    ]


_PLAIN = re.compile(r"\w[\w.+-]{0,99}")


def reserved(name: str, value: str) -> list[str]:
    """A line if an arm is called as the tables and folders call the controls."""
    if value == PRIOR:
        return [f"{name} is {PRIOR}, the row of the best answer without a picture; choose another"]
    if value == TEXT_ONLY:
        return [f"{name} is {TEXT_ONLY}, the row of answerer=text_only; choose another name, or this answerer"]
    return [f"{name} is {value}, the name of a control; choose another"] * (value in tuple(Control))


def repeated(name: str, values: Sequence[str]) -> list[str]:
    """A line if a list says something twice."""
    twice = [str(value) for value in dict.fromkeys(values) if list(values).count(value) > 1]
    return [f"{name} names {', '.join(twice)} twice; name each once"] * bool(twice)


def misspelled(name: str, values: Sequence[str], known: Sequence[str]) -> list[str]:
    """A line for each value that looks like a known one and is none; what looks like nothing known may be right."""
    close = {one: get_close_matches(one, known, n=1, cutoff=0.8) for one in values if one not in known}
    return [f"{name} has {one!r}; did you mean {found[0]}?" for one, found in close.items() if found]


def not_plain(name: str, value: str | None) -> list[str]:
    """A line for a name that cannot be a file's or folder's: it would climb out of its folder, hide, or get lost."""
    if value is None or _PLAIN.fullmatch(value):
        return []
    return [f"{name} is {value!r}; expected letters, digits, and . _ + - behind the first (at most 100)"]


Cap = int | float | str | None
"""The most that may be spent in US dollars; ``none``: no cap, said in so many words; null: not said."""

COMPOSED = "composed"
"""In a setting's metadata: its default where settings are composed of files, which differs from that in Python."""
NO_CAP = "none"


Resume = bool | str
"""Whether a run goes on from a checkpoint: true, false, or ``auto``: where there is one."""

AUTO = "auto"


Budget = int | str | None
"""Most supervised tokens of a mixture; ``smallest``: as many as the kind has that has fewest; null: all."""

SMALLEST = "smallest"


def not_money(prefix: str, max_usd: Cap) -> list[str]:
    """A line for a cap that is none."""
    if max_usd is None or max_usd == NO_CAP:
        return []
    if not isinstance(max_usd, str) and max_usd > 0 and math.isfinite(max_usd):
        return []
    return [f"{prefix}max_usd is {max_usd}; expected US dollars above 0, or {NO_CAP} for no cap"]


def cap_of(max_usd: Cap) -> float | None:
    """A cap that ``not_money`` has nothing against, as a number; None: no cap."""
    return None if max_usd is None or isinstance(max_usd, str) else float(max_usd)


def not_finite(config: Any, prefix: str, *names: str) -> list[str]:
    """A line for each named value that is no number to count with: infinite, or NaN."""
    values = {name: getattr(config, name) for name in names}
    return [
        f"{prefix}{name} is {value}; expected a number"
        for name, value in values.items()
        if value is not None and not math.isfinite(value)
    ]


def not_dividing(global_batch: int, batch_size: int, accumulate: int, num_ranks: int) -> list[str]:
    """A line where a step's samples are not what was asked for, with the nearest choices."""
    if batch_size * accumulate * num_ranks == global_batch:
        return []
    told = (
        f"global_batch is {global_batch}, and batch_size={batch_size} x trainer.accumulate_grad_batches={accumulate} x "
        f"{num_ranks} ranks is {batch_size * accumulate * num_ranks}; "
    )
    share, rest = divmod(global_batch, num_ranks)
    if rest:
        near = sorted({max(1, share) * num_ranks, (share + 1) * num_ranks})
        ranks = sorted(_divisors(global_batch), key=lambda number: abs(number - num_ranks))[:2]
        return [
            f"{told}{global_batch} does not divide by {num_ranks} ranks: take {_or(sorted(ranks))} of them, or "
            f"global_batch={_or(near)}"
        ]
    nearest = sorted(_divisors(share), key=lambda size: abs(size - batch_size))[:3]
    pairs = [f"batch_size={size} trainer.accumulate_grad_batches={share // size}" for size in sorted(nearest)]
    return [f"{told}set {_or(pairs)}"]


def measured_by(
    callbacks: Mapping[str, Any], kinds: Collection[str], num_val: int | None, trainer: Mapping[str, Any]
) -> list[str]:
    """A line where a callback goes by a held-out loss that no validation will log."""
    found, never = [], _never_validates(trainer)
    for name, key, instead in (("early_stopping", "monitor", "leave it out"), ("checkpoint", "best", "set it to null")):
        metric = (callbacks.get(name) or {}).get(key)
        if metric is None:
            continue
        where = f"callbacks.{name}.{key}"
        kind = str(metric).removeprefix("val/loss/")
        if metric != "val/loss" and kind not in kinds:
            known = ", ".join(sorted(kinds))
            found.append(f"{where} is {metric}; expected val/loss, or val/loss/ and one of {known}")
        elif num_val == 0:
            what = where if key == "best" else f"callbacks.{name}"
            found.append(f"{what}: nothing is held out to measure by; raise data.num_val, or {instead}")
        elif metric != "val/loss" and callbacks.get("kinds") is None:
            found.append(f"{where} is {metric}, which nothing logs without callbacks.kinds; leave it in")
        elif never:
            out = f"set {where} to null" if key == "best" else f"leave callbacks.{name} out"
            found.append(f"{where if key == 'best' else f'callbacks.{name}'}: {never}, or {out}")
    return found[:1]  # callbacks=early_stopping sets both


def _never_validates(trainer: Mapping[str, Any]) -> str:
    """Why a trainer's settings let no validation come, and what to change; "" where one comes."""
    share, every, epochs = (trainer.get(key) for key in ("limit_val_batches", "check_val_every_n_epoch", "max_epochs"))
    if share is not None and share == 0:
        return f"trainer.limit_val_batches={share} leaves nothing to measure by; raise it"
    if isinstance(every, int) and isinstance(epochs, int) and -1 != epochs < every:
        return (
            f"trainer.check_val_every_n_epoch={every} is more than trainer.max_epochs={epochs}, so that nothing is "
            "measured; lower it"
        )
    return ""


def _divisors(number: int) -> list[int]:
    """In order; by pairs, for a number of nine digits would take a minute one by one."""
    low = [one for one in range(1, math.isqrt(number) + 1) if number % one == 0]
    return sorted({*low, *(number // one for one in low)})


def _or(words: Sequence[object]) -> str:
    return " or ".join(str(word) for word in words)
