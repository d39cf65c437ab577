"""What does ZeRO-3 cost beside the arithmetic?

    python -m benchmarks.hooks

DeepSpeed runs Python code around every module for which it gathers weights. A LLaVA as deep as the papers' (32 layers,
24 of vision) and 32 numbers wide, so that hardly anything is computed, is trained on a CPU by one process and by ZeRO-3
with one rank: what a micro-batch takes more is DeepSpeed's own. CPU seconds, the median behind the first eight. Ends
with 1 beyond the limit.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SIZE = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
DEPTH, VISION_DEPTH = 32, 24
FIRST = 8
"""Micro-batches in which DeepSpeed still learns the order of the modules."""
MAX_S = 0.25


def make_base(folder: Path) -> Path:
    """A base of random weights, its samples and pictures."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    from llavapose.model.pretrained import write_checkpoint
    from llavapose.samples import write_samples
    from tests.conftest import IMAGE_SIZE, PATCH_SIZE, make_processor, tiny_samples, write_pictures

    processor = make_processor()
    tokenizer: Any = processor.tokenizer
    text = LlamaConfig(
        **SIZE, num_hidden_layers=DEPTH, vocab_size=len(tokenizer), max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    vision = CLIPVisionConfig(**SIZE, num_hidden_layers=VISION_DEPTH, image_size=IMAGE_SIZE, patch_size=PATCH_SIZE)
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(IMAGE_SIZE // PATCH_SIZE) ** 2, vision_feature_layer=-2,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(config)
    write_pictures(folder / "pictures", 10)
    write_samples(folder / "samples.jsonl", tiny_samples(10))
    return write_checkpoint(
        folder / "base", state=model.state_dict(), config=config, processor=processor, dtype=torch.float32
    )


def train(folder: Path, name: str) -> None:
    """Train with this strategy, and leave the CPU seconds of each micro-batch."""
    import lightning as L
    import torch

    from tests.training.runs import named_strategy, run

    class Clock(L.Callback):
        def __init__(self) -> None:
            self.at: list[float] = []

        def on_train_batch_start(self, *further: Any) -> None:
            self.at.append(time.process_time())

    torch.set_num_threads(1)
    clock = Clock()
    run(
        base=str(folder / "base"), samples=str(folder / "samples.jsonl"), images=str(folder / "pictures"),
        output_dir=str(folder / name), strategy=named_strategy(name) if name != "single" else "auto", batch_size=4,
        accumulate=2, epochs=3, sampler="llava", check=False, extra=[clock], gradient_checkpointing=True,
    )  # fmt: skip
    took = [after - before for before, after in zip(clock.at, clock.at[1:], strict=False)]
    (folder / f"{name}.json").write_text(json.dumps(took))


def main() -> int:
    folder = ROOT / "outputs" / "benchmarks" / "hooks"
    folder.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) > 1:
        train(folder, sys.argv[1])
        return 0
    make_base(folder)
    rank = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29517", "WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    print("| strategy | CPU s a micro-batch | the second one |\n|---|---|---|")
    medians = {}
    for name, own in (("single", {}), ("deepspeed", rank)):
        command = [sys.executable, "-m", "benchmarks.hooks", name]
        done = subprocess.run(command, env={**environment, **own}, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
            return 1
        took = json.loads((folder / f"{name}.json").read_text())
        medians[name] = statistics.median(took[FIRST:])
        print(f"| {name} | {medians[name]:.2f} | {took[1]:.2f} |")
    more = medians["deepspeed"] - medians["single"]
    print(f"\nZeRO-3's own: {more:.2f} s a micro-batch (at most {MAX_S})")
    return int(more > MAX_S)


if __name__ == "__main__":
    sys.exit(main())
