"""Does the forecast of a host's memory hold? `python -m benchmarks.host [--mb 400]`.

A random LLaVA of so many MB is read, saved and exported on the CPU: by one process, and by two ranks under ZeRO-3 and
FSDP2. Printed are bytes that a process's private memory (RssAnon) grows by at most, beside those foretold for a GPU run
at the same moment, and the pages of mapped files (RssFile) while it reads. Exits with 1 beyond 10%.

What Lightning moves to the host when training ends is counted ("moved"): on a CPU it is there already. Not measured,
for only a GPU shows it: what ZeRO-3 passes through the host when it starts.
"""

import argparse
import ctypes
import gc
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.loading import MIB, ranks, write_base

ARMS = {"single": 1, "deepspeed_stage3": 2, "fsdp2": 2}
TOLERANCE = 0.10


def resident() -> dict[str, int]:
    """Bytes of this process's private memory and of mapped files."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    found = {words[0][:-1]: int(words[1]) * 1024 for words in lines if words and words[0] in ("RssAnon:", "RssFile:")}
    return {"private": found["RssAnon"], "mapped": found["RssFile"]}


def grown(work: Callable[[], Any]) -> dict[str, int]:
    """How much more there was at most while something ran."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # else work is done in memory that an earlier one has left
    before, done = resident(), threading.Event()
    most = dict(before)

    def look() -> None:
        for name, size in resident().items():
            most[name] = max(most[name], size)

    def watch() -> None:
        while not done.wait(0.0005):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    kept = work()
    look()
    done.set()
    thread.join()
    del kept
    return {name: most[name] - before[name] for name in before}


def measured(arm: str, base: str, folder: Path) -> dict[str, dict[str, int]]:
    """What reading, saving and exporting take of this rank."""
    import lightning as L
    import torch
    from torch.utils.data import DataLoader, Dataset

    from llavapose.config.schema import ModelConfig, TrainConfig
    from llavapose.data.conversation import CHAT_TEMPLATE
    from llavapose.model.pretrained import load_processor, write_checkpoint
    from llavapose.training.checkpoints.ranks import joined
    from llavapose.training.checkpoints.state import write_state
    from llavapose.training.export import full_state
    from llavapose.training.loading import build_model
    from llavapose.training.module import PoseModule
    from llavapose.training.strategies import CPUDeepSpeedStrategy, FSDP2Strategy

    found: dict[str, dict[str, int]] = {}
    config = TrainConfig(model=ModelConfig(name="random", base=base))

    class Measured(Exception):
        pass

    class Numbers(Dataset[int]):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, at: int) -> int:
            return at

    class Module(L.LightningModule):
        llava: Any

        def configure_model(self) -> None:
            def read() -> None:
                self.llava = build_model(config, self.trainer)

            found["load"] = grown(read)

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW([p for p in self.parameters() if p.requires_grad], lr=0.0)

        def on_train_start(self) -> None:
            make_moments(self.trainer.strategy.optimizers[0])
            team = joined(self.trainer)
            found["save"] = grown(lambda: self.save(team))
            found["export"] = grown(self.write)
            holder: Any = self
            PoseModule.on_train_end(holder)
            raise Measured

        def save(self, team: Any) -> Any:
            writing = write_state(self.trainer, folder, team)
            writing.finish()
            return writing

        def write(self) -> Any:
            holder: Any = self
            state = full_state(self.trainer, holder)
            if self.trainer.is_global_zero:
                processor = load_processor(base, chat_template=CHAT_TEMPLATE)
                write_checkpoint(
                    folder / "hf", state=state, config=self.llava.config, processor=processor, dtype=torch.bfloat16
                )
            return state

        def training_step(self, *args: Any) -> None: ...

    backend = {} if arm == "deepspeed_stage3" else {"process_group_backend": "gloo"}
    strategy = {"deepspeed_stage3": CPUDeepSpeedStrategy, "fsdp2": FSDP2Strategy}.get(arm)
    if arm == "deepspeed_stage3":
        import deepspeed  # noqa: F401  (its own memory is none of the run's)
    trainer = L.Trainer(
        accelerator="cpu", devices=ARMS[arm], strategy="auto" if strategy is None else strategy(**backend),
        precision="32-true" if strategy is None else "bf16-true", logger=False, enable_checkpointing=False,
        enable_progress_bar=False,
    )  # fmt: skip
    if isinstance(trainer.strategy, CPUDeepSpeedStrategy):
        assert isinstance(trainer.strategy.config, dict)
        trainer.strategy.config["train_micro_batch_size_per_gpu"] = 1
    with suppress(Measured), counted_moves(found):
        trainer.fit(Module(), DataLoader(Numbers()))
    return found


