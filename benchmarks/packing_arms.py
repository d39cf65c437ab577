"""The arms of ``packing.py``: the same samples laid into rows in other ways, each with the attention that suits it.

A LLaVA of random weights whose parts take about the shares of the work that LLaVA-1.5-7B's take: layers, attention,
output layer, and vision encoder with connector. A picture has 576 tokens, as there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AttentionInterface, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from llavapose.config.choices import Packing, Sampler
from llavapose.data.conversation import Branch
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import EpochPlan, MicroBatch, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.reading.shown import Shown
from llavapose.model.attention.layout import layout_of
from llavapose.model.batch import IGNORE, Batch
from llavapose.model.parts import freeze_vision
from llavapose.training.forecast.shapes import Shapes, shapes_of

LEAD = 35
"""Tokens of LLaVA-1.5's system sentence with ``USER:``."""
VOCAB, IMAGE_ID = 128, 1
NAME = "benchmark_blocks"
CLIP_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), dtype=np.float32)
CLIP_STD = np.array((0.26862954, 0.26130258, 0.27577711), dtype=np.float32)
ROW_TOKENS = 4096
"""As in ``paper_7b_fast``."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Sizes of the model.

    Attributes:
        hidden: width of the language model.
        intermediate: inner width of its MLP.
        image_size: pixels of a picture, in patches of 14.
    """

    hidden: int = 288
    intermediate: int = 896
    image_size: int = 336

    @property
    def image_tokens(self) -> int:
        """Tokens of a picture."""
        return (self.image_size // 14) ** 2


PAPERS = Size()
SMALL = Size(hidden=64, intermediate=96, image_size=56)
"""To try the command: 16 tokens a picture, of which no aim is expected."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A way of laying the samples of a step into rows.

    Attributes:
        name: in the table.
        settings: of the planner.
    """

    name: str
    settings: PlanSettings


def arms_of(size: Size) -> tuple[Arm, ...]:
    """Ours first; ordinary packing; no packing, grouped by length as LLaVA does it (``paper_7b``), or sorted by step.

    ``paper_7b_fast`` on one rank: 32 samples a step in four micro-batches.
    """
    ours = PlanSettings(
        batch_size=8, accumulate=4, num_ranks=1, seed=0, prefix_tokens=LEAD + size.image_tokens,
        text_prefix_tokens=LEAD, sampler=Sampler.balanced, row_tokens=ROW_TOKENS,
    )  # fmt: skip
    alone = replace(ours, packing=Packing.none)
    return (
        Arm(name="pictures", settings=ours),
        Arm(name="samples", settings=replace(ours, packing=Packing.samples)),
        Arm(name="none", settings=replace(alone, sampler=Sampler.llava)),
        Arm(name="none, steps sorted", settings=alone),
    )


def tiny(size: Size) -> LlavaForConditionalGeneration:
    """The model: random, its vision encoder frozen."""
    torch.manual_seed(0)
    text = LlamaConfig(
        hidden_size=size.hidden, intermediate_size=size.intermediate, num_hidden_layers=2, num_attention_heads=1,
        head_dim=64, vocab_size=VOCAB, max_position_embeddings=ROW_TOKENS, tie_word_embeddings=False, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=1, image_size=size.image_size,
        patch_size=14,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=IMAGE_ID, image_seq_length=size.image_tokens,
        vision_feature_layer=-2, tie_word_embeddings=False,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(config)
    # One layer: at this width a second would be a part of the work that it is not at 4096.
    connector: Any = model.model.multi_modal_projector
    connector.act, connector.linear_2 = nn.Identity(), nn.Identity()
    freeze_vision(model)
    AttentionInterface.register(NAME, _attention)
    return model


def shapes_of_tiny(model: LlavaForConditionalGeneration) -> Shapes:
    """Its shapes; the connector's second layer, which it does not have, is taken off."""
    shapes = shapes_of(model.config.to_dict(), where="benchmark")
    return replace(shapes, encoder=replace(shapes.encoder, connector=shapes.connector_first))


def plan_of(lengths: Lengths, arm: Arm, chosen: NDArray[np.int32]) -> EpochPlan:
    """An arm's plan of one step's samples, its indices those of ``lengths``."""
    plan = plan_epoch(lengths.of(chosen), arm.settings)
    return replace(plan, samples=chosen[plan.samples].astype(np.int32))


class MadeUp(Sequence[Branch]):
    """Samples of given lengths: made-up ids, of which the last are supervised.

    Args:
        lengths: of all samples.
    """

    def __init__(self, lengths: Lengths) -> None:
        self._tokens, self._targets = lengths.num_tokens.tolist(), lengths.num_targets.tolist()

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> Branch:  # type: ignore[override]
        asked = self._tokens[index] - self._targets[index]
        ids = np.random.default_rng(index).integers(2, VOCAB, self._tokens[index]).tolist()
        return Branch(ids=tuple(ids), supervised=(False,) * asked + (True,) * self._targets[index])


def prefix_of(size: Size) -> list[int]:
    """Made-up ids of the system sentence, and the picture's tokens."""
    return [*np.random.default_rng(0).integers(2, VOCAB, LEAD).tolist(), *[IMAGE_ID] * size.image_tokens]


def picture(number: int, size: Size) -> NDArray[np.uint8]:
    """A made-up picture, uint8[H, W, 3]."""
    return np.random.default_rng(number).integers(0, 256, (size.image_size, size.image_size, 3), dtype=np.uint8)


def pixels_of(number: int, size: Size) -> Tensor:
    """What CLIP's image processor makes of it, float32[3, H, W]."""
    scaled = (picture(number, size) / np.float32(255) - CLIP_MEAN) / CLIP_STD
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))


