"""Settings of where a run goes, and of what it is told to need before it starts."""

import math
import re
from dataclasses import dataclass, field

from llavapose.config.choices import CardName, LauncherType
from llavapose.config.values import too_small, unread

_SLURM_TIME = re.compile(r"\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2}|(?i:unlimited|infinite)")


@dataclass(kw_only=True)
class LauncherConfig:
    """Group ``launcher``: where a run, or each job of ``-m``, becomes a process tree of its own."""

    type: LauncherType = LauncherType.local
    jobs: int = 1
    """Jobs of ``-m`` at the same time; each gets its share of the cores."""
    baseline: bool = True
    """With ``-m``, also evaluate the untouched base, once, as the row ``baseline``."""
    submit: bool = True
    """Give Slurm the job; false: print its script."""
    time: str = "24:00:00"
    """Most time of one stretch, as Slurm writes it; a run that is longer goes on in the next."""
    signal_s: int = 300
    """Seconds before the time is up that the run is told, to save."""
    cpus_per_task: int = 8
    """Cores of a rank."""
    mem: str | None = None
    """Memory of a machine, as Slurm writes it; null: the partition's own."""
    partition: str | None = None
    account: str | None = None
    setup: list[str] = field(default_factory=list)
    """Lines of shell before the run, such as ``module load cuda``."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        if self.type == LauncherType.local:
            names = ("submit", "time", "signal_s", "cpus_per_task", "mem", "partition", "account", "setup")
            return too_small(self, "launcher.", jobs=1) + unread(self, "launcher.", names, "choose launcher=slurm")
        found = unread(self, "launcher.", ("jobs",), "Slurm decides how many run at the same time; leave it out")
        if not _SLURM_TIME.fullmatch(self.time):
            found.append(f"launcher.time is {self.time!r}; expected Slurm's form, such as 24:00:00 or 90 (minutes)")
        return found + too_small(self, "launcher.", signal_s=1, cpus_per_task=1)


@dataclass(kw_only=True)
class ForecastConfig:
    """What ``dry_run=true`` reckons with."""

    mfu: float = 0.35
    """Share of a GPU's operations that is used; LLaVA's own rate on A100s comes to 0.38 for the papers' set."""
    card: CardName | None = None
    """GPU to plan for; null: the one of this machine, and without one an A100 of 80 GB."""
    host_gib: float | None = None
    """Memory of each machine that would run it, GiB; null: this machine's, told beside the plan, and held against it
    where the GPU is this machine's too."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = []
        if not 0 < self.mfu <= 1:
            found.append(f"forecast.mfu is {self.mfu}; expected a share above 0 and at most 1, e.g. 0.35")
        if self.host_gib is not None and not 0 < self.host_gib < math.inf:
            found.append(f"forecast.host_gib is {self.host_gib}; expected a positive number, e.g. 512")
        return found
