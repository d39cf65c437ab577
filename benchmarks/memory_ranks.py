"""One of two processes that hold a tiny LLaVA under every strategy that cuts something up; for ``memory.py``."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.llavas import SIZES, random_batch, tiny_config
from benchmarks.memory import RANKS, built, bytes_of
from benchmarks.states import MeanLoss
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import shapes_of
from llavapose.training.strategies import losses_of, shard


def moments(optimizer: Any) -> list[torch.Tensor]:
    """AdamW's two for each weight."""
    return [local(v) for state in optimizer.state.values() for v in state.values() if v.numel() > 1]


def local(tensor: Any) -> torch.Tensor:
    """This rank's part."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def held(model: Any, setup: Setup, batch: Any) -> dict[str, int]:
    """Bytes of each part on this rank."""
    if setup.engine in (Engine.zero2, Engine.zero3):
        return of_deepspeed(model, setup, batch)
    if setup.engine is Engine.fsdp2:
        shard(model, init_device_mesh("cpu", (2,), mesh_dim_names=("data_parallel",)), "32-true")
    whole = DistributedDataParallel(MeanLoss(model)) if setup.ddp else MeanLoss(model)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adam = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    if setup.ddp:
        whole(batch).backward()
    else:
        from llavapose.model.attention.mask import packed_mask

        losses_of(model)(batch, packed_mask(batch.segments)).mean().backward()
    adam.step()
    found = {
        "parameters": bytes_of(map(local, model.parameters())),
        "gradients": bytes_of(local(p.grad) for p in trained if p.grad is not None),
        "optimizer": bytes_of(moments(adam)),
    }
    if setup.ddp:
        logged: Any = whole._get_ddp_logging_data()
        rebuilt = logged.get("rebuilt_bucket_sizes") or logged["bucket_sizes"]
        found["buckets of gradients"] = sum(int(size) for size in rebuilt.split(","))
    return found


def of_deepspeed(model: Any, setup: Setup, batch: Any) -> dict[str, int]:
    """Bytes that ZeRO holds on this rank."""
    import deepspeed

    stage = 3 if setup.engine is Engine.zero3 else 2
    config = {
        "train_micro_batch_size_per_gpu": 1,
        "bf16": {"enabled": setup.weight_bytes == 2},
        "zero_optimization": {"stage": stage, "sub_group_size": 10**9, "reduce_bucket_size": 10**5},
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
    }
    adam = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=0.0)
    engine = deepspeed.initialize(model=MeanLoss(model), optimizer=adam, config=config)[0]
    zero: Any = engine.optimizer
    engine.backward(engine(batch))
    gradients = [zero.grad_partitions_flat_buffer] if stage == 3 else averaged(zero.averaged_gradients.values())
    found = {"gradients": bytes_of(gradients)}
    engine.step()
    masters = zero.fp32_partitioned_groups_flat if stage == 3 else zero.single_partition_of_fp32_groups
    weights = [p.ds_tensor if stage == 3 else p.data for p in model.parameters()]
    # In float32 the partition is its own master.
    own = {tensor.untyped_storage().data_ptr() for tensor in weights}
    further = [tensor for tensor in masters if tensor.untyped_storage().data_ptr() not in own]
    found |= {"parameters": bytes_of(weights), "optimizer": bytes_of([*further, *moments(zero.optimizer)])}
    return found


def averaged(groups: Iterable[Any]) -> list[torch.Tensor]:
    """ZeRO-2's gradients: a list of pieces for each group."""
    return [piece for group in groups if group is not None for piece in group]


def main() -> None:
    """Every size under every strategy; rank 0 writes what it holds."""
    folder, sizes = Path(sys.argv[1]), sys.argv[2:]
    import deepspeed

    deepspeed.init_distributed("gloo")
    torch.set_num_threads(1)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for size in sizes:
        config = tiny_config(SIZES[size])
        shapes = shapes_of(config.to_dict(), where="benchmark")
        batch = random_batch(shapes, rows=2, branches=[20], prefix=shapes.image_tokens + 9)
        for engine, setup in RANKS.items():
            found.setdefault(size, {})[engine] = held(built(config, setup), setup, batch)
    if os.environ["RANK"] == "0":
        (folder / "held.json").write_text(json.dumps(found), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
