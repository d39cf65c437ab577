"""The plan as lines for a terminal."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.advice import changes
from llavapose.training.forecast.cards import GIB
from llavapose.training.forecast.forecast import TIGHT, Forecast, Memory
from llavapose.training.forecast.host import HostPart, Moment
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
        host: bytes of memory of each machine that runs it; None where nobody can tell.
        is_here: whether that is what the plan is for, and not only what this machine happens to have.
        kept: checkpoints that stay, the one being written included.
    """

    disk: float
    folder: Path
    host: float | None
    is_here: bool
    kept: int


def lines_of(forecast: Forecast, places: Places) -> Iterator[str]:
    """The whole plan."""
    yield from _data(forecast)
    yield from _time(forecast)
    yield from _memory(forecast)
    yield from _host(forecast)
    yield from _disk(forecast, places)
    yield from _verdict(forecast, places)


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
        yield f"  the GPUs' own time; {_on_top(forecast.setup)} come on top"
    else:
        yield f"hours: not told, for nobody here knows this device's operations ({epoch.flops:.2e} an epoch)"


def _on_top(setup: Setup) -> str:
    if setup.engine is Engine.zero3:
        return "loading, checkpoints and ZeRO-3's own time a micro-batch (python -m benchmarks.hooks)"
    return "loading and checkpoints"


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


def _host(forecast: Forecast) -> Iterator[str]:
    host, ranks = forecast.memory.host, forecast.setup.ranks_a_node
    scale, unit = _unit(host.peak)
    of = f"each host, {ranks} rank{'s' * (ranks != 1)}"
    yield f"memory of {of}, {unit}, besides Python itself and loading workers"
    for part in host.parts:
        when = "" if len(part.moments) == len(Moment) else f"  {_span(part)}"
        yield f"  {part.name:<34}{part.size / scale:>9.2f}{when}"
    for moment in Moment:
        if host.at(moment):
            yield f"  {'= ' + moment:<34}{host.at(moment) / scale:>9.2f}"
    mapped = f"{'(mapped files of the base)':<34}{host.mapped / scale:>9.2f}"
    yield f"  {mapped}  {Moment.load}; dropped where memory is short"


def _span(part: HostPart) -> str:
    return part.moments[0] if len(part.moments) == 1 else f"from {part.moments[0]} on"


def _disk(forecast: Forecast, places: Places) -> Iterator[str]:
    needed = places.kept * forecast.checkpoint + forecast.exported
    yield (
        f"disk: {forecast.checkpoint / 1e9:,.1f} GB a checkpoint x {places.kept} (the one being written included) and "
        f"{forecast.exported / 1e9:,.1f} GB of hf/: {needed / 1e9:,.1f} GB; {places.disk / 1e9:,.1f} GB are free"
    )
    if needed > places.disk:
        yield f"  DOES NOT FIT on the disk of {places.folder}: give another output_dir, or keep fewer checkpoints"


def _verdict(forecast: Forecast, places: Places) -> Iterator[str]:
    host_fits = places.host is None or forecast.memory.host.peak <= places.host
    card, peak = forecast.card, forecast.memory.peak
    room = card.memory if card is not None else math.inf
    name = card.name if card is not None else "each process"
    card_fits = peak <= room * TIGHT
    if card is not None:
        said = f"{peak / GIB:.1f} GiB of the {room / GIB:.1f} that {name} has"
        yield f"{'fits' if card_fits else 'TIGHT' if peak <= room else 'DOES NOT FIT'}: {said}"
        longest = forecast.longest.peak
        if card_fits and longest > room:
            yield f"  rows at their longest would not: {longest / GIB:.1f} GiB; data.max_length bounds them"
    yield from _host_verdict(forecast, places, fits=host_fits)
    if not card_fits or (places.is_here and not host_fits):
        yield from _changes(forecast, places)


def _host_verdict(forecast: Forecast, places: Places, *, fits: bool) -> Iterator[str]:
    if places.host is None:
        return
    peak = forecast.memory.host.peak
    worst = max(Moment, key=forecast.memory.host.at)
    needs, has = f"{peak / GIB:.1f} GiB ({worst})", f"{places.host / GIB:.1f}"
    if not places.is_here:
        less = ", which is less" if not fits else ""
        yield f"each host needs {needs}; this machine has {has}{less} (forecast.host_gib plans for another)"
    else:
        yield f"{'fits' if fits else 'DOES NOT FIT'}: {needs} of the {has} that each host has"


def _changes(forecast: Forecast, places: Places) -> Iterator[str]:
    found = changes(forecast, host=places.host if places.is_here else None)
    if not found:
        yield "nothing that is known here would fit; take larger cards (forecast.card=h200), hosts or a smaller base"
        return
    yield "what would fit:"
    for change in found:
        yield f"  {change.words}: {_amount(change.memory)}{'; ' + change.note if change.note else ''}"


def _amount(memory: Memory) -> str:
    return f"{memory.peak / GIB:.1f} GiB a GPU, {memory.host.peak / GIB:.0f} GiB of each host's memory"