def batches_of(plan: EpochPlan, lengths: Lengths, size: Size) -> list[Batch]:
    """The micro-batches of a plan, as the data module packs them."""
    prefix = prefix_of(size)

    def shown(pixels: Tensor) -> Shown:
        return Shown(ids=tuple(prefix), inputs={"pixel_values": pixels[None]}, next_position=len(prefix))

    def packed(micro: MicroBatch) -> Batch:
        pictures = [shown(pixels_of(int(lengths.image[group[0]]), size)) for row in micro.rows for group in row]
        return pack(
            micro.rows, MadeUp(lengths), pictures, text_prefix=prefix[:LEAD], step_weight=micro.step_weight,
            blank=lambda: shown(torch.zeros(3, size.image_size, size.image_size)),
        )  # fmt: skip

    return [packed(micro) for micro in plan.micro_batches(0)]


Spans = list[list[list[int]]]
"""Row -> groups -> where the prefix and each branch end, the group's beginning in front."""


def spans_of(segments: Tensor) -> Spans:
    """Where groups and their parts lie, from segments int64[R, T]."""
    layout = layout_of(segments)
    return [[[group.start, *group.cuts] for group in layout.of_row(row)] for row in range(layout.num_rows)]


def pairs_of(segments: Tensor, *, apart: bool = False) -> int:
    """Pairs of tokens that attention compares, as ``_blocks`` lays them out, or ``branches``: each sample apart."""
    spans, width = spans_of(segments), segments.shape[1]
    if is_alone(spans):
        return len(spans) * width * (width + 1) // 2
    found = 0
    for cuts in (cuts for row in spans for cuts in row):
        prefix, first, *others = np.diff(cuts).tolist()
        if apart:
            first, others = 0, [first, *others]
        found += (prefix + first) * (prefix + first + 1) // 2 + sum(n * (prefix + n) for n in others)
    return found


def is_alone(spans: Spans) -> bool:
    """Whether every row holds one sample."""
    return all(len(row) == 1 and len(row[0]) == 3 for row in spans)


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **further: object
) -> tuple[Tensor, None]:
    """Attention of one layer, block by block; as transformers calls it."""
    spans = further.pop("blocks", None)
    if spans is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **further)  # type: ignore[arg-type]
    return _blocks(query, key, value, spans).transpose(1, 2).contiguous(), None  # type: ignore[arg-type]


def _blocks(query: Tensor, key: Tensor, value: Tensor, spans: Spans) -> Tensor:
    """float[R, H, T, K], without a mask larger than a branch.

    A row a sample is one causal call for all rows, padding behind them; a sample with its own copy is one causal call;
    of a picture's samples the first is one with the prefix.
    """
    if is_alone(spans):
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    rows = []
    for row, groups in enumerate(spans):
        done = []
        sizes = [n for cuts in groups for n in (cuts[2] - cuts[0], *np.diff(cuts[2:]).tolist())]
        sizes.append(query.shape[2] - sum(sizes))
        pieces = list(zip(*(one[row : row + 1].split(sizes, dim=2) for one in (query, key, value)), strict=True))
        place = 0
        for cuts in groups:
            prefix = cuts[1] - cuts[0]
            first, *others = pieces[place : place + len(cuts) - 2]
            done.append(F.scaled_dot_product_attention(*first, is_causal=True))
            ahead_key, ahead_value = first[1][:, :, :prefix], first[2][:, :, :prefix]
            for q, k, v in others:
                seen = torch.ones(q.shape[2], prefix + q.shape[2], dtype=torch.bool).tril(prefix)
                keys, values = torch.cat([ahead_key, k], 2), torch.cat([ahead_value, v], 2)
                done.append(F.scaled_dot_product_attention(q, keys, values, attn_mask=seen))
            place += len(cuts) - 2
        rows.append(torch.cat([*done, pieces[-1][2]], dim=2))
    return torch.cat(rows)


def losses_of(model: LlavaForConditionalGeneration, batch: Batch, spans: Spans) -> Tensor:
    """Cross-entropy of every supervised token, float32[N]: ``token_losses`` with attention by block."""
    model.model.language_model.config._attn_implementation = NAME
    hidden = model.model(
        input_ids=batch.input_ids, pixel_values=batch.pixel_values, position_ids=batch.positions, use_cache=False,
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool), blocks=spans,
    ).last_hidden_state  # fmt: skip
    chosen = batch.targets != IGNORE
    return F.cross_entropy(model.lm_head(hidden[chosen]), batch.targets[chosen], reduction="none")
