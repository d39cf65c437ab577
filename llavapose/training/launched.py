"""What only the first of a launcher's processes does, with what comes of it told to the others.

They meet at the address where training will: torchrun's own store, or one that the first rank opens there. None of them
has to find a GPU for it, and no wait has an end that would cut a slow preparation.
"""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

import torch.distributed

from llavapose.errors import LlavaPoseError
from llavapose.plain_json import parse_json
from llavapose.ranks import Launched, launched

_torch: Any = torch.distributed  # whose names are there at run time only
_LOOKS_UP = timedelta(minutes=1)
_OPENS = timedelta(minutes=30)
"""How long the first rank may take to begin: a node that boots, a module that loads."""
_CUT = re.compile(
    r"gloo/transport|(closed|reset) by peer|remote process exited|broken pipe|no response from remote", re.IGNORECASE
)
"""What gloo, NCCL and torch's store call a connection whose other end is gone."""
_numbers = itertools.count()
Made = TypeVar("Made")


def told_by_first(act: Callable[[], Any]) -> Any:
    """What ``act`` returns on the first rank, on every rank; they all call this in the same order.

    Args:
        act: run on the first rank alone; its result is of plain JSON values.

    Raises:
        SystemExit: on the others, where the first failed: it says why itself.
        LlavaPoseError: on the others, where the first is gone without a word.
    """
    place = launched()
    if place is None:
        return act()
    store, key = _store(place), str(next(_numbers))
    if place.rank:
        return _heard(store, key, place)
    try:
        value = act()
    except BaseException:
        store.set(key, json.dumps({"failed": True}))
        raise
    store.set(key, json.dumps({"value": value}))
    return value


def after_first(make: Callable[[], Made]) -> Made:
    """What ``make`` returns on each rank; on the first before the others begin, which find what it left on the disk.

    Raises:
        SystemExit, LlavaPoseError: as ``told_by_first``.
    """
    made: list[Made] = []
    told_by_first(lambda: made.append(make()))
    return made[0] if made else make()


@contextmanager
def others_gone(rank: int, size: int) -> Iterator[None]:
    """What training meets when another rank has ended is one line, where torch shows its own stack on every rank.

    Args:
        rank: this one's.
        size: how many there are.

    Raises:
        LlavaPoseError: the connection to another rank was cut; why, that rank has said itself, or nobody can say.
    """
    try:
        yield
    except RuntimeError as error:
        told = " ".join(str(error).split())
        if size == 1 or not (isinstance(error, _torch.DistNetworkError) or _CUT.search(told)):
            raise
        # Behind torch's own places in files of the machine that it was built on.
        reason = re.sub(r"\[\S*/\S*\]\s*", "", told)[:100]
        if re.search(r"timed?[ -]?out", told, re.IGNORECASE):
            raise LlavaPoseError(
                f"rank {rank} of {size}: heard nothing of another rank for too long ({reason}); it may be gone or "
                "slow: see its own output"
            ) from None
        raise LlavaPoseError(
            f"rank {rank} of {size}: another rank is gone ({reason}); its own output says why"
        ) from None


def _heard(store: Any, key: str, place: Launched) -> Any:
    try:
        while not _there(store, key):
            continue
        told = parse_json(store.get(key).decode(), what="first rank", where="its message")
    except _torch.DistError as error:
        reason = " ".join(str(error).split())[:100]
        raise LlavaPoseError(
            f"rank {place.rank} of {place.size}: the first rank is gone ({reason}); see its output"
        ) from None
    if told.get("failed"):
        raise SystemExit(1)
    return told["value"]


def _there(store: Any, key: str) -> bool:
    try:
        store.wait([key], _LOOKS_UP)
    except _torch.DistStoreError:
        return False
    return True


@cache
def _store(place: Launched) -> Any:
    if place.by == "srun":
        from lightning.fabric.plugins.environments.slurm import SLURMEnvironment  # seconds to import

        host, port = SLURMEnvironment().main_address, SLURMEnvironment().main_port
    else:
        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    agent = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    try:
        # Kept open, and shared with the process group that training opens at the same address.
        store = _torch.TCPStore(
            host,
            port,
            is_master=place.rank == 0 and not agent,
            timeout=_OPENS,
            wait_for_workers=False,
            multi_tenant=True,
        )
    except _torch.DistError as error:
        reason = " ".join(str(error).split())[:150]
        raise LlavaPoseError(
            f"rank {place.rank} of {place.size}: no meeting at {host}:{port} ({reason}); choose a free MASTER_PORT, "
            "and an address that every node reaches"
        ) from None
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return _torch.PrefixStore(f"llavapose/{attempt}", store)
