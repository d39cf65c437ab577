"""How much work packing saves at equal loss: all samples of a picture behind one copy of it, against the usual ways.

    python -m benchmarks.packing                  # our own arms, under a minute on one thread
    python -m benchmarks.packing --sorted         # also times no packing with every step sorted by length
    python -m benchmarks.packing --peer trl       # beside TRL's SFTTrainer, which must be installed
    python -m benchmarks.packing --base qwen3_vl  # another family beside ordinary packing; all: every known family

The papers' set by its published counts and lengths, 576 tokens a picture, 32 samples a step. Tokens, padding and
operations are exact: of the whole epoch, for LLaVA-1.5-7B, and of the steps that are run. Those are run by a LLaVA of
random weights, forwards and backwards on one thread, arm after arm on the same samples; seconds are the processor's and
not the clock's. Every arm has the attention that suits its rows: none computes a dense mask over packed rows.

``none`` is ``paper_7b``: a row a sample, grouped by length as LLaVA does it. Sorting every step by length before it is
cut is this project's own way without packing, and no other trainer's; it pads less.

``--base`` prints one line a family (``packing_bases.py`` says what of), under two minutes each, and has no aim.

Exits 2 where an arm's summed loss, or that of a sample, is not that of ``pictures`` to 1e-4 of it, 1 where ``pictures``
is less than 1.8 times as fast as ``samples`` or 2.5 times as fast as ``none``.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlavaForConditionalGeneration

from benchmarks.packing_arms import (
    PAPERS,
    SMALL,
    Arm,
    Size,
    arms_of,
    batches_of,
    losses_of,
    plan_of,
    shapes_of_tiny,
    spans_of,
    tiny,
)
from benchmarks.packing_load import WHOLE, Load, Run, counted, flops, load_of, load_of_plan, parts
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import published_lengths
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.rules import Rows
from llavapose.model.batch import Batch
from llavapose.model.losses import sample_losses, token_losses
from llavapose.training.forecast.shapes import Shapes, read_shapes

AIMS = {"samples": 1.8, "none": 2.5}
"""How many times as fast ``pictures`` is to be."""
SMALL_AIMS: dict[str, float] = {}
"""With ``--small``: the picture is too small a part of a row."""
EQUAL = 1e-4
"""Share of a summed loss that summing in another order may move."""
COUNTED = 0.01
"""Share by which the formula's operations may differ from those that torch counts: it leaves patches and norms out."""
CANDIDATES = 200
"""Steps, at even distances, of which those are run whose arms' tokens together stand to each other as the epoch's do.

One step does not: half of the pictures have five conversations, and the other half none.
"""


def runner(model: LlavaForConditionalGeneration, batches: Sequence[Batch], *, ours: bool = False) -> Run:
    """An arm's step over batches that lie ready; ours has the attention that training has."""
    blocks = [spans_of(batch.segments) for batch in batches]

    def run() -> dict[int, float]:
        told: dict[int, float] = {}
        for batch, spans in zip(batches, blocks, strict=True):
            losses = (
                token_losses(model, batch, BRANCHES.see(Rows(segments=batch.segments)))
                if ours
                else losses_of(model, batch, spans)
            )
            (losses.sum() / batch.step_weight).backward()
            told |= {index: loss for index, (loss, _) in sample_losses(losses.detach(), batch).items()}
        model.zero_grad()
        return told

    return run


def chosen_steps(lengths: Lengths, arms: Sequence[Arm], epoch: dict[str, Load], number: int) -> list[NDArray[np.int32]]:
    """The samples of full steps over which the arms' tokens stand to the first's as they do over the epoch."""
    size = arms[0].settings.global_batch
    plan = plan_epoch(lengths, arms[0].settings)
    full = len(plan.samples) // size
    starts = [int((step + 0.5) * full / CANDIDATES) * size for step in range(CANDIDATES)]
    steps = [plan.samples[start : start + size] for start in starts]
    tokens = np.array(
        [[load_of_plan(plan_of(lengths, arm, step), lengths, arm).tokens for arm in arms] for step in steps]
    )
    wanted = np.array([epoch[arm.name].tokens for arm in arms]) / full

    def nearest(so_far: NDArray[np.int64], taken: list[int]) -> int:
        sums = (so_far + tokens) / (wanted * (len(taken) + 1))
        sums[taken] = np.inf
        return int(np.abs(sums - 1).max(axis=1).argmin())

    best: tuple[float, list[int]] = (np.inf, [])
    for first in range(CANDIDATES):
        taken = [first]
        while len(taken) < number:
            taken.append(nearest(tokens[taken].sum(axis=0), taken))
        off = float(np.abs(tokens[taken].sum(axis=0) / (wanted * number) - 1).max())
        best = min(best, (off, taken))
    return [steps[place] for place in best[1]]


