"""The processes that trainer and strategy ask for, against those that torchrun, Slurm or a person has started."""

import os
from collections.abc import Iterator
from typing import Any

from llavapose.config.choices import LauncherType
from llavapose.config.schema import TrainConfig
from llavapose.ranks import Launched, launched

ALL = ("auto", -1, "-1")
"""Words of ``trainer.devices`` for as many as there are."""
_CLUSTERS = ("OMPI_COMM_WORLD_SIZE", "LSB_JOBID", "KUBERNETES_PORT")
"""What other launchers that Lightning knows leave in the environment."""


def is_single(config: TrainConfig) -> bool:
    """Whether a run is one process."""
    return config.strategy.get("name") == "auto"


def process_problems(config: TrainConfig) -> Iterator[str]:
    """One line where a run would train on other processes than its settings say, or wait for some for ever."""
    devices, nodes = _count(config.trainer.get("devices", "auto")), config.trainer.get("num_nodes") or 1
    # A plan may be for another machine, and so is a job of Slurm's.
    elsewhere = config.dry_run or config.launcher.type == LauncherType.slurm
    place = None if elsewhere else launched()
    if not isinstance(nodes, int) or nodes < 1 or devices is None:
        return  # said elsewhere
    if is_single(config) and (devices * nodes > 1 or place is not None):
        asked = f"{place.by} starts {place.size}" if place else _asked(config, devices, nodes)
        yield f"strategy=single is one process, and {asked}; choose strategy=ddp or another of several, or start one"
    elif place is not None and devices and devices * nodes != place.size:
        yield (
            f"{place.by} started {place.size} processes{_shared_out(place)}, and trainer.devices={devices} x "
            f"trainer.num_nodes={nodes} is {devices * nodes}; leave both out, and they are what was started"
        )
    elif nodes > 1 and place is None and not elsewhere and _nobody_starts():
        yield (
            f"trainer.num_nodes={nodes}: nothing has started the processes of {nodes} machines; start this on each "
            f"with torchrun --nnodes {nodes} --nproc_per_node {devices or 'N'} ..., or choose launcher=slurm"
        )


def _nobody_starts() -> bool:
    return meeting() is None and not any(name in os.environ for name in _CLUSTERS)


def meeting() -> str | None:
    """Where machines meet on which a person starts one process each, as Lightning takes it; None where none said so."""
    if launched() is not None or "MASTER_ADDR" not in os.environ:
        return None
    by_hand = any(name in os.environ for name in ("NODE_RANK", "GROUP_RANK"))
    return f"{os.environ['MASTER_ADDR']}:{os.environ.get('MASTER_PORT', '12910')}" if by_hand else None


def _count(devices: Any) -> int | None:
    """How many devices a machine gives; 0: as many as there are; None: what is no number of devices."""
    if devices in ALL:
        return 0
    if isinstance(devices, str):
        parts = [part for part in devices.split(",") if part.strip()]
        return len(parts) if "," in devices else int(devices) if devices.strip().isdigit() else None
    return len(devices) if isinstance(devices, list) else devices if isinstance(devices, int) else None


def _asked(config: TrainConfig, devices: int, nodes: int) -> str:
    asked = [f"trainer.devices={config.trainer['devices']}"] * (devices > 1) + [f"trainer.num_nodes={nodes}"] * (
        nodes > 1
    )
    return f"{' and '.join(asked)} {'asks' if len(asked) == 1 else 'ask'} for more"


def _shared_out(place: Launched) -> str:
    return f" ({place.per_node} on each machine)" if place.per_node else ""
