"""What one copy of a clip for all its questions saves, by the number of frames: tokens, operations, seconds.

    python -m benchmarks.packing_frames            # 1, 4, 8 and 16 frames, a few minutes on one thread
    python -m benchmarks.packing_frames --small    # 16 tokens a frame, to try the command

Made-up clips with five samples each, as long as samples of the papers' set; 144 tokens a frame, LLaVA-1.5's 576
averaged 2 x 2, and 8 of its time as text. ``shared`` is ``data.packing=pictures``: the frames once, all samples of the
clip behind them; ``copies`` is ``data.packing=samples``, ordinary packing: a copy of the frames for each. Tokens are
exact, of 1,000 clips; operations are LLaVA-1.5-7B's by the forecast's formula, its encoder reading every frame of
every copy. Seconds are the processor's, of one step of 6 clips by a narrow LLaVA of random weights, forwards and
backwards, in both arms with the attention that suits its rows; its encoder reads frames of 144 patches, less of
the work than the 7B's.

Exits 2 where a sample's loss differs between the arms by more than 1e-4 of it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.packing import runner, timed, unequal
from benchmarks.packing_arms import IMAGE_ID, LEAD, SMALL, VOCAB, Arm, MadeUp, Size, pixels_of, plan_of, tiny
from benchmarks.packing_load import Load, flops, load_of_plan
from llavapose.config.choices import Packing, Sampler
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import EpochPlan, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.published import published_lengths
from llavapose.data.reading.shown import Shown
from llavapose.model.batch import Batch
from llavapose.training.forecast.frames import TIME_TOKENS
from llavapose.training.forecast.shapes import read_shapes

FRAMES = (1, 4, 8, 16)
QUESTIONS = 5
CLIPS, CLIPS_A_STEP = 1000, 6
ROW_TOKENS, POSITIONS = 8192, 4096
"""Of a row, in which positions begin anew with every group; and Vicuna's, more than any sample with its clip takes."""
POOLED = Size(image_size=168)
"""144 tokens a frame."""


def prefix_tokens(frames: int, size: Size) -> int:
    """Tokens in front of a clip's samples."""
    return LEAD + frames * (size.image_tokens + TIME_TOKENS)


def lengths_of(frames: int, size: Size) -> Lengths:
    """Samples of clips, each as long as one of the papers' set, drawn."""
    whole, _ = published_lengths()
    rows = np.random.default_rng(0).choice(len(whole), CLIPS * QUESTIONS, replace=False)
    of_clip = np.repeat(np.arange(CLIPS, dtype=np.int32), QUESTIONS)
    found = replace(whole.of(rows), image=of_clip)
    # A few of the papers' are longer than positions leave room for: the same ones are cut for every number of frames.
    room = POSITIONS - prefix_tokens(FRAMES[-1], size)
    num_tokens = np.minimum(found.num_tokens, room)
    num_targets = np.maximum(1, found.num_targets - (found.num_tokens - num_tokens))
    return replace(
        found, num_tokens=num_tokens, num_targets=num_targets,
        prefix=np.full(len(rows), prefix_tokens(frames, size), dtype=np.int32),
        num_shown=np.full(len(rows), frames, dtype=np.int32),
    )  # fmt: skip


def arms() -> tuple[Arm, Arm]:
    """One copy of a clip's frames, and one a sample."""
    ours = PlanSettings(
        batch_size=QUESTIONS * CLIPS_A_STEP, num_ranks=1, seed=0, sampler=Sampler.balanced, row_tokens=ROW_TOKENS,
        text_prefix_tokens=LEAD,
    )  # fmt: skip
    return Arm(name="pictures", settings=ours), Arm(name="copies", settings=replace(ours, packing=Packing.samples))


def load_of_frames(plan: EpochPlan, lengths: Lengths, arm: Arm, frames: int) -> Load:
    """The load of a plan, every group read frame by frame."""
    found = load_of_plan(plan, lengths, arm)
    return replace(found, pictures=frames * found.pictures)


def batches_of_frames(plan: EpochPlan, lengths: Lengths, frames: int, size: Size) -> list[Batch]:
    """The micro-batches of a plan, as the data module packs clips: frames behind their times."""
    words = np.random.default_rng(0).integers(2, VOCAB, LEAD + frames * TIME_TOKENS).tolist()
    ids = words[:LEAD]
    for at in range(frames):
        ids += [*words[LEAD + at * TIME_TOKENS : LEAD + (at + 1) * TIME_TOKENS], *[IMAGE_ID] * size.image_tokens]

    def shown(clip: int) -> Shown:
        pixels = torch.stack([pixels_of(clip * FRAMES[-1] + at, size) for at in range(frames)])
        return Shown(ids=tuple(ids), inputs={"pixel_values": pixels}, next_position=len(ids))

    return [
        pack(
            micro.rows, MadeUp(lengths), [shown(int(lengths.image[group[0]])) for row in micro.rows for group in row],
            text_prefix=words[:LEAD], step_weight=micro.step_weight, blank=lambda: shown(0),
        )
        for micro in plan.micro_batches(0)
    ]  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 2 where losses differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="16 tokens a frame, to try the command")
    size = SMALL if parser.parse_args(words).small else POOLED
    torch.set_num_threads(1)
    model, seven = tiny(size), read_shapes("llava-hf/llava-1.5-7b-hf")
    print("| frames | tokens before a sample | M tokens, shared | M tokens, copies | times | without padding "
          "| frames read, times | 7B operations, times | CPU s, shared | CPU s, copies | times |")  # fmt: skip
    print("|---:" * 11 + "|")
    for frames in FRAMES:
        lengths = lengths_of(frames, size)
        loads = [load_of_frames(plan_epoch(lengths, arm.settings), lengths, arm, frames) for arm in arms()]
        ours, copies = loads
        step = plan_epoch(lengths, arms()[0].settings).samples[: arms()[0].settings.global_batch]
        told, seconds = {}, []
        for arm in arms():
            batches = batches_of_frames(plan_of(lengths, arm, step), lengths, frames, size)
            run = runner(model, batches, ours=arm.name == "pictures")
            if frames == FRAMES[0]:
                run()  # the first run of an arm also warms it up
            told[arm.name], spent = timed(run)
            seconds.append(spent)
        if fault := unequal(told):
            print(fault)
            return 2
        real = [load.tokens - load.padding for load in loads]
        work = flops(seven, copies) / flops(seven, ours)
        print(f"| {frames} | {prefix_tokens(frames, size):,} | {ours.tokens / 1e6:.2f} | {copies.tokens / 1e6:.2f} "
              f"| {copies.tokens / ours.tokens:.2f} | {real[1] / real[0]:.2f} | {copies.pictures / ours.pictures:.2f} "
              f"| {work:.2f} | {seconds[0]:.1f} | {seconds[1]:.1f} | {seconds[1] / seconds[0]:.2f} |")  # fmt: skip
    mean = lengths_of(1, size).num_tokens.mean()
    print(f"\n{CLIPS:,} clips of {QUESTIONS} samples, {mean:.0f} tokens each behind the frames; each sample's loss is "
          "the same in both arms to 0.0001 of it")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
