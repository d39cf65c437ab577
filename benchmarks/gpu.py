"""A 7B on one GPU: does the forecast of memory hold, how fast are the two recipes, what does bfloat16 make of packing?

    python -m benchmarks.gpu                       # a GPU of 139 GiB: everything; of 78 GiB: states of half the layers
    python -m benchmarks.gpu --engine deepspeed    # the memory under ZeRO-3 itself, in one process
    python -m benchmarks.gpu --tiny                # the same path in a minute on any machine; its numbers mean nothing

LLaVA-1.5-7B with random weights: no file is read. Prints tables; with $OUT also writes gpu-ENGINE.json there.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.llavas import SIZES, Line, random_batch, rows_of, tiny_config
from benchmarks.states import DeepSpeedStates, PlainStates
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import IGNORE, PADDING, Batch
from llavapose.model.losses import token_losses
from llavapose.model.parts import checkpoint_layers, freeze_vision
from llavapose.training.forecast.activations import activation_parts
from llavapose.training.forecast.cards import card_of
from llavapose.training.forecast.cost import work_of
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes, shapes_of
from llavapose.training.forecast.states import ALWAYS, Part, Phase, state_parts

CONV, DETAIL, COMPLEX = 63, 505, 460
"""Tokens of a sample of each kind behind its picture: answer, question and template."""
SHARES = {"conv": (CONV, 112_980), "detail": (DETAIL, 45_174), "complex": (COMPLEX, 42_174)}


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast micro-batches of one shape go through forward and backward."""

    name: str
    seconds: float
    samples: int
    tokens: int
    flops: float

    def row(self, peak: float | None) -> str:
        """A line of the table."""
        used = f"{self.flops / self.seconds / peak:.1%}" if peak else "-"
        rates = f"{self.samples / self.seconds:.2f} | {self.tokens / self.seconds:,.0f}"
        return f"| {self.name} | {self.seconds:.3f} | {rates} | {self.flops / self.seconds / 1e12:.0f} | {used} |"


def llava_7b() -> LlavaConfig:
    """LLaVA-1.5-7B's shapes: CLIP ViT-L/14 at 336 pixels and Vicuna-7B with 32,064 rows of embeddings."""
    text = LlamaConfig(vocab_size=32064, max_position_embeddings=4096, rms_norm_eps=1e-5, pad_token_id=0)
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        image_size=336, patch_size=14, projection_dim=768,
    )  # fmt: skip
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=32000, image_seq_length=576,
        vision_feature_layer=-2, vision_feature_select_strategy="default", tie_word_embeddings=False,
    )  # fmt: skip


def build(config: LlavaConfig, device: torch.device) -> LlavaForConditionalGeneration:
    """The model with random bfloat16 weights, made where it stays; vision frozen, layers' activations recomputed."""
    torch.manual_seed(0)
    with device:
        model = LlavaForConditionalGeneration._from_config(config, dtype=torch.bfloat16, attn_implementation="sdpa")
    model.train()
    freeze_vision(model)
    checkpoint_layers(model)
    return model


def in_phase(parts: list[Part], phase: Phase) -> float:
    """Bytes on the GPU in a phase."""
    return sum(part.gpu for part in parts if phase in part.phase)


class Meter:
    """Bytes that torch has handed out on the GPU; zero where there is none."""

    def __init__(self, device: torch.device) -> None:
        self.on = device.type == "cuda"

    def now(self) -> int:
        """In use."""
        return torch.cuda.memory_allocated() if self.on else 0

    def peak(self, work: Callable[[], Any]) -> int:
        """The most in use while something runs."""
        if self.on:
            torch.cuda.reset_peak_memory_stats()
        work()
        if self.on:
            torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() if self.on else 0

    def outside(self) -> int:
        """What the process takes beside torch's own pool: CUDA's context, kernels, libraries' workspaces."""
        if not self.on:
            return 0
        free, total = torch.cuda.mem_get_info()
        return total - free - torch.cuda.memory_reserved()


