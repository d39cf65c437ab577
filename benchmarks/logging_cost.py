"""What logging costs a training: the same run with a callback and without, in turn, in the processor's seconds.

    python -m benchmarks.logging_cost                               # losses by kind: callbacks.kinds
    python -m benchmarks.logging_cost --without kinds rates utilization

The tiny model on the built-in world as `train.py` trains it, on one thread, both arms in one process in turns (with,
without, without, with); a step's batch is the same in all. Of each step the fastest round counts. Beside the difference
stands what passes inside the callbacks' own methods, which other work on the machine hardly moves. Ends with 1 where
either is above 2% of a step.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import numpy as np
import torch

from llavapose.bars import tame_bars
from llavapose.cli.training import prepare
from llavapose.config.compose import settings
from llavapose.config.schema import TrainConfig
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.training.fit import fit
from llavapose.training.trainer import build_trainer
from llavapose.training.watch import callbacks_of

MOST = 2.0
"""Per cent of a step: what a log may cost."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """CPU seconds of each step, and all that passed inside the callbacks' methods meanwhile."""

    seconds: tuple[float, ...]
    inside: float


class Timed(L.Callback):
    """Notes when each step has ended, the first one to begin with, and times the methods of other callbacks."""

    def __init__(self, others: Sequence[L.Callback]) -> None:
        self.ends: list[float] = []
        self.inside = 0.0
        for one in others:
            for name in vars(L.Callback):
                if name.startswith("on_") and getattr(type(one), name) is not getattr(L.Callback, name):
                    setattr(one, name, self._timing(getattr(one, name)))

    def _timing(self, hook: Callable[..., None]) -> Callable[..., None]:
        return lambda *given: self.spent_in(hook, *given)

    def spent_in(self, hook: Callable[..., None], *given: Any) -> None:
        """Call it, and count its seconds from the end of the first step on."""
        start = time.process_time()
        hook(*given)
        self.inside += (time.process_time() - start) * bool(self.ends)

    def on_train_batch_end(self, trainer: L.Trainer, *further: object) -> None:
        """A step of one micro-step has ended."""
        self.ends.append(time.process_time())


def trained(config: TrainConfig, samples: Path, images: Path, *, of: Sequence[str], logs: bool) -> Run:
    """One run with the callbacks or without them; nothing of it stays."""
    targets = [config.callbacks[name]["_target_"] for name in of]
    kept = {name: part for name, part in config.callbacks.items() if logs or name not in of}
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        config = replace(config, callbacks=kept, output_dir=Path(folder))
        trainer = build_trainer(config)
        others = [one for one in callbacks_of(trainer) if f"{type(one).__module__}.{type(one).__name__}" in targets]
        timed = Timed(others)
        callbacks_of(trainer).append(timed)
        fit(config, trainer, samples=samples, images=images)
    return Run(seconds=tuple(float(one) for one in np.diff(timed.ends)), inside=timed.inside)


def in_turn(run: Callable[[bool], Run], rounds: int) -> tuple[list[Run], list[Run]]:
    """Rounds without and with, each arm the first as often as the other."""
    found: tuple[list[Run], list[Run]] = ([], [])
    for number in range(rounds):
        for logs in (True, False) if number % 2 == 0 else (False, True):
            found[logs].append(run(logs))
    return found


def told(without: Sequence[Run], logs: Sequence[Run]) -> tuple[list[str], bool]:
    """The table's lines, and whether both ways of telling the cost stay within the limit."""
    plain, more = (float(np.min([run.seconds for run in arm], axis=0).mean()) for arm in (without, logs))
    inside = min(run.inside / len(run.seconds) for run in logs)
    apart, share = 100 * (more / plain - 1), 100 * inside / plain
    lines = [
        "| callbacks | CPU s a step | difference | inside them, ms a step |",
        "|---|---|---|---|",
        f"| without | {plain:.4f} | - | - |",
        f"| with | {more:.4f} | {apart:+.1f}% | {1000 * inside:.2f} ({share:.1f}%) |",
    ]
    return lines, max(apart, share) <= MOST


def config_of(root: Path, steps: int, without: Sequence[str]) -> TrainConfig:
    """The settings of either arm.

    Raises:
        ConfigError: a callback is named that the default has not.
    """
    words = [
        "data.num_val=0", "logger=none", "evaluate=false", "callbacks.checkpoint=null", "callbacks.packing=null",
        "callbacks.progress=null", f"trainer.max_steps={steps + 1}", "trainer.max_epochs=-1", "scenes.num_train=200",
        "scenes.num_val=4", f"scenes.root={root / 'logging_cost'}", f"data_dir={root / 'logging_cost_samples'}",
        f"output_dir={root / 'logging_cost_run'}",
    ]  # fmt: skip
    config: TrainConfig = settings("train", conf_folder(), words)
    for name in without:
        if config.callbacks.get(name) is None:
            there = ", ".join(name for name, part in config.callbacks.items() if part is not None)
            raise ConfigError(f"no callback {name} in a run of this benchmark; there are {there}")
    return config


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 where logging costs more than the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", nargs="+", default=["kinds"], help="callbacks of one arm alone; kinds")
    parser.add_argument("--steps", type=int, default=25, help="of a run that count, behind one that does not")
    parser.add_argument("--rounds", type=int, default=2, help="runs of either arm")
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="of the drawn pictures")
    given = parser.parse_args(words)
    tame_bars()
    torch.set_num_threads(1)
    try:
        config = config_of(given.root, given.steps, given.without)
        made, images = prepare(config)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    def run(logs: bool) -> Run:
        return trained(config, made.samples, images, of=given.without, logs=logs)

    short = replace(config, trainer={**config.trainer, "max_steps": 2})
    trained(short, made.samples, images, of=given.without, logs=True)  # warms up
    lines, within = told(*in_turn(run, given.rounds))
    names, rounds = (", ".join(f"callbacks.{one}" for one in given.without), given.rounds)
    print(f"{names}, {rounds} round{'s' * (rounds != 1)} of {given.steps} steps in either arm")
    print("\n".join(lines))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
