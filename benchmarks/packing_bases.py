"""``benchmarks/packing.py --base``: what packing saves by family, beside ordinary packing of the same samples.

The papers' set by its published counts and lengths (``data/plan/published.py``), 32 samples a step on one rank, planned
as in ``paper_7b_fast``. A picture takes the tokens of the family's own processor (``llavapose/families/resolution.py``)
at COCO's usual sizes: half of the pictures 640 x 480, a quarter 480 x 640, a quarter 640 x 427. In front of it are the
tokens of the family's template (``LEAD`` in ``llavapose/families/defaults.py``). Samples themselves have the same
tokens in every family: those that Llama's tokenizer makes. Rows hold 4,096 tokens, or 8,192 where a picture alone
takes more than 2,048.

Tokens, and operations of the published base by the forecast's formula, are exact of the whole epoch, with every
picture's work in the encoder that of 640 x 480. Seconds are the processor's over the steps that are run, whose arms
stand to each other as the epoch's do, by a narrow model of random weights. ``pictures`` has the attention that training
chooses; ordinary packing attends each sample by itself, under its family's own mask, and never to the whole row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import sdpa_mask

from benchmarks.bases_made_up import MADE_UP, Maker
from benchmarks.packing import EQUAL, chosen_steps, timed, unequal
from benchmarks.packing_arms import ROW_TOKENS, Arm, MadeUp, plan_of
from benchmarks.packing_load import Load, flops, load_of_plan
from llavapose.config.choices import Packing, Sampler
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import EpochPlan, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.published import published_lengths
from llavapose.model.attention.choose import AUTO, to_try
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.layout import layout_of
from llavapose.model.attention.mask import packed_mask
from llavapose.model.attention.rules import SLIDING, rows_of, rules_of
from llavapose.model.batch import Batch
from llavapose.model.losses import sample_losses, token_losses
from llavapose.model.parts import family_of, language_of
from llavapose.training.forecast.shapes import read_shapes

NAME = "benchmark_own_rows"
LARGE = 2048
"""Tokens of a picture from which on rows are twice as long: else most of its samples would need another copy."""
HEADER = (
    "| base | tokens before a sample | rows | M tokens, `pictures` | M tokens, `samples` | times | without padding "
    "| pictures read, times | operations, times | attention | steps | CPU s, `pictures` | CPU s, `samples` | times |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|"
)


def with_prefixes(lengths: Lengths, maker: Maker) -> Lengths:
    """The samples with the tokens in front of each, by the family's rule; every sample has a picture."""
    sizes = np.array([maker.num_tokens(number) for number in range(4)], dtype=np.int32)
    return replace(lengths, prefix=sizes[lengths.image % 4])


def arms_for(maker: Maker) -> tuple[Arm, Arm]:
    """``pictures`` and ``samples``, as in ``packing_arms``."""
    widest = max(maker.num_tokens(number) for number in range(4))
    ours = PlanSettings(
        batch_size=8, accumulate=4, num_ranks=1, seed=0, sampler=Sampler.balanced,
        row_tokens=ROW_TOKENS if widest <= LARGE else 2 * ROW_TOKENS,
    )  # fmt: skip
    return (
        Arm(name="pictures", settings=ours),
        Arm(name="samples", settings=replace(ours, packing=Packing.samples)),
    )


def bare_times(lengths: Lengths) -> float:
    """How many times fewer tokens one copy of every picture has than a copy a sample, padding left out of both."""
    assert lengths.prefix is not None
    before, tokens = lengths.prefix.astype(np.int64), int(lengths.num_tokens.sum())
    _, firsts = np.unique(lengths.image, return_index=True)
    return float((before.sum() + tokens) / (before[firsts].sum() + tokens))


def loads_of(plan: EpochPlan, lengths: Lengths, arm: Arm, *, dense: bool) -> Load:
    """A plan's load; a dense mask has every two tokens of a row compared."""
    load = load_of_plan(plan, lengths, arm)
    if not (dense and arm.name == "pictures"):
        return load
    before = lengths.prefixes(arm.settings)[plan.samples].astype(np.int64)[plan.groups[:-1]]
    tokens = lengths.num_tokens[plan.samples].astype(np.int64)
    rows = np.add.reduceat(np.add.reduceat(tokens, plan.groups[:-1]) + before, plan.rows[:-1])
    widths = np.maximum.reduceat(rows, plan.micros[:-1])
    return replace(load, pairs=int((np.diff(plan.micros) * widths**2).sum()))