def memory(
    config: LlavaConfig, engine: str, device: torch.device, batches: dict[str, Batch], *, optimizer: bool = True
) -> tuple[list[Line], Any]:
    """Forecast and measured bytes behind loading, behind the optimizer's states, and at the peaks of a step."""
    shapes, meter = shapes_of(config.to_dict(), where="7B"), Meter(device)
    setup = Setup(
        engine=Engine.zero3, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True, checkpointing=True,
        reduce_bucket=200_000_000 if engine == "deepspeed" else 0,
    )  # fmt: skip
    model = build(config, device)
    parts = {part.name: part for part in state_parts(shapes, setup)}
    lines = [Line(what="after loading", foretold=parts["parameters"].gpu, measured=meter.now())]
    states = (DeepSpeedStates if engine == "deepspeed" else PlainStates)(model, setup, optimizer=optimizer)
    kept = [part for name, part in parts.items() if optimizer or name != "optimizer"]
    always = sum(part.gpu for part in kept if part.phase == ALWAYS)
    lines.append(Line(what="with gradients and optimizer", foretold=always, measured=meter.now()))
    for name, batch in batches.items():
        every = [*kept, *activation_parts(shapes, setup, rows_of(batch))]
        foretold = max(in_phase(every, Phase.loss), in_phase(every, Phase.layer))
        measured = meter.peak(partial(states.backward, batch))
        lines.append(Line(what=f"forward and backward, {name}", foretold=foretold, measured=measured))
        if optimizer:
            # The first step makes AdamW's moments and needs what every later one needs.
            step = Line(what=f"step, {name}", foretold=in_phase(kept, Phase.step), measured=meter.peak(states.step))
            lines.append(step)
        states.zero()
    lines.append(Line(what="CUDA context and libraries", foretold=0, measured=meter.outside()))
    return lines, states


def speeds(states: Any, shapes: Shapes, batches: dict[str, Batch], device: torch.device, repeats: int) -> list[Speed]:
    """Seconds of forward and backward for each batch, the median of a few."""
    setup, found = Setup(checkpointing=True), []
    for name, batch in batches.items():
        states.backward(batch)
        times = []
        for _ in range(repeats):
            synchronise(device)
            start = time.perf_counter()
            states.backward(batch)
            synchronise(device)
            times.append(time.perf_counter() - start)
        states.zero()
        flops = work_of(shapes, setup, rows_of(batch)).model
        found.append(
            Speed(name=name, seconds=median(times), samples=batch.num_samples, tokens=batch.num_tokens, flops=flops)
        )
    return found


def through_vision(states: Any, batch: Batch, device: torch.device) -> dict[str, float]:
    """Seconds and GiB of forward and backward where transformers' own switch also goes back through frozen vision."""
    meter, found = Meter(device), {}
    for name, switch in (("kept out", None), ("gone through", states.model.enable_input_require_grads)):
        if switch:
            switch()
        states.backward(batch)
        start = time.perf_counter()
        peak = meter.peak(partial(states.backward, batch))
        found |= {f"{name}, s": time.perf_counter() - start, f"{name}, GiB": peak / 2**30}
    states.model.disable_input_require_grads()
    states.zero()
    return found


