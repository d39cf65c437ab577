"""Does it pay to read a picture once where it comes again? What a training saves by it, and what the probe does.

    python -m benchmarks.features                # counts, a training, then the probe, in turn with and without
    python -m benchmarks.features --plan         # the counts alone
    python -m benchmarks.features --training     # counts and training

Counted: the frozen vision encoder's share of the operations of a step, of the tiny model and the papers' 7B, the disk
that features of the papers' pictures take, and what is taken again where memory holds a part of the pictures. Measured,
on one thread, in processor seconds: three epochs of training steps of the tiny model, step by step in turn with
`model.keep_features_gib` and without; and the probe's two passes with pictures, with keys and values of pictures kept
(`answerers/checkpoint/kept.py`) and without.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.gpu import COMPLEX, CONV, DETAIL
from benchmarks.probe_trie import probed
from llavapose.bars import tame_bars
from llavapose.cli.training import prepare
from llavapose.config.choices import Packing
from llavapose.config.compose import settings
from llavapose.config.schema import ProbeConfig, TrainConfig
from llavapose.config.start import conf_folder
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.kept import MOST_BYTES, KeptReads
from llavapose.evaluation.answerers.protocol import Likelihoods
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.evaluation.probe.pictures import SHUFFLED, TRUE, shown_in
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import Batch
from llavapose.model.features import keep_features
from llavapose.model.losses import token_losses
from llavapose.model.parts import freeze_vision
from llavapose.model.pretrained import load_model
from llavapose.training.fit import build_data
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.cost import work_of
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes, read_shapes

PICTURES = 45_174
"""Of the papers' set."""
LENGTHS = {"tiny": (18, 18, 90, 50), "7B": (CONV, CONV, DETAIL, COMPLEX)}
"""Tokens of a picture's samples behind it: of the built-in world, about; of the papers' (`benchmarks.gpu`)."""


