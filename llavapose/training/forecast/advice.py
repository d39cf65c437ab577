"""Other ways to run the same training, each with the memory that it would take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.forecast import TIGHT, Forecast, Memory, memory_of
from llavapose.training.forecast.setup import Engine, Setup

_MOST_RANKS = 64
_CARDS_A_NODE = 8
_ADAPTER_RANK = 128
"""LLaVA's own, and conf/adapter's."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What could be said on the command line instead, and what it would take."""

    words: str
    memory: Memory
    note: str = ""


def changes(forecast: Forecast, *, host: float | None = None) -> list[Change]:
    """Those that fit the card, the least change first; empty where nothing here would.

    Args:
        forecast: of the run.
        host: bytes of each machine's own memory that they have to fit too; None: whatever it has.
    """
    if forecast.card is None:
        return []
    room = forecast.card.memory * TIGHT
    found = [change for change in _candidates(forecast, room) if change.memory.peak <= room]
    return [change for change in found if host is None or change.memory.host.peak <= host]


def _candidates(forecast: Forecast, room: float) -> Iterator[Change]:
    setup, rows = forecast.setup, forecast.epoch.widest

    def change(words: str, other: Setup, shape: Rows = rows, note: str = "") -> Change:
        return Change(
            words=words, memory=memory_of(forecast.shapes, other, shape, exported=forecast.exported), note=note
        )

    if not setup.checkpointing:
        yield change("model.gradient_checkpointing=true", replace(setup, checkpointing=True))
    if setup.engine is Engine.zero3 and setup.sub_group > 1_000_000_000:
        yield change("strategy.sub_group_size=1000000000", replace(setup, sub_group=1_000_000_000))
    if rows.rows > 1:
        half = replace(rows, rows=rows.rows // 2, targets=rows.targets // 2, pictures=max(1, rows.pictures // 2))
        words = step_words(forecast, setup.ranks, at_most=forecast.batch_size // 2)
        if words:
            yield change(words, setup, half, "the same step")
    sharded = _sharded(setup)
    if setup.ranks > 1 and setup.engine in (Engine.whole, Engine.zero2) and setup.adapter is AdapterType.none:
        yield change("strategy=deepspeed_stage3", sharded)
    if setup.adapter is AdapterType.none:
        if not setup.offload_optimizer:
            offloaded = replace(sharded, offload_optimizer=True, offload_parameters=True)
            yield change("strategy=deepspeed_stage3_offload", offloaded)
        yield from _more_cards(forecast, sharded, room, change)
        beside = replace(sharded, adapter=AdapterType.lora, adapter_rank=_ADAPTER_RANK)
        yield change("adapter=lora", beside, note="another recipe: low-rank matrices and the connector learn")
    if setup.adapter is not AdapterType.qlora:
        alone = (
            f"adapter=qlora strategy=single trainer.devices=1 {step_words(forecast, 1)} trainer.precision=bf16-mixed"
        )
        yield change(" ".join(alone.split()), _four_bits(setup), note="another recipe, on one card")


def _sharded(setup: Setup) -> Setup:
    """The same run under ZeRO-3 as conf/strategy/deepspeed_stage3.yaml has it."""
    if setup.engine is Engine.zero3:
        return replace(setup, sub_group=min(setup.sub_group, 1_000_000_000))
    size = setup.compute_bytes
    return replace(
        setup,
        engine=Engine.zero3, weight_bytes=size, frozen_bytes=size, masters=True, sub_group=1_000_000_000,
        reduce_bucket=16_777_216, ddp=False, muon=False, sharded_loading=True, loading_bytes=size,
    )  # fmt: skip


def _four_bits(setup: Setup) -> Setup:
    return replace(
        setup,
        engine=Engine.whole, ranks=1, ranks_a_node=1, weight_bytes=4, frozen_bytes=2, compute_bytes=2, masters=False,
        adapter=AdapterType.qlora, adapter_rank=setup.adapter_rank or _ADAPTER_RANK, ddp=False, offload_optimizer=False,
        offload_parameters=False, reduce_bucket=0, sharded_loading=False, loading_bytes=2,
    )  # fmt: skip


def _more_cards(forecast: Forecast, setup: Setup, room: float, change: Callable[..., Change]) -> Iterator[Change]:
    """The least power of two of cards that the states fit on."""
    ranks = 2 * setup.ranks
    while ranks <= _MOST_RANKS:
        here = min(ranks, _CARDS_A_NODE)
        found = change("", replace(setup, ranks=ranks, ranks_a_node=here))
        words = step_words(forecast, ranks)
        if found.memory.peak <= room and words:
            nodes = f" trainer.num_nodes={ranks // here}" if ranks > here else ""
            yield replace(found, words=f"trainer.devices={here}{nodes} {words}", note="the same step")
            return
        ranks *= 2


def step_words(forecast: Forecast, ranks: int, *, at_most: int | None = None) -> str:
    """Settings that make as many ranks hold the same samples a step; "" where they cannot share them evenly.

    Args:
        forecast: of the run.
        ranks: processes.
        at_most: samples a rank and micro-step; None: as many as now.
    """
    each, over = divmod(forecast.epoch.samples_a_step, ranks)
    fitting = [size for size in range(1, (at_most or forecast.batch_size) + 1) if each and each % size == 0]
    if over or not fitting:
        return ""
    size = fitting[-1]
    batch = f"batch_size={size} " if size != forecast.batch_size else ""
    return f"{batch}trainer.accumulate_grad_batches={each // size}"
