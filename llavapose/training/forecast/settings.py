"""A run's settings as a ``Setup``: what strategy, precision and adapter mean for what a rank holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llavapose.config.choices import AdapterType, Attention, ConnectorType, PackedAttention
from llavapose.config.schema import TrainConfig
from llavapose.data.plan.lengths import PlanSettings
from llavapose.errors import ConfigError
from llavapose.files import read_json
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes

_LIGHTNING = {"sub_group_size": 10**12, "reduce_bucket_size": 200_000_000, "allgather_bucket_size": 200_000_000}
"""What Lightning's DeepSpeedStrategy takes where nothing is said."""
_DEEPSPEED = {"sub_group_size": 10**9, "reduce_bucket_size": 500_000_000, "allgather_bucket_size": 500_000_000}
"""What DeepSpeed itself takes where its own configuration is given."""


def setup_of(config: TrainConfig, *, num_gpus: int) -> Setup:
    """What a run's ranks hold.

    Args:
        config: of the run.
        num_gpus: those of this machine, for ``trainer.devices=auto``; 0 where there is none.

    Raises:
        ConfigError: a strategy that nothing is known of.
    """
    here = ranks_a_node(config, num_gpus)
    model, adapter = config.model, config.adapter.type
    chosen: dict[str, Any] = {
        "ranks": here * int(config.trainer.get("num_nodes") or 1),
        "ranks_a_node": here,
        "adapter": adapter,
        "adapter_rank": config.adapter.r if adapter is not AdapterType.none else 0,
        "adapter_targets": tuple(config.adapter.targets),
        "adapter_towers": tuple(map(str, config.adapter.towers)),
        "dropout_bytes": 0 if not config.adapter.dropout else 4 if on_cpu(config) else 1,
        "freeze_vision": model.freeze_vision or adapter is not AdapterType.none,
        "linear_connector": config.connector.type is ConnectorType.linear,
        "checkpointing": model.gradient_checkpointing,
        "eager": model.attention is Attention.eager,
        "dense_mask": _has_mask(config),
        "foreach": not on_cpu(config),
    }
    return Setup(**chosen, **_strategy(config, adapter))


def _has_mask(config: TrainConfig) -> bool:
    """Whether packed rows have a mask: kernels for GPUs, which ``auto`` takes there, have none."""
    chosen = config.model.packed_attention
    if chosen is PackedAttention.auto:
        return on_cpu(config) or config.model.attention is Attention.eager
    return chosen not in (PackedAttention.flex, PackedAttention.varlen)


def _strategy(config: TrainConfig, adapter: AdapterType) -> dict[str, Any]:
    """Engine, precision and buckets."""
    strategy = config.strategy
    name = str(strategy.get("_target_") or strategy.get("name") or "auto")
    half = str(config.trainer.get("precision", "32-true")).startswith(("bf16", "16"))
    true = str(config.trainer.get("precision", "32-true")) in ("bf16-true", "16-true")
    if "deepspeed" in name.lower():
        return _deepspeed(name, strategy, size=2 if half else 4)
    if name.endswith(("FSDP2Strategy", "ModelParallelStrategy")):
        return {
            "engine": Engine.fsdp2, "compute_bytes": 2 if half else 4, "sharded_loading": True, "loading_bytes": 4,
        }  # fmt: skip
    if name in ("auto", "ddp") or name.endswith(("SingleDeviceStrategy", "DDPStrategy")):
        frozen = 2 if half and adapter is not AdapterType.none else 2 if true else 4
        several = name != "auto" or int(config.trainer.get("num_nodes") or 1) > 1
        return {
            "weight_bytes": 2 if true and adapter is AdapterType.none else 4,
            "frozen_bytes": frozen,
            "compute_bytes": 2 if half else 4,
            "loading_bytes": frozen,
            "muon": config.optim.muon_lr is not None and adapter is AdapterType.none,
            "ddp": several,
        }
    raise ConfigError(
        f"strategy: no plan for {name}; expected one of single, ddp, deepspeed_stage2, deepspeed_stage3, "
        "deepspeed_stage3_offload, fsdp2, or leave dry_run out"
    )


def _deepspeed(name: str, strategy: Mapping[str, Any], *, size: int) -> dict[str, Any]:
    own = _zero_config(strategy.get("config"))
    given = {**_LIGHTNING, **strategy} if own is None else {**_DEEPSPEED, **own}
    # A name such as deepspeed_stage_3_offload says it all; a class has its arguments, and stage 2 by default.
    stage = int(given.get("stage") or next((int(part) for part in name.split("_") if part.isdigit()), 2))
    parameters = bool(given.get("offload_parameters") or given.get("offload_param") or name.endswith("3_offload"))
    return {
        "engine": Engine.zero3 if stage == 3 else Engine.zero2,
        "weight_bytes": size,
        "frozen_bytes": size,
        "compute_bytes": size,
        "masters": True,
        "offload_optimizer": bool(given.get("offload_optimizer")) or name.endswith("_offload"),
        "offload_parameters": parameters and stage == 3,
        "sub_group": int(given["sub_group_size"]),
        "reduce_bucket": int(given["reduce_bucket_size"]),
        "gather_bucket": int(given["allgather_bucket_size"]),
        "sharded_loading": stage == 3,
        "loading_bytes": size,
    }


def _zero_config(given: Any) -> Mapping[str, Any] | None:
    """The part of DeepSpeed's own configuration, a mapping or a file, that cuts things up; None where none is given."""
    if given is None:
        return None
    if isinstance(given, str):
        given = read_json(Path(given), what="DeepSpeed's configuration")
    zero = given.get("zero_optimization") if isinstance(given, Mapping) else None
    if not isinstance(zero, Mapping):
        raise ConfigError("strategy.config has no zero_optimization; add it, or choose strategy=deepspeed_stage3")
    # "auto" is the Hugging Face trainer's word; Lightning does not know it either.
    return {key: value for key, value in zero.items() if value != "auto"}


def on_cpu(config: TrainConfig) -> bool:
    """Whether the run asks for processes without GPUs."""
    named = str(config.strategy.get("_target_", ""))
    return config.trainer.get("accelerator") == "cpu" or named.endswith(".CPUDeepSpeedStrategy")


def ranks_a_node(config: TrainConfig, num_gpus: int) -> int:
    """Processes of one machine: a number, a list of devices, or as many as there are."""
    devices = config.trainer.get("devices", 1)
    if isinstance(devices, str) and "," in devices:
        devices = [part for part in devices.split(",") if part.strip()]
    if isinstance(devices, list | tuple):
        return len(devices)
    number = int(devices) if str(devices).lstrip("-").isdigit() else -1
    return number if number > 0 else max(1, num_gpus)


def plan_settings(config: TrainConfig, shapes: Shapes, setup: Setup) -> PlanSettings:
    """What decides who shares a step, as the run itself will plan."""
    return PlanSettings(
        batch_size=config.batch_size,
        accumulate=int(config.trainer.get("accumulate_grad_batches") or 1),
        num_ranks=setup.ranks,
        seed=config.seed,
        sampler=config.data.sampler,
        packing=config.data.packing,
        max_branches=config.data.max_branches_per_image,
        loss=config.optim.loss_mean,
        row_tokens=config.data.longest_row,
        prefix_tokens=shapes.lead + shapes.image_tokens,
        text_prefix_tokens=shapes.lead,
    )