def vision_share(shapes: Shapes, lengths: tuple[int, ...], *, shared: bool, checkpointing: bool) -> float:
    """The vision encoder's share of the operations of a step: pictures shared by their samples, or one a sample."""
    prefix = shapes.image_tokens + 36
    answered = sum(lengths) * 2 // 3
    rows = (
        [Rows(rows=1, width=prefix + sum(lengths), targets=answered, pictures=1)]
        if shared
        else [Rows(rows=1, width=prefix + length, targets=length * 2 // 3, pictures=1) for length in lengths]
    )
    setup = Setup(checkpointing=checkpointing)
    whole = sum(work_of(shapes, setup, one).hardware for one in rows)
    blind = sum(
        work_of(shapes, setup, Rows(rows=1, width=one.width, targets=one.targets, pictures=0)).hardware for one in rows
    )
    connector = 6.0 * shapes.image_tokens * shapes.connector * len(rows)
    return (whole - blind - connector) / whole


def counts() -> Iterator[str]:
    """The table of what is counted."""
    yield "| model | recipe | vision encoder, of a step's operations |"
    yield "|---|---|---|"
    tiny, large = read_shapes("tiny"), read_shapes("llava-hf/llava-1.5-7b-hf")
    for name, shapes in (("tiny", tiny), ("7B", large)):
        for recipe, shared in (("a picture's samples share it", True), ("a picture a sample", False)):
            share = vision_share(shapes, LENGTHS[name], shared=shared, checkpointing=name == "7B")
            yield f"| {name} | {recipe} | {share:.1%} |"
    size = PICTURES * large.image_tokens * large.vision.hidden * 2
    yield f"features of the papers' {PICTURES:,} pictures in bfloat16: {size / 1e9:.0f} GB"


class Arm:
    """A tiny model that is trained, and the processor's seconds of each of its steps."""

    def __init__(self, base: str, *, gib: float) -> None:
        self.model = load_model(base).train()
        freeze_vision(self.model)
        self.kept = keep_features(self.model, gib) if gib else None
        self.optimizer = torch.optim.AdamW([one for one in self.model.parameters() if one.requires_grad], lr=2e-5)
        self.seconds: list[float] = []

    def step(self, batch: Batch) -> Tensor:
        """Losses of one step."""
        start = time.process_time()
        losses = token_losses(self.model, batch, packed_mask(batch.segments))
        losses.mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.seconds.append(time.process_time() - start)
        return losses.detach()


def trained(config: TrainConfig, samples: Path, images: Path, packing: Packing) -> str:
    """Three epochs of the same steps, each step in turn with kept features and without, behind one that warms up."""
    config = replace(config, data=replace(config.data, packing=packing))
    data = build_data(config, samples=samples, images=images, accumulate=1)
    data.setup("fit")
    batches = list(data.train_dataloader())
    plain, kept = Arm(config.model.base, gib=0), Arm(config.model.base, gib=1)
    Arm(config.model.base, gib=0).step(batches[0])
    apart, num = 0.0, len(batches)
    for number, batch in enumerate(3 * batches):
        one, other = [arm.step(batch) for arm in ((plain, kept) if number % 2 else (kept, plain))]
        apart = max(apart, float((one - other).abs().max()))
    first, later = (sum(plain.seconds[part]) / sum(kept.seconds[part]) for part in (slice(num), slice(num, None)))
    assert kept.kept is not None
    size, total = kept.kept.num_bytes / kept.kept.num_pictures / 1024, (sum(plain.seconds), sum(kept.seconds))
    return (
        f"packing={packing}, 3 epochs of {num} steps: read anew {total[0]:.1f} s, kept {total[1]:.1f} s, "
        f"ratio {total[0] / total[1]:.3f} (first epoch {first:.3f}, later {later:.3f}), "
        f"losses differ by {apart:.0e} at the most; {kept.kept.said()}, {size:.0f} KiB each"
    )


def trainings(root: Path) -> Iterator[str]:
    """What is measured of trainings, a line each."""
    words = [
        "scenes.num_train=100",
        "scenes.num_val=4",
        f"scenes.root={root / 'features'}",
        "data.num_val=0",
        "data.num_samples=96",
    ]
    config = settings("train", conf_folder(), [*words, f"data_dir={root / 'features_samples'}", "evaluate=false"])
    made, images = prepare(config)
    for packing in (Packing.pictures, Packing.none):
        yield trained(config, made.samples, images, packing)


def passes(answerer: CheckpointAnswerer, items: tuple[ProbeItem, ...], images: Path) -> list[Likelihoods]:
    """Every item with its own picture, then with another's."""
    return [
        one
        for which in (TRUE, SHUFFLED)
        for one in answerer.likelihoods(items, images, shown_in(which, items, ProbeConfig().seed))
    ]


def main() -> None:
    """Print the counts, seconds, ratio and whether all values are equal; exit non-zero where one is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default="tiny", help="an `hf` folder, or `tiny`")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--plan", action="store_true", help="the counts alone")
    parser.add_argument("--training", action="store_true", help="counts and training, without the probe")
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="of the drawn pictures")
    given = parser.parse_args()
    print("\n".join(counts()), flush=True)
    if given.plan:
        return
    tame_bars()
    torch.set_num_threads(1)
    for line in trainings(given.root):
        print(line, flush=True)
    if given.training:
        return
    answerer, scenes, items = probed(given.checkpoint, given.root, given.items)
    found, seconds, held = {}, {"anew": float("inf"), "kept": float("inf")}, 0
    for _ in range(given.rounds):
        for name in seconds:
            answerer._reads = reads = KeptReads(MOST_BYTES if name == "kept" else 0)
            start = time.process_time()
            found[name] = passes(answerer, items, scenes.images)
            spent = time.process_time() - start
            seconds[name], held = min(seconds[name], spent), max(held, reads.num_bytes)
            print(f"{name}: {spent:.1f} s", flush=True)
    num = len({item.scene_id for item in items})
    print(f"{len(items)} items, {num} pictures, shown twice: read anew {seconds['anew']:.1f} s, kept "
          f"{seconds['kept']:.1f} s, ratio {seconds['anew'] / seconds['kept']:.2f}, {held / 2**20:.0f} MiB held, "
          f"values {'equal' if found['anew'] == found['kept'] else 'NOT equal'}")  # fmt: skip
    if found["anew"] != found["kept"]:
        raise SystemExit("error: a picture that was kept is weighed otherwise than one that is read")


if __name__ == "__main__":
    main()