def synchronise(device: torch.device) -> None:
    """Wait for what the GPU still does."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def mixed(found: list[Speed]) -> Speed:
    """The papers' mixture of micro-batches of one kind each, for LLaVA's sampler sorts by length."""
    shares = {speed.name: SHARES[speed.name.partition(",")[0]][1] / speed.samples for speed in found}
    total = sum(shares.values())

    def mean(of: Callable[[Speed], float]) -> float:
        return sum(of(speed) * shares[speed.name] for speed in found) / total

    return Speed(
        name="paper_7b, the mixture", seconds=mean(lambda s: s.seconds), samples=round(mean(lambda s: s.samples)),
        tokens=round(mean(lambda s: s.tokens)), flops=mean(lambda s: s.flops),
    )  # fmt: skip


@torch.no_grad()
def packing(model: Any, batch: Batch) -> dict[str, dict[str, float]]:
    """Differences of single tokens' losses in nats: packed and alone, alone twice, and what a leak would make."""

    def losses(given: Batch, segments: Tensor | None = None) -> Tensor:
        return token_losses(model, given, packed_mask(given.segments if segments is None else segments))

    alone = unpack(batch)
    reference = losses(alone)
    wider, longer = padded(alone, 8), padded(alone, 100)
    unsegmented = torch.where(batch.segments == PADDING, PADDING, 0)
    straight = torch.arange(batch.input_ids.shape[1], device=batch.input_ids.device).expand_as(batch.positions)
    hidden = batch.segments.masked_fill(batch.segments == 0, -2)  # a prefix that no branch sees
    found = {
        "packed and alone": losses(batch),
        "alone and alone, 8 tokens of padding": losses(wider),
        "alone and alone, 100 tokens of padding": losses(longer),
        "trap: branches see each other": losses(batch, unsegmented),
        "trap: positions go on": losses(replace(batch, positions=straight)),
        "trap: branches do not see the picture": losses(batch, hidden),
    }
    found = {name: got - reference for name, got in found.items()}
    # The weights themselves stay as they are, rounded: what is left is the arithmetic's.
    model.float()
    exact = losses(alone)
    found["bfloat16 and float32, alone"] = reference - exact
    found["packed and alone in float32"] = losses(batch) - exact
    return {name: spread(difference) for name, difference in found.items()}


def spread(difference: Tensor) -> dict[str, float]:
    """How large differences are, in nats."""
    sizes = difference.abs().float()
    return {
        "mean": float(sizes.mean()),
        "p99": float(sizes.quantile(0.99)),
        "max": float(sizes.max()),
        "mean signed": float(difference.mean()),
    }


def padded(batch: Batch, extra: int) -> Batch:
    """The same batch with more padding behind every row."""
    fills = {"input_ids": 0, "positions": 0, "segments": PADDING, "targets": IGNORE, "sample_index": -1}
    tables = {
        name: torch.nn.functional.pad(getattr(batch, name), (0, extra), value=fill) for name, fill in fills.items()
    }
    return replace(batch, **tables)


