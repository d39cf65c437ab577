"""What attention over time costs: CPU seconds a step of frames with and without it, and the parameters that it adds.

The tiny base, its features averaged 2 x 2, reads groups of 1, 4 and 8 frames with three samples each; a step is forward
and backward of a packed batch, the vision encoder frozen. Both arms run in turn, and the middle round counts. At
LLaVA-1.5's size (24 x 24 patches, 1,024 wide, an MLP of 4,096) 8 frames of one group pass through the connector alone.
``python -m benchmarks.frame_attention`` prints both tables.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.data.conversation import CHAT_TEMPLATE, Conversation, num_image_tokens
from llavapose.data.pack import pack
from llavapose.data.reading.read import square_pictures
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import Batch
from llavapose.model.connectors.fit import fit_connector
from llavapose.model.connectors.frames import FrameAttention
from llavapose.model.connectors.made import projector_of
from llavapose.model.losses import token_losses
from llavapose.model.parts import count_parameters, freeze_vision
from llavapose.model.pretrained import load_model, load_processor
from llavapose.records import Sample, Turn

POOL, GROUPS = 2, 4
ARMS = {"frames": ConnectorType.keep, "with attention": ConnectorType.frame_attention}
SAYS = ("She raises her left arm.", "The person sits down and then turns to the right, away from the window.",
        "He waves three times with the right hand, and the other one hangs at his side.")  # fmt: skip
SEVEN = {"pool": POOL, "type": "frame_attention", "heads": 8}


@dataclass(frozen=True, kw_only=True)
class Step:
    """CPU seconds of a step of the tiny base, by arm, and what it has to read."""

    frames: int
    tokens: int
    seconds: dict[str, float]


def batch_of(frames: int) -> Batch:
    """A packed batch: groups of frames of random pixels, a row each, with three samples behind each."""
    processor = load_processor("tiny", chat_template=CHAT_TEMPLATE, pool=POOL)
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    reads = square_pictures(processor, conversation)
    noise = torch.randint(0, 255, (GROUPS, frames, 112, 112, 3), dtype=torch.uint8)
    shown = [
        reads.shown([Image.fromarray(one.numpy()) for one in group], [0.2 * at for at in range(frames)])
        for group in noise
    ]
    branches = []
    for number, answer in enumerate(SAYS * GROUPS):
        turns = (Turn(role="user", text="What does the person do?"), Turn(role="assistant", text=answer))
        sample = Sample(id=str(number), images=("x",), kind="conv", turns=turns)
        branches.append(conversation.branch(sample, max_length=512))
    rows = [[tuple(range(3 * group, 3 * group + 3))] for group in range(GROUPS)]
    text = conversation.prefix_without_picture
    return pack(rows, branches, shown, text_prefix=text, step_weight=1, blank=reads.blank)


def steps(frames: int, rounds: int) -> Step:
    """Both arms on the same batch, in turn."""
    batch, runs = batch_of(frames), {}
    for name, kind in ARMS.items():
        model = load_model("tiny")
        fit_connector(model, ConnectorConfig(type=kind, pool=POOL))
        freeze_vision(model)
        runs[name] = _step(model, batch)
    return Step(frames=frames, tokens=batch.num_tokens, seconds=_in_turn(runs, rounds))


def _step(model: Any, batch: Batch) -> Callable[[], None]:
    seen = packed_mask(batch.segments)

    def run() -> None:
        model.zero_grad()
        token_losses(model, batch, seen).mean().backward()

    return run


def connectors(frames: int, rounds: int) -> tuple[dict[str, float], int]:
    """CPU seconds, forward and backward, of the connector alone at LLaVA-1.5's size; parameters that attention adds."""
    vision = CLIPVisionConfig(hidden_size=1024, num_attention_heads=16, image_size=336, patch_size=14)
    config = LlavaConfig(vision_config=vision, text_config=LlamaConfig(hidden_size=4096))
    features, runs, sizes = torch.randn(frames, 576, 1024), {}, []
    for name, parts in {"frames": {"type": "mlp2x_gelu", "pool": POOL}, "with attention": SEVEN}.items():
        config.connector = parts
        made: Any = projector_of(config)
        if isinstance(made, FrameAttention):
            made.start()
            made.sizes = [frames]
        sizes.append(count_parameters(made.parameters())[0])
        runs[name] = lambda made=made: made(features).mean().backward()
    return _in_turn(runs, rounds), sizes[1] - sizes[0]


def _in_turn(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.process_time()
            run()
            spent[name].append(time.process_time() - start)
    return {name: median(seconds[1:]) for name, seconds in spent.items()}  # the first round warms up


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds of both arms (default: 15)")
    rounds = parser.parse_args().rounds
    torch.manual_seed(0)
    print("| frames | tokens | s a step, frames | s a step, with attention | more |\n|---:|---:|---:|---:|---:|")
    for frames in (1, 4, 8):
        found = steps(frames, rounds)
        plain, with_it = found.seconds.values()
        print(f"| {frames} | {found.tokens} | {plain:.3f} | {with_it:.3f} | {with_it / plain - 1:+.1%} |")
    seconds, added = connectors(8, max(1, rounds // 5))
    plain, with_it = seconds.values()
    print(f"\nLLaVA-1.5's connector alone, 8 frames: {plain:.2f} s, with attention {with_it:.2f} s; "
          f"{added:,} parameters more")  # fmt: skip


if __name__ == "__main__":
    main()
