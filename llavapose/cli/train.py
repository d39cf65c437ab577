"""Fine-tune a vision-language model on one mixture of instruction data, then evaluate it.

  python train.py                                    the tiny model on all three kinds of data
  python train.py data=detail optim.lr=5e-4          one kind, another learning rate
  python train.py -m data=conv,detail,complex,full   one job for each, then the ablation table
  python train.py data.path=samples.jsonl data.images=photos   samples made elsewhere; data=published: as the original's
  python train.py experiment=paper_7b                the papers' recipe (two GPUs)
  python train.py experiment=paper_7b dry_run=true   steps, hours, memory, disk, and what would fit; loads nothing
  python train.py data=detail resume=true            go on from the last checkpoint
  python train.py experiment=debug                   every part of a run, small, in about a minute

Pictures and samples that are missing are made first. A run leaves, below output_dir: hf/ (a folder that transformers
loads), checkpoints/, logs/, and its answers, verdicts and probe.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from llavapose.cli.card import complete_card
from llavapose.cli.ending import say_results, say_sweep
from llavapose.cli.training import by_first, data_of, refuse_early, refuse_no_room, refuse_unread, submit_run, train
from llavapose.config.choices import LauncherType
from llavapose.config.schema import TrainConfig, evaluation_of
from llavapose.config.start import start
from llavapose.errors import ConfigError
from llavapose.ranks import is_first, launched
from llavapose.sweep.launch import launch


def main(config: TrainConfig) -> None:
    """Make what is missing, train, evaluate, say what is left; or say before what it would take."""
    refuse_unread(config)
    if config.dry_run:
        from llavapose.cli.plan import print_plan

        return print_plan(config) if is_first() else None
    if config.launcher.type == LauncherType.slurm:
        return submit_run(config)
    by_first(partial(refuse_early, config))
    checkpoint = train(config)
    if checkpoint is None:
        return None
    if config.evaluate:
        from llavapose.evaluation.evaluate import evaluate

        complete_card(checkpoint, evaluate(evaluation_of(config, checkpoint=checkpoint)), config.data.name)
    say_results(config, checkpoint)


def sweep(conf: Path, overrides: Sequence[str]) -> None:
    """``-m``: one job for each combination."""
    if (place := launched()) is not None:
        raise ConfigError(f"-m starts the processes of its jobs itself; leave out {place.by}, or -m")
    if any(text.lstrip("+").startswith("dry_run=") for text in overrides):
        raise ConfigError("dry_run plans one run; leave out -m, and give one value of each setting")
    launch(conf, overrides, prepare=data_of, finish=say_sweep, check=refuse_no_room)


def run() -> None:
    """The command line."""
    start("train", main, __doc__ or "", sweep=sweep, share=by_first)


if __name__ == "__main__":
    run()
