"""What one copy of a picture for a person's 17 questions saves: tokens and seconds a person, by branches a row.

    python -m benchmarks.locate_packing                  # the tiny base, 24 people, one core
    python -m benchmarks.locate_packing --people 48 locate.coding=bins

Every way of packing computes the same losses (their means are printed). The last lines count what LLaVA-1.5-7B's 576
picture tokens make of it: tokens alone, nothing of it was timed.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.cli.training import prepare
from llavapose.config.compose import settings
from llavapose.config.schema import TrainConfig
from llavapose.config.start import conf_folder
from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import token_losses
from llavapose.model.pretrained import load_model
from llavapose.training.fit import build_data

LIMITS = (1, 4, 17)
PICTURE_TOKENS_7B = 576


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What one way of packing took: tokens with pictures and padding, seconds, mean loss a token, questions."""

    tokens: int
    seconds: float
    loss: float
    questions: int


def measured(config: TrainConfig, samples: Path, images: Path, branches: int) -> Packed:
    """Forward and backward over all questions, so many of a picture in a row at most."""
    data = replace(config.data, max_branches_per_image=branches, num_val=0)
    config = replace(config, data=data)
    module = build_data(config, samples=samples, images=images, accumulate=1)
    module.setup("fit")
    model = load_model(config.model.base, words=config.new_words)
    model.model.vision_tower.requires_grad_(False)
    batches = list(module.train_dataloader())
    tokens = seconds = questions = 0
    total, num = 0.0, 0
    for batch in [batches[0], *batches]:  # the first warms up
        start = time.perf_counter()
        losses = token_losses(model, batch, packed_mask(batch.segments))
        losses.mean().backward()
        spent = time.perf_counter() - start
        model.zero_grad()
        if batch is batches[0] and not num:
            num = -1
            continue
        num = max(num, 0)
        seconds += spent
        tokens += batch.input_ids.numel()
        questions += len(set(batch.sample_index[batch.sample_index >= 0].tolist()))
        total, num = total + float(losses.detach().sum()), num + len(losses)
    return Packed(tokens=tokens, seconds=seconds, loss=total / num, questions=questions)


def main() -> None:
    """Print one line a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--people", type=int, default=24)
    given = parser.parse_args()
    torch.set_num_threads(1)
    words = ["data=locate", "scenes.num_train=40", "scenes.num_val=4", "locate.size=112", "data.max_length=2048"]
    batch = [f"batch_size={17 * 4}", f"data.num_samples={17 * given.people}", "evaluate=false"]
    config = settings("train", conf_folder(), [*words, *batch, *given.settings])
    made, images = prepare(config)
    print(f"{'branches a row':>14} {'questions':>9} {'tokens a person':>15} {'s a person':>10} {'loss a token':>12}")
    found = {limit: measured(config, made.samples, images, limit) for limit in LIMITS}
    for limit, one in found.items():
        people = one.questions / 17
        told = f"{one.tokens / people:>15,.0f} {one.seconds / people:>10.3f} {one.loss:>12.6f}"
        print(f"{limit:>14} {one.questions:>9} {told}")
    alone, packed = found[LIMITS[0]], found[LIMITS[-1]]
    print(f"17 behind one picture: {alone.tokens / packed.tokens:.1f} times fewer tokens, "
          f"{alone.seconds / packed.seconds:.1f} times fewer seconds")  # fmt: skip
    text = (packed.tokens / packed.questions * 17 - 64) / 17
    several, one_copy = 17 * (PICTURE_TOKENS_7B + text), PICTURE_TOKENS_7B + 17 * text
    print(f"with {PICTURE_TOKENS_7B} picture tokens: {several / one_copy:.1f} times fewer tokens")


if __name__ == "__main__":
    main()
