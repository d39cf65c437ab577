"""Settings of the plan that ``train.py dry_run=true`` prints."""

from dataclasses import dataclass

from llavapose.config.choices import CardName


@dataclass(kw_only=True)
class ForecastConfig:
    """What ``dry_run=true`` reckons with."""

    mfu: float = 0.35
    """Share of a GPU's operations that is used; LLaVA's own rate on A100s comes to 0.38 for the papers' set."""
    card: CardName | None = None
    """GPU to plan for; null: the one of this machine, and without one an A100 of 80 GB."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        if 0 < self.mfu <= 1:
            return []
        return [f"forecast.mfu is {self.mfu}; expected a share above 0 and at most 1, e.g. 0.35"]