def batches_for(plan: EpochPlan, lengths: Lengths, maker: Maker) -> Iterator[Batch]:
    """The micro-batches of a plan, one after the other: pictures of many tiles are large."""
    branches = MadeUp(lengths)
    for micro in plan.micro_batches(0):
        pictures = [maker.shown(int(lengths.image[group[0]])) for row in micro.rows for group in row]
        yield pack(
            micro.rows, branches, pictures, text_prefix=(), step_weight=micro.step_weight,
            blank=lambda: maker.shown(0),
        )  # fmt: skip


class OwnRows:
    """Ordinary packing's attention: every sample of a row by itself, under its family's own mask.

    Args:
        model: whose language layers it takes the place of attention in, while ``losses`` runs and backward of them.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model, self.rules = model, rules_of(language_of(model).config, family_of(model))
        self.spans: list[list[tuple[int, int]]] = []
        self.masks: dict[tuple[int, int, bool], Tensor] = {}
        AttentionInterface.register(NAME, self)
        AttentionMaskInterface.register(NAME, sdpa_mask)

    def losses(self, batch: Batch) -> Tensor:
        """Cross-entropy of every supervised token, float32[N]."""
        self.see(batch)
        config: Any = language_of(self.model).config
        config._attn_implementation = NAME
        # transformers makes no mask where it is given one of four dimensions.
        return token_losses(self.model, batch, torch.ones(1, 1, 1, 1, dtype=torch.bool))

    def see(self, batch: Batch) -> None:
        """Where the samples of a batch lie, and each one's mask where its layers are not plainly causal."""
        layout = layout_of(batch.segments)
        groups = [layout.of_row(row) for row in range(layout.num_rows)]
        self.spans = [[(group.start, group.cuts[-1]) for group in row] for row in groups]
        self.masks = {}
        if self.rules.causal:
            return
        for row, start, end in [(row, *span) for row, spans in enumerate(self.spans) for span in spans]:
            part = slice(row, row + 1), slice(start, end)
            for slides in {kind == SLIDING for kind in self.rules.kinds}:
                self.masks[row, start, slides] = packed_mask(
                    batch.segments[part], positions=batch.positions[part],
                    blocks=None if batch.blocks is None else batch.blocks[part],
                    window=self.rules.window if slides else None,
                )  # fmt: skip

    def __call__(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
        scaling: float | None = None, sliding_window: int | None = None, **_: object,
    ) -> tuple[Tensor, None]:  # fmt: skip
        """Attention of one layer, as transformers calls it: float[R, T, H, K]."""
        done = []
        for row, spans in enumerate(self.spans):
            sizes = [end - start for start, end in spans]
            sizes.append(query.shape[2] - sum(sizes))
            pieces = zip(*(one[row : row + 1].split(sizes, dim=2) for one in (query, key, value)), strict=True)
            *samples, padding = pieces
            found = []
            for (start, _end), (q, k, v) in zip(spans, samples, strict=True):
                mask = self.masks.get((row, start, sliding_window is not None))
                found.append(
                    F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scaling)
                )
            done.append(torch.cat([*found, padding[2]], dim=2))
        return torch.cat(done).transpose(1, 2).contiguous(), None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was run.

    Attributes:
        steps: of 32 samples.
        ours: CPU seconds of ``pictures``.
        theirs: of ``samples``.
    """

    steps: int
    ours: float
    theirs: float

    @property
    def times(self) -> float:
        """How many times as long ordinary packing takes."""
        return self.theirs / self.ours


class Race:
    """Both arms of one family over the same steps.

    Args:
        maker: of the family.
        lengths: of all samples, with prefixes.
    """

    def __init__(self, maker: Maker, lengths: Lengths) -> None:
        self.maker, self.lengths, self.arms = maker, lengths, arms_for(maker)
        self.model = maker.model().train()
        self.own = OwnRows(self.model)
        self.backend: Backend = to_try(AUTO, device="cpu", eager=False, rules=self.own.rules)[0]

    @property
    def dense(self) -> bool:
        """Whether training masks whole rows."""
        return not self.backend.causal

    def _losses(self, batch: Batch, *, ours: bool) -> Tensor:
        if not ours:
            return self.own.losses(batch)
        config: Any = language_of(self.model).config
        config._attn_implementation = "sdpa"  # a backend that is no mask says so itself
        return token_losses(self.model, batch, self.backend.see(rows_of(batch, self.own.rules)))

    def run(self, arm: Arm, samples: NDArray[np.int32]) -> tuple[dict[int, float], float]:
        """A step: each sample's summed loss, and CPU seconds forward and backward; laying batches out is not timed."""
        told: dict[int, float] = {}
        spent = 0.0
        for batch in batches_for(plan_of(self.lengths, arm, samples), self.lengths, self.maker):

            def step(batch: Batch = batch) -> dict[int, float]:
                losses = self._losses(batch, ours=arm.name == "pictures")
                (losses.sum() / batch.step_weight).backward()
                return {index: loss for index, (loss, _) in sample_losses(losses.detach(), batch).items()}

            found, seconds = timed(step)
            told |= found
            spent += seconds
        self.model.zero_grad()
        return told, spent

    def measured(self, steps: Sequence[NDArray[np.int32]]) -> Measured | str:
        """Both arms in turn over the steps, or what is wrong with their losses, in a line."""
        for arm in self.arms:
            self.run(arm, steps[0][:8])  # warm
        spent = dict.fromkeys((arm.name for arm in self.arms), 0.0)
        for number, samples in enumerate(steps):
            losses: dict[str, dict[int, float]] = {}
            # The other begins each time: what a machine does beside this is nobody's alone.
            for arm in self.arms[:: 1 if number % 2 == 0 else -1]:
                losses[arm.name], seconds = self.run(arm, samples)
                spent[arm.name] += seconds
            if fault := unequal(losses):
                return fault
        return Measured(steps=len(steps), ours=spent["pictures"], theirs=spent["samples"])


