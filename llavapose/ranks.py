"""Which of several processes this is, where a launcher has started them alike: torchrun, or Slurm's srun.

Ranks that Lightning starts itself are not among them: their parent has prepared everything before they begin.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Launched:
    """A process of a launcher.

    Attributes:
        rank: from 0, over all nodes.
        size: how many there are.
        by: the launcher.
        per_node: how many on each node; None where they are not shared out evenly, or nobody says.
    """

    rank: int
    size: int
    by: str
    per_node: int | None = None

    @property
    def counts(self) -> dict[str, int]:
        """What Lightning's trainer is to be told of them."""
        return {"devices": self.per_node, "num_nodes": self.size // self.per_node} if self.per_node else {}


def launched() -> Launched | None:
    """This process's place among those that a launcher has started; None where it is alone."""
    # Slurm tells its settings to every process of a job; a step's number only to those that srun has started.
    for rank, size, needs, by in (
        ("RANK", "WORLD_SIZE", "MASTER_ADDR", "torchrun"),
        ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID", "srun"),
    ):
        found = [os.environ.get(name, "") for name in (rank, size)]
        if needs in os.environ and all(text.isdigit() for text in found) and int(found[1]) > 1:
            return Launched(rank=int(found[0]), size=int(found[1]), by=by, per_node=_per_node(int(found[1]), by))
    return None


def _per_node(size: int, by: str) -> int | None:
    name = "LOCAL_WORLD_SIZE" if by == "torchrun" else "SLURM_STEP_NUM_NODES"
    text = os.environ.get(name, "")
    if not text.isdigit() or int(text) < 1 or size % int(text):
        return None
    return int(text) if by == "torchrun" else size // int(text)


def is_first() -> bool:
    """Whether this process speaks for the run: of several that are started alike, the first."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
