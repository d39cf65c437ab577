"""Trainer and strategy against the GPUs that are here: what Lightning would refuse much later, in a traceback."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from llavapose.config.checks.machine.gpus import Gpus, find_gpus
from llavapose.config.checks.machine.processes import process_problems
from llavapose.config.choices import PRECISIONS, AdapterType, LauncherType, PackedAttention
from llavapose.config.schema import TrainConfig

ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps", "tpu")
_ALIASES = {"64": "64-true", "32": "32-true", "16": "16-mixed", "bf16": "bf16-mixed"}
_AMPERE = (8, 0)
"""The first compute capability that multiplies in bfloat16; torch emulates it below, many times slower."""
_ADA = (8, 9)
"""The first that multiplies in 8 bits."""

_MOST = 1024
"""Processes of one machine, each of which imports torch; more is a slip of the hand."""


def device_problems(config: TrainConfig) -> list[str]:
    """One line for each part of trainer and strategy that this machine cannot run."""
    # A plan may be for another machine, and so is a job of Slurm's, which looks at its own when it starts.
    elsewhere = config.dry_run or config.launcher.type == LauncherType.slurm
    found = [*_problems(config, None if elsewhere else find_gpus(), os.cpu_count() or 1), *process_problems(config)]
    return found


def _problems(config: TrainConfig, gpus: Gpus | None, num_cores: int) -> Iterator[str]:
    """``gpus``: None where nobody knows; what needs to know them is let through, and Lightning decides."""
    accelerator = str(config.trainer.get("accelerator", "auto"))
    if accelerator not in ACCELERATORS:
        close = get_close_matches(accelerator, ACCELERATORS, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(ACCELERATORS)}"
        yield f"trainer.accelerator is {accelerator!r}{hint}"
        return
    mac = sys.platform == "darwin" and platform.machine() == "arm64"
    if accelerator == "mps" and not mac:
        yield "trainer.accelerator=mps: this is no Mac with Apple's own chip; leave it out"
        return
    if accelerator == "tpu" and importlib.util.find_spec("torch_xla") is None:
        yield "trainer.accelerator=tpu needs the package torch_xla; install it, or leave it out"
        return
    if (accelerator == "cuda" or (accelerator == "gpu" and not mac)) and gpus is not None and not gpus.num:
        yield f"trainer.accelerator={accelerator}: no GPU here: {gpus.why}; use trainer.accelerator=auto"
    precision = str(config.trainer.get("precision", "32-true"))
    yield from _strategy(config.strategy, precision, accelerator, gpus)
    used = gpus
    if accelerator not in ("auto", "gpu", "cuda"):
        used = Gpus(num=0)
    elif mac and accelerator != "cuda":
        used = None  # Apple's: Lightning takes it as one device, and nothing here counts it
    yield from _devices(config.trainer.get("devices", "auto"), accelerator, used, num_cores)
    yield from _precision(precision, used)
    yield from _masters(config)
    yield from _four_bits(config)
    yield from _kernels(config, used)


def _strategy(strategy: dict[str, Any], precision: str, accelerator: str, gpus: Gpus | None) -> Iterator[str]:
    target, name = str(strategy.get("_target_", "")), str(strategy.get("name", ""))
    if target.endswith(".CPUDeepSpeedStrategy"):
        if precision == "16-true":
            yield "trainer.precision=16-true needs a GPU; on a CPU use 32-true or bf16-mixed"
        if importlib.util.find_spec("deepspeed") is None:
            yield "strategy=deepspeed_stage3_cpu needs the package deepspeed, which is not here; choose ddp"
        return
    if not (target.endswith(".DeepSpeedStrategy") or name.startswith("deepspeed")):
        return
    what = f"strategy: DeepSpeed (stage {strategy['stage']})" if "stage" in strategy else "strategy: DeepSpeed"
    instead = "choose strategy=single, ddp, or deepspeed_stage3_cpu to try it on a CPU"
    if strategy.get("stage", 3) not in (1, 2, 3):
        yield f"strategy.stage is {strategy['stage']}; expected 1, 2 or 3"
    if importlib.util.find_spec("deepspeed") is None:
        yield f"{what} needs the package deepspeed, which is not installed; install it, or choose strategy=fsdp2"
    elif accelerator in ("cpu", "mps", "tpu"):
        yield f"{what} runs on NVIDIA GPUs, and trainer.accelerator={accelerator}; {instead}"
    elif gpus is not None and not gpus.num:
        yield f"{what} needs a GPU, and there is none here: {gpus.why}; {instead}"


def _masters(config: TrainConfig) -> Iterator[str]:
    """Half weights that nothing keeps in float32: at a rate of 2e-5 a step is smaller than their last digit."""
    precision, what = str(config.trainer.get("precision", "32-true")), _name(config.strategy)
    if precision not in ("bf16-true", "16-true") or "deepspeed" in what.lower():
        return
    if what.endswith(".FSDP2Strategy"):
        if precision == "16-true":
            yield "trainer.precision=16-true with FSDP2 keeps no float32 weights; use bf16-true, which does"
        return
    yield (
        f"trainer.precision={precision} keeps no float32 weights under {what.rpartition('.')[2] or 'this strategy'}: "
        f"most would never change at small rates; use trainer.precision={precision.replace('true', 'mixed')}, or a "
        "strategy that keeps them: deepspeed_stage3, fsdp2"
    )


def _kernels(config: TrainConfig, gpus: Gpus | None) -> Iterator[str]:
    """Attention that only GPUs have a kernel for."""
    chosen, precision = config.model.packed_attention, str(config.trainer.get("precision", "32-true"))
    if chosen not in (PackedAttention.flex, PackedAttention.varlen):
        return
    on_cpu = _name(config.strategy).endswith(".CPUDeepSpeedStrategy")
    if on_cpu or (gpus is not None and not gpus.num):
        yield (
            f"model.packed_attention={chosen} runs on NVIDIA GPUs, and this run has none; use "
            "model.packed_attention=auto, branches or dense"
        )
    elif chosen == PackedAttention.varlen and not precision.startswith(("bf16", "16")):
        yield (
            f"model.packed_attention=varlen computes in half precision, and trainer.precision={precision}; use "
            "trainer.precision=bf16-mixed, or model.packed_attention=auto"
        )


def _four_bits(config: TrainConfig) -> Iterator[str]:
    if config.adapter.type != AdapterType.qlora:
        return
    what = _name(config.strategy)
    if "deepspeed" in what.lower() or what.endswith((".FSDP2Strategy", ".ModelParallelStrategy", ".FSDPStrategy")):
        yield "adapter=qlora: 4-bit weights cannot be cut up over ranks; use strategy=single or ddp, or adapter=lora"
    if importlib.util.find_spec("bitsandbytes") is None:
        yield "adapter=qlora needs the package bitsandbytes; pip install 'llavapose[qlora]', or use adapter=lora"


def _name(strategy: dict[str, Any]) -> str:
    name = str(strategy.get("_target_") or strategy.get("name") or "")
    return "strategy=single" if name == "auto" else name


def _devices(devices: Any, accelerator: str, gpus: Gpus | None, num_cores: int) -> Iterator[str]:
    asked = _parsed(devices)
    if asked is None:
        yield f"trainer.devices is {devices!r}; expected a number, a list of indices such as [0,1], or auto"
    elif isinstance(asked, int) and asked > _MOST:
        yield f"trainer.devices={devices}: expected at most {_MOST:,} of a machine"
    elif isinstance(asked, list) and len(set(asked)) < len(asked):
        twice = next(index for index in asked if asked.count(index) > 1)
        yield f"trainer.devices names {twice} twice; name each device once"
    elif isinstance(asked, list) and accelerator == "cpu":
        yield f"trainer.devices={devices}: on a CPU it is a number of processes; set trainer.devices={len(asked)}"
    elif gpus is None:
        return
    elif gpus.num and isinstance(asked, list) and any(index >= gpus.num for index in asked):
        yield f"trainer.devices={devices}: there {_are(gpus.num)} here, counted from 0; name others"
    elif gpus.num and isinstance(asked, int) and asked > gpus.num:
        yield f"trainer.devices={devices}: there {_are(gpus.num)} here; set trainer.devices={gpus.num} or less"
    elif not gpus.num and accelerator == "auto" and isinstance(asked, int) and asked > max(2, num_cores):
        # Two processes are worth a try anywhere; more than there are cores were meant for GPUs.
        yield (
            f"trainer.devices={devices}: no GPU here, and {num_cores} cores; set trainer.devices=1, or "
            f"trainer.accelerator=cpu to start {asked} processes all the same"
        )


def _parsed(devices: Any) -> int | list[int] | None:
    """How many (0: as many as there are) or which; None for what Lightning does not take."""
    if devices in ("auto", -1, "-1"):
        return 0
    if isinstance(devices, str):
        parts = [part.strip() for part in devices.split(",") if part.strip()]
        if not parts or not all(part.isdigit() for part in parts):
            return None
        devices = [int(part) for part in parts] if "," in devices else int(parts[0])
    if isinstance(devices, list):
        return devices if devices and all(isinstance(one, int) and one >= 0 for one in devices) else None
    return devices if isinstance(devices, int) and devices > 0 and not isinstance(devices, bool) else None


def _are(num: int) -> str:
    return "is 1 GPU" if num == 1 else f"are {num} GPUs"


def _precision(precision: str, gpus: Gpus | None) -> Iterator[str]:
    name = _ALIASES.get(precision, precision)
    if name == "64-true":
        yield f"trainer.precision={precision}: nothing here is planned for 64 bits; use 32-true"
        return
    if name not in PRECISIONS:
        close = get_close_matches(name, PRECISIONS, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(PRECISIONS)}"
        yield f"trainer.precision is {precision!r}{hint}"
        return
    in_8_bits = name.startswith("transformer-engine")
    if in_8_bits and importlib.util.find_spec("transformer_engine") is None:
        yield f"trainer.precision={precision} needs the package transformer_engine; install it, or use bf16-mixed"
    if gpus is None:
        return
    least = _ADA if in_8_bits else _AMPERE if name.startswith("bf16") else (0, 0)
    if not gpus.num and (name == "16-mixed" or in_8_bits):
        yield f"trainer.precision={precision} needs a GPU; on a CPU use 32-true or bf16-mixed"
    elif gpus.capability is not None and gpus.capability < least:
        has, needs = (".".join(map(str, version)) for version in (gpus.capability, least))
        yield (
            f"trainer.precision={precision} needs GPUs of compute capability {needs}, and one here has {has}; use "
            f"{'bf16-mixed or 16-mixed' if in_8_bits else '16-mixed or 32-true'}"
        )
