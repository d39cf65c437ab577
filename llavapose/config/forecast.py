"""Settings of the plan that ``train.py dry_run=true`` prints."""

import math
from dataclasses import dataclass

from llavapose.config.choices import CardName


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
