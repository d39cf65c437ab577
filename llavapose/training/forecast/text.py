"""The plan as lines for a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.advice import changes
from llavapose.training.forecast.cards import GIB
from llavapose.training.forecast.forecast import TIGHT, Forecast, Memory
from llavapose.training.forecast.setup import Engine, Setup, weights_of
from llavapose.training.forecast.states import ALWAYS, Phase

_PHASES = {Phase.loss: "loss", Phase.layer: "backward", Phase.step: "step"}
_ENGINES = {Engine.whole: "whole on every rank", Engine.zero2: "ZeRO-2", Engine.zero3: "ZeRO-3", Engine.fsdp2: "FSDP2"}


@dataclass(frozen=True, kw_only=True)
class Places:
    """What this machine has for a run.

    Attributes:
        disk: bytes free where ``folder`` lies, or will lie.
        folder: of the run.
        host: bytes of memory; None where nobody can tell.
        kept: checkpoints that stay, the one being written included.
    """

    disk: float
    folder: Path
    host: float | None
    kept: int


def lines_of(forecast: Forecast, places: Places) -> Iterator[str]:
    """The whole plan."""
    yield from _data(forecast)
    yield from _time(forecast)
    yield from _memory(forecast)
    yield from _host(forecast, places)
    yield from _disk(forecast, places)
    yield from _verdict(forecast)


def _data(forecast: Forecast) -> Iterator[str]:
    epoch = forecast.epoch
    total = sum(kind.samples for kind in epoch.kinds)
    yield f"{forecast.name}: {total:,} samples over {epoch.pictures:,} pictures ({epoch.source})"
    yield from (f"  {note}" for note in epoch.notes)
    yield f"  {'kind':<10}{'samples':>10}{'tokens':>14}{'of the loss':>13}"
    for kind in epoch.kinds:
        yield f"  {kind.name:<10}{kind.samples:>10,}{kind.tokens:>14,}{kind.loss:>13.3f}"
    yield f"  tokens with pictures and prefixes {epoch.tokens / 1e6:,.1f} M; padding {epoch.padding:.1%} of computed"
    if epoch.planned > 1:
        yield f"  (padding, shares and the widest micro-batch by a plan of one picture in {epoch.planned})"


def _time(forecast: Forecast) -> Iterator[str]:
    epoch = forecast.epoch
    full = epoch.steps - (epoch.last != epoch.samples_a_step)
    short = f" and a last one of {epoch.last}" if full != epoch.steps else ""
    limit = f"; {forecast.steps:,} steps in all" if forecast.steps != epoch.steps else ""
    yield f"steps: {full:,} of {epoch.samples_a_step} samples{short}{limit}"
    if forecast.setup.ranks > 1:
        yield f"  ranks wait {epoch.waiting:.1%} of the time for the slowest of {forecast.setup.ranks}, by operations"
    if forecast.hours is not None and forecast.card is not None:
        yield (
            f"hours: {forecast.hours:,.1f} on {forecast.setup.ranks} x {forecast.card.name} at forecast.mfu="
            f"{forecast.mfu:g} ({epoch.flops:.2e} operations an epoch)"
        )
    else:
        yield f"hours: not told, for nobody here knows this device's operations ({epoch.flops:.2e} an epoch)"


def _memory(forecast: Forecast) -> Iterator[str]:
    weights, setup, rows = weights_of(forecast.shapes, forecast.setup), forecast.setup, forecast.epoch.widest
    yield f"model: {forecast.base}, {weights.total:,} parameters, {weights.trained:,} of them trained; {_kept(setup)}"
    device = "GPU" if forecast.card else "process"
    where = (
        f"the {device}" if setup.ranks == 1 else f"each of {setup.ranks} {device}{'es' if device[0] == 'p' else 's'}"
    )
    scale, unit = _unit(forecast.memory.peak)
    shape = f"{rows.rows} rows x {rows.width} tokens, {rows.targets:,} supervised"
    yield f"memory of {where}, {unit}; micro-batch of {shape}"
    for part in forecast.memory.parts:
        if part.gpu:
            when = "" if part.phase == ALWAYS else f"  {', '.join(_PHASES[phase] for phase in part.phase)}"
            yield f"  {part.name:<34}{part.gpu / scale:>9.2f}{when}"
    for phase, name in _PHASES.items():
        yield f"  {'= ' + name:<34}{forecast.memory.gpu(phase) / scale:>9.2f}"
    yield f"  {'= peak, every row at its longest':<34}{forecast.longest.peak / scale:>9.2f}"


def _unit(most: float) -> tuple[float, str]:
    return (GIB, "GiB") if most >= GIB else (2.0**20, "MiB")


def _kept(setup: Setup) -> str:
    beside = "" if setup.adapter is AdapterType.none else f", {setup.adapter} of rank {setup.adapter_rank}"
    masters = "float32 masters" if setup.masters or setup.weight_bytes == 4 else "no float32 masters"
    return f"{_ENGINES[setup.engine]}{beside}, {masters}"


def _host(forecast: Forecast, places: Places) -> Iterator[str]:
    memory, ranks = forecast.memory, forecast.setup.ranks_a_node
    has = f"; this machine has {places.host / GIB:,.1f} GiB" if places.host is not None else ""
    scale, unit = _unit(memory.host)
    yield f"memory of each host, {unit}, besides Python itself and loading workers{has}"
    yield f"  {'while the base is read':<34}{ranks * memory.loading / scale:>9.2f}"
    for part in memory.parts:
        if part.host:
            yield f"  {part.name:<34}{ranks * part.host / scale:>9.2f}"


def _disk(forecast: Forecast, places: Places) -> Iterator[str]:
    needed = places.kept * forecast.checkpoint + forecast.exported
    yield (
        f"disk: {forecast.checkpoint / 1e9:,.1f} GB a checkpoint x {places.kept} (the one being written included) and "
        f"{forecast.exported / 1e9:,.1f} GB of hf/: {needed / 1e9:,.1f} GB; {places.disk / 1e9:,.1f} GB are free"
    )
    if needed > places.disk:
        yield f"  DOES NOT FIT on the disk of {places.folder}: give another output_dir, or keep fewer checkpoints"


def _verdict(forecast: Forecast) -> Iterator[str]:
    card, peak = forecast.card, forecast.memory.peak
    if card is None:
        return
    room = card.memory
    said = f"{peak / GIB:.1f} GiB of the {room / GIB:.1f} that {card.name} has"
    if peak <= room * TIGHT:
        yield f"fits: {said}"
        if forecast.longest.peak > room:
            longest = forecast.longest.peak / GIB
            yield f"  rows at their longest would not: {longest:.1f} GiB; data.max_length bounds them"
        return
    yield f"{'TIGHT' if peak <= room else 'DOES NOT FIT'}: {said}. What would fit:"
    found = changes(forecast)
    for change in found:
        yield f"  {change.words}: {_amount(change.memory)}{'; ' + change.note if change.note else ''}"
    if not found:
        yield "  nothing that is known here on such cards; take larger ones (forecast.card=h200) or a smaller base"


def _amount(memory: Memory) -> str:
    return f"{memory.peak / GIB:.1f} GiB a GPU, {memory.host / GIB:.0f} GiB of each host's memory"
