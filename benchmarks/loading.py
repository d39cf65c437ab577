"""What loading a base takes of a rank's memory: `python -m benchmarks.loading [--mb 500]`.

Two ranks on the CPU load a random LLaVA of so many MB (bfloat16 on disk): whole in float32, as a rank of `ddp` does,
and as ZeRO-3 (bfloat16) and FSDP2 (float32) do. Printed is the most memory of a rank's own (RssAnon; mapped files,
which ranks share and the system may drop, do not count) above what it had before. Exits with 1 where ZeRO-3 or FSDP2
take more than half the model, which is the rank's share, and six times the largest tensor.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

ARMS = ("whole", "deepspeed_stage3", "fsdp2")
MIB = 2**20


def anonymous() -> int:
    """Bytes of this process's own memory."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def write_base(folder: Path, mb: int) -> None:
    """A random LLaVA with LLaVA-1.5's classes and vocabulary, and the tiny base's processor."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    from llavapose.model.pretrained import load_processor, write_checkpoint

    hidden, vocabulary = 1024, 32064
    layer = 4 * hidden**2 + 3 * hidden * 2816 + 2 * hidden
    layers = max(1, round((mb * 1e6 / 2 - 2 * vocabulary * hidden) / layer))
    text = LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=2816, num_hidden_layers=layers,
        num_attention_heads=16,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2, image_size=112, patch_size=14
    )
    config = LlavaConfig(text_config=text, vision_config=vision, image_token_index=3, vision_feature_layer=-2)
    torch.set_default_dtype(torch.bfloat16)
    llava = LlavaForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    write_checkpoint(
        folder, state=llava.state_dict(), config=config, processor=load_processor("tiny", chat_template=""),
        dtype=torch.bfloat16,
    )  # fmt: skip


def load(arm: str, base: str) -> dict[str, Any]:
    """Load in this rank; the numbers of it."""
    import lightning as L

    from llavapose.config.schema import ModelConfig, TrainConfig
    from llavapose.model.pretrained import load_model
    from llavapose.training.loading import build_model
    from llavapose.training.strategies import CPUDeepSpeedStrategy, FSDP2Strategy

    strategies: dict[str, Any] = {"deepspeed_stage3": CPUDeepSpeedStrategy, "fsdp2": FSDP2Strategy}
    backend = {} if arm == "deepspeed_stage3" else {"process_group_backend": "gloo"}
    found: dict[str, Any] = {}

    class Loaded(Exception):
        pass

    class Module(L.LightningModule):
        def configure_model(self) -> None:
            before, peak, done = anonymous(), [0], threading.Event()

            def watch() -> None:
                while not done.wait(0.002):
                    peak[0] = max(peak[0], anonymous())

            thread = threading.Thread(target=watch)
            thread.start()
            start = time.perf_counter()
            config = TrainConfig(model=ModelConfig(name="random", base=base))
            llava = load_model(base) if arm == "whole" else build_model(config, self.trainer)
            found["seconds"] = round(time.perf_counter() - start, 1)
            done.set()
            thread.join()
            sizes = [getattr(value, "ds_numel", value.numel()) * value.element_size() for value in llava.parameters()]
            found.update(peak=peak[0] - before, largest=max(sizes), model=sum(sizes))
            raise Loaded

        def training_step(self, *args: Any) -> None: ...

        def configure_optimizers(self) -> None: ...

    strategy = "ddp" if arm == "whole" else strategies[arm](**backend)
    trainer = L.Trainer(
        accelerator="cpu", devices=2, strategy=strategy, precision="32-true" if arm == "whole" else "bf16-true",
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
    )  # fmt: skip
    try:
        trainer.fit(Module(), [0])
    except Loaded:
        return found
    raise AssertionError("nothing was loaded")


def ranks(arm: str, base: str, folder: Path, *, script: str = __file__, count: int = 2) -> list[dict[str, Any]]:
    """Run two ranks, or so many, of an arm in a script that takes this one's arguments; what each measured."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(count), "NODE_RANK": "0",
              "OMP_NUM_THREADS": "1"}  # fmt: skip
    started = []
    for rank in range(count):
        out = folder / f"{arm}-{rank}.json"
        command = [sys.executable, script, "--arm", arm, "--base", base, "--out", str(out)]
        environment = shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        with out.with_suffix(".log").open("w") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        started.append((process, out))
    for process, out in started:
        if process.wait(600):
            raise SystemExit(f"{arm}: {out.with_suffix('.log').read_text()[-2000:]}")
    return [json.loads(out.read_text()) for _, out in started]


def measure(mb: int, arms: tuple[str, ...] = ARMS) -> dict[str, list[dict[str, Any]]]:
    """Arm -> what each of its two ranks measured."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "hf"
        write_base(base, mb)
        return {arm: ranks(arm, str(base), Path(name)) for arm in arms}


def within(arm: str, row: dict[str, Any]) -> bool:
    """Whether a rank stays within its share and six times the largest tensor."""
    return arm == "whole" or row["peak"] <= row["model"] / 2 + 6 * row["largest"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=500)
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--base")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.arm:
        given.out.write_text(json.dumps(load(given.arm, given.base)))
        return 0
    print(f"{'':<18} {'rank':>4} {'model MiB':>10} {'peak MiB':>9} {'largest tensor':>15} {'seconds':>8}")
    found = measure(given.mb)
    for arm, rows in found.items():
        for rank, row in enumerate(rows):
            numbers = [row["model"] / MIB, row["peak"] / MIB, row["largest"] / MIB]
            print(f"{arm:<18} {rank:>4} {numbers[0]:>10.0f} {numbers[1]:>9.0f} {numbers[2]:>15.0f} {row['seconds']:>8}")
    return 0 if all(within(arm, row) for arm, rows in found.items() for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