def line_of(name: str, *, small: bool, steps: int) -> tuple[str, str | None]:
    """A family's line of the table, and what is wrong with it."""
    maker = Maker(MADE_UP[name], small=small)
    lengths = with_prefixes(published_lengths()[0], maker)
    race = Race(maker, lengths)
    epoch = {arm.name: loads_of(plan_epoch(lengths, arm.settings), lengths, arm, dense=race.dense) for arm in race.arms}
    ours, theirs = epoch["pictures"], epoch["samples"]
    shapes = read_shapes(MADE_UP[name].hub)
    found = race.measured(chosen_steps(lengths, race.arms, epoch, steps))
    if isinstance(found, str):
        return "", f"{name}: {found}"
    sizes = sorted({maker.num_tokens(number) for number in range(4)})
    told = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    cells = (
        f"`{name}`", told, f"{race.arms[0].settings.row_tokens:,}", f"{ours.tokens / 1e6:.1f}",
        f"{theirs.tokens / 1e6:.1f}", f"{theirs.tokens / ours.tokens:.2f}", f"{bare_times(lengths):.2f}",
        f"{theirs.pictures / ours.pictures:.2f}", f"{flops(shapes, theirs) / flops(shapes, ours):.2f}",
        race.backend.name, f"{found.steps}", f"{found.ours:.1f}", f"{found.theirs:.1f}", f"{found.times:.2f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |", None


def show(names: Sequence[str], *, small: bool, steps: int) -> int:
    """The table; 2 where a sample's loss differs between arms."""
    torch.set_num_threads(1)
    print(HEADER)
    for name in names:
        line, fault = line_of(name, small=small, steps=steps)
        print(fault or line, flush=True)
        if fault:
            return 2
    print(f"each sample's loss is that of pictures to {EQUAL:g} of it, over all steps run")
    return 0
