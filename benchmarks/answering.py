"""How much faster a checkpoint answers when each picture is read once, and whether it says the same.

    python -m benchmarks.answering CHECKPOINT                # 90 held-out pictures, 270 questions of the built-in world
    python -m benchmarks.answering CHECKPOINT --pictures 30 --rounds 1

Before: 32 questions at a time in their order, each with its own copy of the picture, until the last row has ended:
plain ``generate`` of transformers. After: ``answerer=checkpoint``. In turn, on one thread; seconds are the processor's
and not the clock's, which tells about the machine's other work.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from llavapose.bars import tame_bars
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.single import inputs_of
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.records import Question
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

WORLD = WorldSettings(num_train=1, num_val=300, seed=5417)
"""Pictures that nothing is trained on; enough of them qualify for 90."""
BATCH, LONGEST = 32, 192


def plainly(answerer: CheckpointAnswerer, questions: Sequence[Question], images: Path) -> list[str]:
    """As it was before: padded on the left, a picture a row."""
    texts, tokenizer = [], answerer.tokenizer
    for start in range(0, len(questions), BATCH):
        prompts = list(answerer.loaded.reader.prompts(questions[start : start + BATCH], images))
        rows = [(*prompt.prefix.ids, *prompt.ids) for prompt in prompts]
        width = max(map(len, rows))
        inputs = {
            "input_ids": torch.tensor([[0] * (width - len(row)) + list(row) for row in rows]),
            "attention_mask": torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
            "pixel_values": torch.cat([inputs_of(answerer.model, prompt)["pixel_values"] for prompt in prompts]),
        }
        with torch.no_grad():
            written = answerer.model.generate(
                **inputs, do_sample=False, max_new_tokens=LONGEST, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
        texts += [text.strip() for text in tokenizer.batch_decode(written[:, width:], skip_special_tokens=True)]
    return texts


def timed(answer: Callable[[], list[str]]) -> tuple[list[str], float]:
    """The texts, and the processor's seconds."""
    start = time.process_time()
    return answer(), time.process_time() - start


def main() -> None:
    """Print seconds, ratio and identical texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default="tiny", help="an `hf` folder, or `tiny`")
    parser.add_argument("--pictures", type=int, default=90, help="three questions each")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="of the drawn pictures")
    given = parser.parse_args()
    tame_bars()
    torch.set_num_threads(1)
    scenes = read_world(ensure_world(given.root, WORLD), "val")
    questions = build_benchmark(scenes.scenes, num_images=given.pictures)
    answerer = CheckpointAnswerer(given.checkpoint, device="cpu", batch_size=BATCH, max_new_tokens=LONGEST)
    answerer.model.float()  # loaded before anything is timed
    ways: dict[str, Callable[[], list[str]]] = {
        "before": lambda: plainly(answerer, questions, scenes.images),
        "after": lambda: [answer.text for answer in answerer.answers(questions, scenes.images, "x")],
    }
    texts, seconds = {}, {name: float("inf") for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            texts[name], spent = timed(way)
            seconds[name] = min(seconds[name], spent)
            print(f"{name}: {spent:.1f} s", flush=True)
    same = sum(one == other for one, other in zip(texts["before"], texts["after"], strict=True))
    print(f"{len(questions)} questions: before {seconds['before']:.1f} s, after {seconds['after']:.1f} s, "
          f"ratio {seconds['before'] / seconds['after']:.2f}, {same} of {len(questions)} texts identical")  # fmt: skip


if __name__ == "__main__":
    main()
