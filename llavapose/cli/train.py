"""Fine-tune a LLaVA on one mixture of instruction data, then evaluate it.

  python train.py                                    the tiny model on all three kinds of data
  python train.py data=detail optim.lr=5e-4          one kind, another learning rate
  python train.py -m data=conv,detail,complex,full   one job for each, then the ablation table
  python train.py data.path=samples.jsonl data.images=photos   samples made elsewhere; data=published: as the original's
  python train.py experiment=paper_7b                the papers' recipe (two GPUs)
  python train.py data=detail resume=true            go on from the last checkpoint

Pictures and samples that are missing are made first. A run leaves, below output_dir: hf/ (a folder that transformers
loads), checkpoints/, logs/, and its answers, verdicts and probe.
"""

from functools import partial
from pathlib import Path

from llavapose.cli.ending import say_results
from llavapose.config.inputs import missing_opponent
from llavapose.config.schema import TrainConfig, evaluation_of
from llavapose.config.start import start
from llavapose.errors import ConfigError
from llavapose.sweep.launch import is_job, launch


def prepare(config: TrainConfig) -> tuple[Path, Path]:
    """The samples to train on and the folder of their pictures; makes what is missing and says so."""
    if config.data.path is not None and config.data.images is not None:
        return config.data.path, config.data.images
    from llavapose.teacher.make import ensure_samples

    made = ensure_samples(config.scenes, config.teacher, config.data_dir, max_usd=config.max_usd)
    return made.samples, made.images


def main(config: TrainConfig) -> None:
    """Make what is missing, train, evaluate, say what is left."""
    alone = config.evaluate and not is_job(config)  # a sweep evaluates its baseline first
    if alone and (missing := missing_opponent(config.judge, config.data.name, config.results_dir)):
        raise ConfigError("\n".join(missing))
    samples, images = prepare(config)

    from llavapose.evaluation.held_out import held_out_ids
    from llavapose.training.fit import fit
    from llavapose.training.trainer import build_trainer

    trainer = build_trainer(config)
    checkpoint = fit(config, trainer, samples=samples, images=images, held_out_ids=held_out_ids(config))
    if not trainer.is_global_zero:
        return
    if config.evaluate:
        from llavapose.evaluation.evaluate import evaluate

        evaluate(evaluation_of(config, checkpoint=checkpoint))
    say_results(config, checkpoint)


def finish(sweep_dir: Path) -> None:
    """The tables and the page of a sweep."""
    from llavapose.report.sweep import finish_sweep

    finish_sweep(sweep_dir)


def run() -> None:
    """The command line."""
    start("train", main, __doc__ or "", sweep=partial(launch, prepare=prepare, finish=finish))


if __name__ == "__main__":
    run()