def timed(run: Run) -> tuple[dict[int, float], float]:
    """The summed losses and the processor's seconds."""
    start = time.process_time()
    return run(), time.process_time() - start


def show_epoch(epoch: dict[str, Load], seven: Shapes, tiny_shapes: Shapes) -> None:
    """Exact numbers of the whole epoch, and what the parts of the model take of the work."""
    print(f"{'the epoch':<22} M tokens padding pictures  7B EFLOP  times")
    ours = flops(seven, epoch["pictures"])
    for name, load in epoch.items():
        work = flops(seven, load)
        print(f"{name:<22} {load.tokens / 1e6:>8.1f} {load.padding / load.tokens:>7.1%} {load.pictures:>8,} "
              f"{work / 1e18:>9.2f} {work / ours:>6.2f}")  # fmt: skip
    for name, shapes in (("7B", seven), ("here", tiny_shapes)):
        shares = ", ".join(f"{part} {share:.1%}" for part, share in parts(shapes, epoch["samples"]).items())
        print(f"work of samples, {name}: {shares}")


def main(words: Sequence[str] | None = None) -> int:
    """Print the tables; 2 where losses differ, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="of 32 samples (3)")
    parser.add_argument("--repeats", type=int, default=1, help="how often every arm runs them; medians are told (1)")
    parser.add_argument("--sorted", action="store_true", help="time no packing with sorted steps as well")
    parser.add_argument("--peer", choices=["trl"], help="another trainer beside ours")
    parser.add_argument("--small", action="store_true", help="16 tokens a picture, to try the command: no aims")
    parser.add_argument("--base", help="a model_type, or all: by family, ours beside ordinary packing alone")
    given = parser.parse_args(words)
    if given.steps < 1 or given.repeats < 1:
        parser.error(f"--steps {given.steps} and --repeats {given.repeats}; expected at least 1 of each")
    if given.base is not None:
        return by_family(parser, given)
    torch.set_num_threads(1)
    size = SMALL if given.small else PAPERS
    lengths, _ = published_lengths()
    arms = arms_of(size)
    epoch = {arm.name: load_of_plan(plan_epoch(lengths, arm.settings), lengths, arm) for arm in arms}
    model = tiny(size)
    shapes = shapes_of_tiny(model)
    show_epoch(epoch, read_shapes("llava-hf/llava-1.5-7b-hf"), shapes)
    steps = chosen_steps(lengths, arms[:3], epoch, given.steps)
    peer = trl_arm(size, lengths) if given.peer else None
    return measure(model, shapes, lengths, arms if given.sorted else arms[:3], steps, size, peer, given.repeats)


def by_family(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    """``--base``: the table of ``packing_bases.py``."""
    from benchmarks.bases_made_up import MADE_UP
    from benchmarks.packing_bases import show as show_bases

    if given.peer or given.sorted or given.repeats != 1:
        parser.error("--base runs two arms once: leave --peer, --sorted and --repeats out")
    if given.base != "all" and given.base not in MADE_UP:
        parser.error(
            f"--base {given.base}: expected all or one of {', '.join(MADE_UP)}; others are not known, or "
            "cannot be packed (data.packing=none trains them)"
        )
    return show_bases(list(MADE_UP) if given.base == "all" else [given.base], small=given.small, steps=given.steps)


def trl_arm(size: Size, lengths: Lengths) -> Callable[[NDArray[np.int32]], tuple[Load, Run]]:
    """TRL's trainer as an arm, or the program's end with what to install."""
    try:
        from benchmarks.packing_trl import trl_runner
    except ImportError as error:
        sys.exit(
            f"--peer trl: {error.name} is not installed; pip install trl==1.16.0, in an environment of its own "
            "if it must not change this one's packages"
        )
    return lambda samples: trl_runner(size, lengths, samples)


def measure(
    model: LlavaForConditionalGeneration,
    shapes: Shapes,
    lengths: Lengths,
    arms: Sequence[Arm],
    steps: Sequence[NDArray[np.int32]],
    size: Size,
    peer: Callable[[NDArray[np.int32]], tuple[Load, Run]] | None,
    repeats: int = 1,
) -> int:
    """Run every step by every arm in turn, and print what came of it."""
    loads: dict[str, list[Load]] = {}
    seconds: dict[str, NDArray[np.float64]] = {}
    for number, samples in enumerate(steps):
        runs: dict[str, Run] = {}
        for arm in arms:
            batches = batches_of(plan_of(lengths, arm, samples), lengths, size)
            loads.setdefault(arm.name, []).append(load_of(batches, ours=arm.name == "pictures"))
            runs[arm.name] = runner(model, batches, ours=arm.name == "pictures")
            if number == 0:
                check_count(arm.name, shapes, batches[-1:], runner(model, batches[-1:], ours=arm.name == "pictures"))
        if peer is not None:
            load, runs["TRL"] = peer(samples)
            loads.setdefault("TRL", []).append(load)
        losses: dict[str, dict[int, float]] = {}
        names = list(runs)
        for repeat in range(repeats):
            # Another one begins each time: what a machine does beside this is nobody's alone.
            turn = (number + repeat) % len(names)
            for name in names[turn:] + names[:turn]:
                losses[name], spent = timed(runs[name])
                seconds.setdefault(name, np.zeros(repeats))[repeat] += spent
        if fault := unequal(losses):
            print(fault)
            return 2
    return show(shapes, loads, seconds, aims=SMALL_AIMS if size is SMALL else AIMS)


def unequal(losses: dict[str, dict[int, float]]) -> str | None:
    """What is wrong with the arms' losses, in a line: their sums, or sample by sample where an arm tells them."""
    ours = losses["pictures"]
    whole = sum(ours.values())
    for name, told in losses.items():
        if not abs(sum(told.values()) / whole - 1) <= EQUAL:
            return f"{name}: summed loss {sum(told.values()):.4f}, and {whole:.4f} of pictures: other samples, or wrong"
        if WHOLE in told:
            continue
        for index, loss in ours.items():
            if not abs(told.get(index, 0.0) / loss - 1) <= EQUAL:
                return f"{name}: sample {index} has the loss {told.get(index, 0.0):.4f}, and {loss:.4f} in pictures"
    return None