def batches_of(config: LlavaConfig, device: torch.device, *, tiny: bool) -> dict[str, Batch]:
    """Micro-batches of 8 samples: one sample a row as in paper_7b, and pictures shared as in paper_7b_fast."""
    shapes = shapes_of(config.to_dict(), where="7B")
    scale = 20 if tiny else 1
    prefix = shapes.image_tokens + 35 // scale + 1
    longest = (120 if tiny else 2048) - prefix
    made: dict[str, tuple[int, list[int]]] = {
        **{f"{kind}, 8 x 1": (8, [max(4, length // scale)]) for kind, (length, _) in SHARES.items()},
        "paper_7b_fast, 2 x 4": (2, [max(4, length // scale) for length in (CONV, CONV, DETAIL, COMPLEX)]),
        "paper_7b_fast, 4 x 4": (4, [max(4, length // scale) for length in (CONV, CONV, DETAIL, COMPLEX)]),
        "longest, 8 x 2048": (8, [longest]),
    }
    return {
        name: random_batch(
            shapes, rows=rows, branches=branches, prefix=prefix, device=device, image_token=config.image_token_index
        )
        for name, (rows, branches) in made.items()
    }


def chosen_depth(config: LlavaConfig, device: torch.device) -> tuple[LlavaConfig, str]:
    """The model whose states fit on this GPU: the whole one, or one of fewer layers."""
    layers = config.text_config.num_hidden_layers
    if device.type == "cuda" and torch.cuda.get_device_properties(0).total_memory < 125 * 2**30:
        config = LlavaConfig.from_dict(config.to_dict())
        config.text_config.num_hidden_layers = layers = 20
    return config, f"{layers} layers"


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All measurements of one engine."""
    device = torch.device("cpu" if options.tiny else "cuda")
    config = tiny_config(SIZES["small"]) if options.tiny else llava_7b()
    name = "CPU" if options.tiny else torch.cuda.get_device_name(0)
    peak = card_of(name, 0).flops(2)
    batches = batches_of(config, device, tiny=options.tiny)
    say(f"{name}, torch {torch.__version__}, engine {options.engine}")
    fitting, depth = chosen_depth(config, device)
    lines, states = memory(fitting, options.engine, device, chosen(batches, "detail", "fast, 4", "longest"))
    print_memory(lines, depth)
    found: dict[str, Any] = {"device": name, "memory": [asdict(line) for line in lines], "layers": depth}
    if options.engine == "deepspeed":
        return found
    if fitting is not config:  # the smaller one makes room
        states = None
        torch.cuda.empty_cache()
        more, states = memory(config, "plain", device, chosen(batches, "detail", "longest"), optimizer=False)
        print_memory(more, "all layers, no optimizer")
        found["memory without optimizer"] = [asdict(line) for line in more]
    shapes = shapes_of(config.to_dict(), where="7B")
    timed = speeds(states, shapes, batches, device, repeats=1 if options.tiny else 3)
    kinds = [speed for speed in timed if speed.name.partition(",")[0] in SHARES]
    timed.append(mixed(kinds))
    print_speeds(timed, peak)
    found["speed"] = [asdict(speed) for speed in timed]
    found["frozen vision encoder"] = through_vision(states, batches["detail, 8 x 1"], device)
    say(
        "frozen vision encoder: "
        + ", ".join(f"{name} {value:.2f}" for name, value in found["frozen vision encoder"].items())
    )
    model, states = states.model, None
    for parameter in model.parameters():
        parameter.grad = None
    found["packing"] = packing(model, batches["paper_7b_fast, 2 x 4"])
    print_packing(found["packing"], depth=config.text_config.num_hidden_layers)
    return found


def chosen(batches: dict[str, Batch], *parts: str) -> dict[str, Batch]:
    """Those whose names hold one of these."""
    return {name: batch for name, batch in batches.items() if any(part in name for part in parts)}


def say(text: str) -> None:
    """Print at once: a run that is cut off has said what it knew."""
    print(text, flush=True)


def print_memory(lines: list[Line], depth: str) -> None:
    """Foretold and measured GiB."""
    say(f"\n| memory ({depth}) | foretold GiB | measured GiB | error |\n|---|---|---|---|")
    for line in lines:
        error = f"{line.error:+.1%}" if line.measured and line.foretold else "-"
        say(f"| {line.what} | {line.foretold / 2**30:.2f} | {line.measured / 2**30:.2f} | {error} |")


def print_speeds(found: list[Speed], peak: float | None) -> None:
    """Forward and backward only: the optimizer's step comes on top once a step."""
    say("\n| forward and backward | s | samples/s | tokens/s | model TFLOP/s | MFU |\n|---|---|---|---|---|---|")
    for speed in found:
        say(speed.row(peak))


def print_packing(found: dict[str, dict[str, float]], *, depth: int) -> None:
    """Nats a token."""
    say(f"\n| bfloat16, {depth} layers, nats a token | mean | p99 | max | mean signed |\n|---|---|---|---|---|")
    for name, sizes in found.items():
        say(f"| {name} | " + " | ".join(f"{value:.4f}" for value in sizes.values()) + " |")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("plain", "deepspeed"), default="plain")
    parser.add_argument("--tiny", action="store_true", help="a tiny model on the CPU")
    options = parser.parse_args()
    if not options.tiny and not torch.cuda.is_available():
        sys.exit("error: no GPU here; run it on a machine with one, or give --tiny to try the path")
    start = time.monotonic()
    found = run(options)
    found["seconds"] = round(time.monotonic() - start, 1)
    say(f"\n{found['seconds']:.0f} s")
    if out := os.environ.get("OUT"):
        path = Path(out) / f"gpu-{options.engine}.json"
        path.write_text(json.dumps(found, indent=2), encoding="utf-8")
        say(f"written: {path}")


if __name__ == "__main__":
    main()
