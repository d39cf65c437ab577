"""What ranks say to one another about checkpoints, on the host and apart from what training sends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy

from llavapose.errors import CheckpointError, DiskError, LlavaPoseError, disk_words


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """The processes of a run.

    Attributes:
        rank: this one's number.
        size: how many there are.
        talk: their group for what is said at a step's edge; None for one alone.
        write: a second group, for what a thread says while training goes on; only where a strategy saves that way.
    """

    rank: int = 0
    size: int = 1
    talk: dist.ProcessGroup | None = None
    write: dist.ProcessGroup | None = None

    @property
    def is_first(self) -> bool:
        """Whether this rank writes what is written once."""
        return self.rank == 0

    def most(self, values: Sequence[int]) -> list[int]:
        """The largest of every rank's values, place by place."""
        if self.size == 1:
            return list(values)
        # gloo on the host: no GPU has to wait for it.
        tensor = torch.tensor(values, dtype=torch.int64)
        dist.all_reduce(tensor, op=dist.ReduceOp.MAX, group=self.talk)
        return tensor.tolist()

    def gather(self, value: Any) -> list[Any]:
        """Every rank's value, on every rank."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self.talk)
        return found


def joined(trainer: L.Trainer) -> Ranks:
    """The ranks of a trainer whose processes have found one another; every rank calls it at the same place."""
    if trainer.world_size == 1:
        return Ranks()
    new_group: Any = dist.new_group  # whose stub also tells of a number, for ranks that are not members
    threads = isinstance(trainer.strategy, ModelParallelStrategy)
    return Ranks(
        rank=trainer.global_rank,
        size=trainer.world_size,
        talk=new_group(backend="gloo"),
        write=new_group(backend="gloo") if threads else None,
    )


def together(ranks: Ranks, what: str, act: Callable[[], None], *, first_only: bool = False) -> None:
    """Do something on every rank, or on the first; where one fails, all raise, so that none waits for the others.

    Args:
        ranks: all of them.
        what: opens the message, such as "checkpoint of step 500".
        act: what to do.
        first_only: whether the others only wait for it.

    Raises:
        DiskError: a disk refused.
        CheckpointError: anything else went wrong.
    """
    failed: BaseException | None = None
    if ranks.is_first or not first_only:
        try:
            act()
        except Exception as error:
            failed = error
    raise_failures(ranks, what, failed)


def raise_failures(ranks: Ranks, what: str, failed: BaseException | None) -> None:
    """Raise on every rank where one failed."""
    mine = None if failed is None else _told(failed)
    for rank, theirs in enumerate(ranks.gather(mine)):
        if theirs is not None:
            kind = DiskError if theirs[0] else CheckpointError
            whose = f" on rank {rank}" if ranks.size > 1 else ""
            raise of_all(kind(f"{what}{whose}: {theirs[1]}")) from failed


def of_all(error: LlavaPoseError) -> LlavaPoseError:
    """An error that all ranks raise alike."""
    error.on_all_ranks = True
    return error


def _told(failed: BaseException) -> tuple[bool, str]:
    """Whether it came from a disk, and in words."""
    if isinstance(failed, LlavaPoseError):
        return isinstance(failed, DiskError), str(failed)
    words = disk_words(failed)
    return words is not None, words or " ".join(f"{failed!r}".split())[:300]
