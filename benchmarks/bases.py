"""What each base of ``conf/model`` takes: tokens of a picture, parameters, memory and hours, by the plan.

    python -m benchmarks.bases

The papers' set by its published counts, all samples of a picture behind one copy of it, the recipe of the base's file
under ZeRO-3 on two A100 of 80 GB; ``train.py dry_run=true`` prints the same numbers. No model is built, nothing is
asked of a network; half a minute. Exits with 1 where a base that is said to fit does not.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from llavapose.cli.plan import forecast
from llavapose.config.compose import composed, typed
from llavapose.config.start import conf_folder
from llavapose.training.forecast.cards import GIB
from llavapose.training.forecast.forecast import Forecast

SETTINGS = (
    "data=full", "data.max_branches_per_image=0", "evaluate=false", "strategy=deepspeed_stage3", "trainer.devices=2",
    "dry_run=true", "forecast.card=a100_80gb",
)  # fmt: skip
LARGE = ("llava15_13b", "mistral3")
"""Those that two such cards cannot train whole."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """One line."""

    name: str
    plan: Forecast

    @property
    def fits(self) -> bool:
        """Whether the widest micro-batch's peak is within the card."""
        return self.plan.card is not None and self.plan.memory.peak <= self.plan.card.memory

    def line(self) -> str:
        """As a row of the table."""
        plan, shapes = self.plan, self.plan.shapes
        tokens = f"{shapes.image_tokens:,}{'' if shapes.varies else ', of any size'}"
        hours = "—" if plan.hours is None else f"{plan.hours:.1f}"
        peak = f"{plan.memory.peak / GIB:.1f}{'' if self.fits else ': does not fit'}"
        size, epoch = f"{shapes.total / 1e9:.2f}", f"{plan.epoch.tokens / 1e6:,.0f}"
        return f"| `{self.name}` | {size} | {tokens} | {epoch} | {peak} | {hours} |"


def names() -> list[str]:
    """Of ``conf/model``, but for the tiny base."""
    return sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml") if path.stem != "tiny")


def planned(names: list[str]) -> Iterator[Base]:
    """Each base's plan, where neither files of bases nor samples lie."""
    before, cache = Path.cwd(), os.environ.get("HF_HUB_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HF_HUB_CACHE"] = folder
        try:
            for name in names:
                config = typed("train", composed("train", conf_folder(), [f"model={name}", *SETTINGS]))
                yield Base(name=name, plan=forecast(config))
        finally:
            os.chdir(before)
            if cache is None:
                del os.environ["HF_HUB_CACHE"]
            else:
                os.environ["HF_HUB_CACHE"] = cache


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    print("| `model=` | parameters, 1e9 | tokens of 640 x 480 | M tokens an epoch | GiB a card | hours |")
    print("|---|---:|---:|---:|---:|---:|")
    bases = []
    for base in planned(names()):
        bases.append(base)
        print(base.line(), flush=True)
    return int(any(base.fits is (base.name in LARGE) for base in bases))


if __name__ == "__main__":
    sys.exit(main())
