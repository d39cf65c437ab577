"""Training a 7B on one GPU: pictures shared, against a picture copied for every sample, packed or one a row.

    python -m benchmarks.gpu_train              # H100 or H200 class, under 8 minutes; leaves $OUT/gpu_train.json
    python -m benchmarks.gpu_train --plan       # the prediction alone, for --card, on any machine
    python -m benchmarks.gpu_train --tiny       # the same path in a minute on a CPU; its numbers mean nothing

LLaVA-1.5-7B with random bfloat16 weights, gradients of all that learns, and no optimizer states, for these take 81 GB
more: forward and backward of the same 16 samples of 4 pictures in every arm, from the same tokens. What an arm
learns is held against a reference before it is timed: loss and gradients. First
every arm runs with every attention; then each switch is tried beside the arm's fastest; then all that helped together.
Seconds are CUDA events', the median of ``--repeats`` behind a warm-up.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gpu import COMPLEX, CONV, DETAIL, Meter, build, in_phase, llava_7b, say, synchronise
from benchmarks.gpu_arms import (
    ARMS,
    BOUNDS,
    REFERENCE,
    SWITCHES,
    Learnt,
    Way,
    apart,
    arm_of,
    attentions,
    learn,
    learnt,
    losses,
    reference_of,
    switched,
    useful_flops,
)  # fmt: skip
from benchmarks.llavas import SIZES, random_batch, rows_of, tiny_config
from llavapose.model.batch import Batch
from llavapose.training.forecast.activations import activation_parts
from llavapose.training.forecast.cards import card_of
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes, shapes_of
from llavapose.training.forecast.states import Phase, state_parts

PICTURES, SAMPLES = 4, (CONV, CONV, DETAIL, COMPLEX)
EXPECTED_MFU = {"dense": 0.34}
"""Share of the peak that is foretold: of the dense mask what one H200 showed (`benchmarks.gpu`: 34.2%) ..."""
OTHER_MFU = 0.40
"""... and of attentions that leave hidden pairs out, by guess: the papers' best trainers report 30 to 40%."""
NO_MASK = frozenset(("flex", "varlen"))
"""Attentions that hold no mask of every two tokens."""
HEADS = frozenset(("chunked", "all logits"))
MICRO = {"ours": 1, "ordinary": 2, "one a row": 4}
"""Micro-batches of an arm: about 7,000 tokens each, in every arm."""
FORMULA = (
    "MFU = (forward + backward operations of the samples) / (seconds x peak); 6 a weight and token (frozen vision "
    "encoder: 2, head at supervised tokens alone), 12 a visible pair of tokens and query number; no padding, no hidden "
    "pair, nothing computed again"
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An arm computed in one way: the samples of all its micro-batches, forward and backward.

    Attributes:
        loss: mean, nats a token.
        apart: from the reference, of its size: loss, and the gradient that differs most.
        wrong: why it is not the reference's work; its seconds count for nothing.
        failed: why it did not run.
    """

    arm: str
    way: str
    seconds: float | None = None
    samples_per_s: float | None = None
    tokens_per_s: float | None = None
    mfu: float | None = None
    peak_gib: float | None = None
    loss: float | None = None
    apart: dict[str, float] | None = None
    wrong: str | None = None
    failed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is foretold of an arm, before anything is measured."""

    arm: str
    attention: str
    samples: int
    tokens: int
    flops: float
    mfu: float
    seconds: float | None
    samples_per_s: float | None
    peak_gib: float


def plans(shapes: Shapes, arms: dict[str, list[Batch]], peak: float | None) -> list[Plan]:
    """The forecast's operations and bytes, at the stated share of the peak."""
    found = []
    masked = Setup(
        engine=Engine.whole, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True, checkpointing=True
    )
    kept = [part for part in state_parts(shapes, masked) if part.name != "optimizer"]
    for arm, batches in arms.items():
        flops, samples = useful_flops(shapes, batches), sum(batch.num_samples for batch in batches)
        for attention in attentions():
            setup = replace(masked, dense_mask=attention not in NO_MASK)
            every = [[*kept, *activation_parts(shapes, setup, rows_of(batch))] for batch in batches]
            most = max(max(in_phase(parts, Phase.loss), in_phase(parts, Phase.layer)) for parts in every)
            mfu = EXPECTED_MFU.get(attention, OTHER_MFU)
            seconds = flops / (mfu * peak) if peak else None
            found.append(Plan(
                arm=arm, attention=attention, samples=samples, tokens=sum(batch.num_tokens for batch in batches),
                flops=flops, mfu=mfu, seconds=seconds, samples_per_s=samples / seconds if seconds else None,
                peak_gib=most / 2**30,
            ))  # fmt: skip
    return found


class Bench:
    """A model, its arms, and what was measured so far."""

    def __init__(self, model: Any, shapes: Shapes, arms: dict[str, list[Batch]], options: argparse.Namespace) -> None:
        self.model, self.shapes, self.arms, self.options = model, shapes, arms, options
        self.device = next(model.parameters()).device
        self.peak = card_of(torch.cuda.get_device_name(0), 0).flops(2) if self.device.type == "cuda" else None
        self.found: list[Measured] = []
        self.until = time.monotonic() + options.seconds

    def measure(self, arm: str, way: Way) -> Measured:
        """Time an arm in one way; what fails says why and ends nothing."""
        told: dict[str, Any] = {"arm": arm, "way": str(way)}
        if time.monotonic() > self.until:
            found = Measured(**told, failed="left out: the time was up")
        else:
            found = self._tried(arm, way, told)
            # Behind the error, which holds what was under way in memory.
            self._forget()
        self.found.append(found)
        say(row_of(found))
        self.options.keep(self.found)
        return found

    @cached_property
    def reference(self) -> Learnt:
        """What every arm must learn."""
        found = reference_of(self.model, self.arms[REFERENCE])
        self._forget()
        return found

    def _tried(self, arm: str, way: Way, told: dict[str, Any]) -> Measured:
        try:
            return self._timed(arm, way, told)
        except Exception as error:  # out of memory, a kernel that is not there: any arm may fail, and says so
            return Measured(**told, failed=" ".join(str(error).split())[:150] or type(error).__name__)

    def _timed(self, arm: str, way: Way, told: dict[str, Any]) -> Measured:
        batches = self.arms[arm]
        reference = self.reference
        back = switched(self.model, way)
        try:
            # Compiles, and fills torch's pool; gradients were zero before it.
            found = learnt(self.model, *self._backward(batches, way))
            far, wrong = apart(found, reference)
            peak = Meter(self.device).peak(lambda: self._backward(batches, way))
            seconds = median(self._seconds(lambda: self._backward(batches, way)) for _ in range(self.options.repeats))
        finally:
            back()
        samples = sum(batch.num_samples for batch in batches)
        flops = useful_flops(self.shapes, batches)
        return Measured(
            **told, seconds=seconds, samples_per_s=samples / seconds,
            tokens_per_s=sum(batch.num_tokens for batch in batches) / seconds,
            mfu=flops / seconds / self.peak if self.peak else None, peak_gib=peak / 2**30, loss=found.mean,
            apart=far, wrong=wrong,
        )  # fmt: skip

    def _backward(self, batches: Sequence[Batch], way: Way) -> tuple[Tensor, int]:
        """Gradients of the sum of all losses; returns the sum, and the number of supervised tokens."""
        return learn(self.model, batches, lambda batch: losses(self.model, batch, way))

    def _seconds(self, work: Callable[[], Any]) -> float:
        if self.device.type != "cuda":
            start = time.perf_counter()
            work()
            return time.perf_counter() - start
        start_event, end_event = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        synchronise(self.device)
        start_event.record()
        work()
        end_event.record()
        synchronise(self.device)
        return start_event.elapsed_time(end_event) / 1000

    def _forget(self) -> None:
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad.zero_()  # they stay where they are, as in a training
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


Tries = list[tuple[Way, Measured]]


def search(bench: Bench, attention: Sequence[str], switches: Sequence[str]) -> dict[str, Measured]:
    """The fastest way of every arm: every attention, each switch beside the best of them, all that helped together.

    Arm beside arm, and what compiles for long comes last: where the time is up, every arm has lost the same.
    """
    tried: dict[str, Tries] = {arm: [] for arm in ARMS}
    for name in sorted(attention, key=lambda name: name == "flex"):
        for arm in ARMS:
            way = Way(attention=name)
            tried[arm].append((way, bench.measure(arm, way)))
    best = {arm: found for arm, tries in tried.items() if (found := fastest(tries))}
    beside: dict[str, Tries] = {arm: [] for arm in best}
    for switch in sorted(switches, key=lambda switch: switch == "compile"):
        for arm, (plain, _) in best.items():
            way = Way(attention=plain.attention, switches=frozenset((switch,)))
            beside[arm].append((way, bench.measure(arm, way)))
    for arm, tries in beside.items():
        together = helping(best[arm], tries)
        if len(together) > 1:
            way = Way(attention=best[arm][0].attention, switches=together)
            tries.append((way, bench.measure(arm, way)))
    return {arm: found[1] for arm, tries in beside.items() if (found := fastest([best[arm], *tries]))}


def fastest(tries: Tries) -> tuple[Way, Measured] | None:
    """Of those that ran and were right."""
    ran = [one for one in tries if one[1].seconds is not None and not one[1].wrong]
    return min(ran, key=lambda one: one[1].seconds or 0.0) if ran else None


def helping(plain: tuple[Way, Measured], tries: Tries) -> frozenset[str]:
    """The switches that make it faster; of two ways to compute the head, which exclude each other, the better one."""
    limit = plain[1].seconds or 0.0
    helped = [one for one in tries if (found := fastest([one])) and (found[1].seconds or 0.0) < limit]
    head = fastest([one for one in helped if one[0].switches <= HEADS])
    kept = [one for one in helped if not one[0].switches <= HEADS] + ([head] if head else [])
    return frozenset(name for way, _ in kept for name in way.switches)


def row_of(found: Measured) -> str:
    """A line of the table."""
    if found.failed:
        return f"| {found.arm} | {found.way} | {found.failed} | | | | | | |"
    held = f"wrong: {found.wrong}" if found.wrong else f"{found.apart['gradients']:.1e}" if found.apart else "-"
    mfu = f"{found.mfu:.1%}" if found.mfu is not None else "-"
    return (
        f"| {found.arm} | {found.way} | {found.seconds:.3f} | {found.samples_per_s:.2f} | {found.tokens_per_s:,.0f} | "
        f"{mfu} | {found.peak_gib:.1f} | {found.loss:.3f} | {held} |"
    )


def print_plans(found: Sequence[Plan], card: str, peak: float | None) -> None:
    """Before anything is measured."""
    rate = f"{peak / 1e12:.0f} TFLOP/s, dense bfloat16" if peak else "no peak is known"
    say(f"\nforetold for {card} ({rate}), before measuring\n")
    say("| arm | attention | samples | tokens | TFLOP | MFU assumed | s | samples/s | peak GiB |")
    say("|---|---|---|---|---|---|---|---|---|")
    for one in found:
        seconds = f"{one.seconds:.3f} | {one.samples_per_s:.2f}" if one.seconds else "- | -"
        say(f"| {one.arm} | {one.attention} | {one.samples} | {one.tokens:,} | {one.flops / 1e12:,.1f} | "
            f"{one.mfu:.0%} | {seconds} | {one.peak_gib:.1f} |")  # fmt: skip
    say(f"\n{FORMULA}")


def arms_of(shapes: Shapes, image_token: int, device: torch.device, *, tiny: bool) -> dict[str, list[Batch]]:
    """The same samples in every arm."""
    scale = 20 if tiny else 1
    prefix = shapes.image_tokens + 35 // scale + 1
    lengths = [max(4, length // scale) for length in SAMPLES]
    # On the CPU, so that a plan needs no GPU.
    ours = random_batch(shapes, rows=PICTURES, branches=lengths, prefix=prefix, image_token=image_token)
    found = {arm: arm_of(arm, ours, micro_batches=MICRO[arm]) for arm in ARMS}
    return {arm: [batch.to(device) for batch in batches] for arm, batches in found.items()}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The prediction, and behind it what was measured."""
    device = torch.device("cpu" if options.tiny or options.plan else "cuda")
    config = tiny_config(SIZES["small"]) if options.tiny else llava_7b()
    shapes = shapes_of(config.to_dict(), where="7B")
    card = torch.cuda.get_device_name(0) if device.type == "cuda" else "a CPU" if options.tiny else options.card
    peak = card_of(card, 0).flops(2)
    foretold = plans(shapes, arms_of(shapes, config.image_token_index, torch.device("cpu"), tiny=options.tiny), peak)
    told: dict[str, Any] = {
        "card": card, "torch": torch.__version__, "formula": FORMULA, "parameters": shapes.total,
        "layers": shapes.text.layers, "peak_flops": peak, "recompute_counted": False,
        "reference": f"{REFERENCE}, dense", "bounds": BOUNDS,
        "states": "bfloat16 weights and gradients, no optimizer states", "foretold": [asdict(one) for one in foretold],
    }  # fmt: skip
    say(f"LLaVA of {shapes.total / 1e9:.2f}e9 parameters, {shapes.text.layers} layers, bfloat16 weights and gradients, "
        f"no optimizer states, layers computed again but where activations are kept; {card}, "
        f"torch {torch.__version__}")  # fmt: skip
    print_plans(foretold, card, peak)
    write(told)
    if options.plan:
        return told
    options.keep = lambda found: write(told | {"measured": [asdict(one) for one in found]})
    bench = Bench(build(config, device), shapes, arms_of(shapes, config.image_token_index, device, tiny=options.tiny),
                  options)  # fmt: skip
    say("\n| arm | way | s | samples/s | tokens/s | MFU | peak GiB | mean loss | gradients from the reference's |")
    say("|---|---|---|---|---|---|---|---|---|")
    best = search(bench, options.attention, options.switches)
    told |= {"measured": [asdict(one) for one in bench.found], "best": {arm: asdict(one) for arm, one in best.items()}}
    compared(told, bench.found, best)
    return told


def compared(told: dict[str, Any], measured: Sequence[Measured], best: dict[str, Measured]) -> None:
    """The arms beside one another and beside the aims; what is wrong takes no part."""
    for other, wanted in (("ordinary", 1.8), ("one a row", None)):
        if {"ours", other} <= best.keys():
            ratio = (best["ours"].samples_per_s or 0.0) / (best[other].samples_per_s or 1.0)
            told[f"times {other}"] = ratio
            say(f"ours is {ratio:.2f} times as fast as {other}" + (f" (aim: {wanted})" if wanted else ""))
        else:
            say(f"no ratio of ours to {other}: one of them has no way that ran and was right")
    means = [one.loss for one in measured if one.loss is not None and not one.wrong]
    if means:
        told["largest difference of mean loss"] = max(means) - min(means)
        say(f"mean losses of all arms and ways differ by at most {max(means) - min(means):.2g} nats a token")
    if best and (mfu := best["ours"].mfu if "ours" in best else None) is not None:
        say(f"MFU of ours: {mfu:.1%} (aim: 45%)")


def write(told: dict[str, Any]) -> None:
    """Keep what is known so far in $OUT."""
    if out := os.environ.get("OUT"):
        (Path(out) / "gpu_train.json").write_text(json.dumps(told, indent=2), encoding="utf-8")


def main() -> None:
    """Foretell, measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attention", nargs="+", choices=list(attentions()), default=list(attentions()))
    parser.add_argument("--switches", nargs="*", choices=SWITCHES, default=list(SWITCHES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=330, help="after which nothing new is begun")
    parser.add_argument(
        "--card", choices=["A100", "H100", "H200"], default="H200", help="of the prediction without a GPU"
    )
    parser.add_argument("--plan", action="store_true", help="the prediction alone")
    parser.add_argument("--tiny", action="store_true", help="a tiny model on the CPU")
    options = parser.parse_args()
    if not options.tiny and not options.plan and not torch.cuda.is_available():
        sys.exit("error: no GPU here; run it on a machine with one, give --plan for the prediction or --tiny to try it")
    start = time.monotonic()
    told = run(options)
    told["seconds"] = round(time.monotonic() - start, 1)
    write(told)
    say(f"\n{told['seconds']:.0f} s")


if __name__ == "__main__":
    main()
