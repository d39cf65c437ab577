"""How much faster the probe is when each beginning that statements share is read once, and whether it says the same.

    python -m benchmarks.probe_trie CHECKPOINT                 # 1,000 items of the built-in world, as in `make demo`
    python -m benchmarks.probe_trie CHECKPOINT --items 200 --rounds 1

Before: the statements about a picture in rows side by side behind its keys and values, each from its question's first
word on. After: the same statements as a trie (``answerers/checkpoint/trie.py``). In turn, on one thread; seconds are
the processor's and not the clock's, and with reading the pictures.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from llavapose.bars import tame_bars
from llavapose.config.schema import ProbeConfig
from llavapose.evaluation.answerers.checkpoint.answerer import STATEMENTS, CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import Prompt, log_likelihoods
from llavapose.evaluation.answerers.checkpoint.trie import trie_log_likelihoods, trie_of
from llavapose.evaluation.probe.items import ProbeItem, build_probe
from llavapose.records import Question
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

WORLD = WorldSettings(num_train=1, num_val=300, seed=5417)
"""Pictures that nothing is trained on."""
Asked = tuple[list[Prompt], list[tuple[int, ...]]]


def asked_by_picture(answerer: CheckpointAnswerer, items: tuple[ProbeItem, ...], images: Path) -> Iterator[Asked]:
    """The prompts and statements of each picture's items, as the probe weighs them."""
    scenes: dict[int, list[ProbeItem]] = {}
    for item in items:
        scenes.setdefault(item.scene_id, []).append(item)
    reader = answerer.loaded.reader
    for group in scenes.values():
        pairs = [
            (Question(id=item.id, scene_id=item.scene_id, image=item.image, kind="conv", text=question), text)
            for item in group
            for question in item.questions
            for text in (item.true, item.flipped)
        ]
        prompts = list(reader.prompts([question for question, _ in pairs], images))
        yield prompts, [reader.statement(question, text) for question, text in pairs]


def tokens_of(asked: Asked) -> tuple[int, int]:
    """Tokens behind the picture, in rows and in the trie."""
    whole = [(*prompt.ids, *said[:-1]) for prompt, said in zip(*asked, strict=True)]
    return sum(map(len, whole)), len(trie_of(whole).tokens)


def weigh(answerer: CheckpointAnswerer, groups: list[Asked], way: Callable[..., list[float]]) -> list[float]:
    """All values of one way, picture by picture."""
    return [one for group in groups for one in way(answerer.model, *group, batch_size=STATEMENTS)]


def probed(checkpoint: str, root: Path, number: int) -> tuple[CheckpointAnswerer, SceneSet, tuple[ProbeItem, ...]]:
    """A checkpoint, loaded before anything is timed, drawn pictures, and the probe's items about them."""
    scenes, config = read_world(ensure_world(root, WORLD), "val"), ProbeConfig()
    items = build_probe(scenes.scenes, config.seed, num_items=number, max_items_per_fact=config.max_items_per_fact)
    answerer = CheckpointAnswerer(checkpoint, device="cpu")
    answerer.model.float()
    return answerer, scenes, items


def main() -> None:
    """Print seconds, ratio, tokens and the largest difference; exit non-zero where the two differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default="tiny", help="an `hf` folder, or `tiny`")
    parser.add_argument("--items", type=int, default=1000, help="four statements each")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="of the drawn pictures")
    given = parser.parse_args()
    tame_bars()
    torch.set_num_threads(1)
    answerer, scenes, items = probed(given.checkpoint, given.root, given.items)
    groups = list(asked_by_picture(answerer, items, scenes.images))
    counted = np.array([tokens_of(group) for group in groups]).sum(axis=0)
    ways: dict[str, Callable[..., list[float]]] = {"rows": log_likelihoods, "trie": trie_log_likelihoods}
    values, seconds = {}, {name: float("inf") for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            start = time.process_time()
            values[name] = weigh(answerer, groups, way)
            spent = time.process_time() - start
            seconds[name] = min(seconds[name], spent)
            print(f"{name}: {spent:.1f} s", flush=True)
    apart = float(np.abs(np.subtract(values["rows"], values["trie"])).max())
    print(f"{len(items)} items, {len(groups)} pictures, {len(values['rows'])} statements: "
          f"tokens behind pictures {counted[0]:,} -> {counted[1]:,}, rows {seconds['rows']:.1f} s, "
          f"trie {seconds['trie']:.1f} s, ratio {seconds['rows'] / seconds['trie']:.2f}, "
          f"largest difference {apart:.1e} nats a token")  # fmt: skip
    if not apart <= 1e-5:
        raise SystemExit("error: trie and rows differ by more than rounding")


if __name__ == "__main__":
    main()