def check_count(name: str, shapes: Shapes, batches: Sequence[Batch], run: Run) -> None:
    """Hold the formula to what torch counts, which also warms the arm up; the program's end where they differ."""
    found, told = counted(run), flops(shapes, load_of(batches, ours=name == "pictures"))
    if abs(told / found - 1) > COUNTED and shapes.image_tokens > SMALL.image_tokens:
        sys.exit(f"{name}: {told:.4g} operations by the formula, {found:.4g} counted; the table would be wrong")


def show(
    shapes: Shapes, loads: dict[str, list[Load]], seconds: dict[str, NDArray[np.float64]], *, aims: dict[str, float]
) -> int:
    """The table of what was run; 1 where an aim is missed."""
    ours = loads["pictures"]
    print(f"\n{'steps run':<22}   tokens padding  TFLOP  times  CPU s  times (least, most)")
    missed = []
    for name, arm in loads.items():
        work = [flops(shapes, load) for load in arm]
        ratios = (seconds[name] / seconds["pictures"]).tolist()
        tokens = sum(load.tokens for load in arm)
        print(
            f"{name:<22} {tokens:>8,} {sum(load.padding for load in arm) / tokens:>7.1%} {sum(work) / 1e12:>6.2f} "
            f"{sum(work) / sum(flops(shapes, load) for load in ours):>6.2f} {median(seconds[name].tolist()):>6.1f} "
            f"{median(ratios):>6.2f} ({min(ratios):.2f}, {max(ratios):.2f})"
        )
        if median(ratios) < aims.get(name, 0):
            missed.append(f"{median(ratios):.2f} times as fast as {name}, and {aims[name]} was the aim")
    told = "every arm's summed loss and each sample's are those of pictures"
    print(f"{told} to {EQUAL:g} of them, over {len(ours)} steps of 32 samples")
    if aims:
        print("; ".join(missed) or "every aim is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