def make_moments(optimizer: Any) -> None:
    """AdamW's moments, which it makes at its first step; the weights stay."""
    import torch

    zero = hasattr(optimizer, "fp32_partitioned_groups_flat")
    adam = optimizer.optimizer if zero else optimizer
    if zero:
        optimizer._set_fp32_optimizer_param_groups()
    for parameter in (one for group in adam.param_groups for one in group["params"]):
        parameter.grad = torch.zeros_like(parameter)
    adam.step()
    if zero:
        adam.zero_grad()
        optimizer._clear_fp32_optimizer_param_groups()


@contextmanager
def counted_moves(found: dict[str, dict[str, int]]) -> Iterator[None]:
    """Count the bytes that Lightning moves to the host, wherever they are: an optimizer's, and a whole module's."""
    from lightning import LightningModule
    from lightning.fabric.utilities import optimizer as optimizers

    module, own = cast(Any, optimizers), cast(Any, LightningModule)
    move_data, cpu = module.move_data_to_device, own.cpu
    found["moved"] = {"private": 0, "mapped": 0}

    def count(tensor: Any) -> None:
        found["moved"]["private"] += tensor.nbytes if hasattr(tensor, "nbytes") else 0

    def move(batch: Any, device: Any) -> Any:
        if str(device) == "cpu":
            count(batch)
        return move_data(batch, device)

    def to_cpu(self: Any) -> Any:
        for parameter in self.parameters():
            count(parameter.data)
            count(parameter.grad)
        return cpu(self)

    module.move_data_to_device, own.cpu = move, to_cpu
    try:
        yield
    finally:
        module.move_data_to_device, own.cpu = move_data, cpu


def foretold(arm: str, base: str) -> dict[str, float]:
    """Bytes of rank 0 at each moment, as of a run on GPUs; what lies on the CPU here is there before."""
    from llavapose.training.forecast.host import Moment, host_of
    from llavapose.training.forecast.setup import Engine, Setup
    from llavapose.training.forecast.shapes import read_shapes

    shapes = read_shapes(base)
    whole = Setup()
    cut = Setup(
        engine=Engine.zero3, ranks=2, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True,
        sharded_loading=True, loading_bytes=2,
    )  # fmt: skip
    shards = Setup(engine=Engine.fsdp2, ranks=2, compute_bytes=2, sharded_loading=True, loading_bytes=4)
    setup = {"single": whole, "deepspeed_stage3": cut, "fsdp2": shards}[arm]
    host = host_of(shapes, replace(setup, ranks_a_node=1), [], on_gpu=False, exported=2.0 * shapes.total)
    on_gpus = host_of(shapes, replace(setup, ranks_a_node=1), [], on_gpu=True, exported=2.0 * shapes.total)
    moved = sum(part.size for part in on_gpus.parts if "moved" in part.name)
    by_moment = {moment.name: host.at(moment) for moment in (Moment.load, Moment.save, Moment.export)}
    return {**by_moment, "moved": moved}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One moment of one arm, in bytes of rank 0."""

    arm: str
    moment: str
    foretold: float
    private: int
    mapped: int

    @property
    def error(self) -> float:
        """Of the forecast; of nothing, in shares of 16 MiB."""
        return (self.private - self.foretold) / max(self.foretold, 16 * MIB)


def compare(mb: int, arms: Iterable[str] = tuple(ARMS)) -> list[Line]:
    """Every moment of every arm."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "hf"
        write_base(base, mb)
        for arm in arms:
            rank, *_ = ranks(arm, str(base), Path(name), script=__file__, count=ARMS[arm])
            for moment, told in foretold(arm, str(base)).items():
                found.append(Line(arm=arm, moment=moment, foretold=told, **rank[moment]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=400)
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--base")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.arm:
        folder = given.out.parent / given.arm
        folder.mkdir(exist_ok=True)
        given.out.write_text(json.dumps(measured(given.arm, given.base, folder)))
        return 0
    print(f"{'rank 0':<18} {'moment':<8} {'foretold MiB':>13} {'measured MiB':>13} {'error':>7} {'mapped MiB':>11}")
    lines = compare(given.mb)
    for line in lines:
        print(
            f"{line.arm:<18} {line.moment:<8} {line.foretold / MIB:>13.0f} {line.private / MIB:>13.0f} "
            f"{line.error:>7.1%} {line.mapped / MIB:>11.0f}"
        )
    return 0 if all(abs(line.error) <= TOLERANCE for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
