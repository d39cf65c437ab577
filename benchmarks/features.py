"""Does it pay to read a picture once where it comes again? What a training could save, and what the probe does.

    python -m benchmarks.features                # counts, then the probe in turn with and without kept pictures
    python -m benchmarks.features --plan         # the counts alone

Counted: the frozen vision encoder's share of the operations of a step, of the tiny model and of the papers' 7B, and the
disk that features of the papers' pictures take. Measured, on one thread, in processor seconds: the probe's two passes
with pictures, once with keys and values of pictures kept (`answerers/checkpoint/kept.py`) and once without.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.gpu import COMPLEX, CONV, DETAIL
from benchmarks.probe_trie import WORLD
from llavapose.bars import tame_bars
from llavapose.config.schema import ProbeConfig
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.kept import MOST_BYTES, KeptReads
from llavapose.evaluation.answerers.protocol import Likelihoods
from llavapose.evaluation.probe.items import ProbeItem, build_probe
from llavapose.evaluation.probe.pictures import SHUFFLED, TRUE, shown_in
from llavapose.scenes.world.world import ensure_world, read_world
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
    yield f"\nfeatures of the papers' {PICTURES:,} pictures in bfloat16: {size / 1e9:.0f} GB"


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
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="of the drawn pictures")
    given = parser.parse_args()
    print("\n".join(counts()), flush=True)
    if given.plan:
        return
    tame_bars()
    torch.set_num_threads(1)
    scenes, config = read_world(ensure_world(given.root, WORLD), "val"), ProbeConfig()
    items = build_probe(
        scenes.scenes, config.seed, num_items=given.items, max_items_per_fact=config.max_items_per_fact
    )  # fmt: skip
    answerer = CheckpointAnswerer(given.checkpoint, device="cpu")
    answerer.model.float()  # loaded before anything is timed
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
