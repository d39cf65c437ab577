"""Between a run's settings and its checkpoint: data made where they are missing, training where it is due."""

from pathlib import Path

from llavapose.config.schema import TrainConfig
from llavapose.sweep.earlier import forget_trained, is_trained, mark_trained
from llavapose.sweep.identity import Data, identity_of


def prepare(config: TrainConfig) -> tuple[Data, Path]:
    """What to train on and the folder of its pictures; makes what is missing and says so."""
    from llavapose.data.check import INDEX
    from llavapose.data.index.records import ensure_records
    from llavapose.evaluation.held_out import held_out_ids
    from llavapose.teacher.make import ensure_samples

    if config.data.path is not None and config.data.images is not None:
        samples, images = config.data.path, config.data.images
        # What is bad is said before torch is imported.
        ensure_records(samples, images, kind=config.data.kind, folder=config.data_dir / INDEX)
    else:
        made = ensure_samples(config.scenes, config.teacher, config.data_dir, max_usd=config.max_usd, waits=True)
        samples, images = made.samples, made.images
    return Data(samples=samples, held_out_ids=held_out_ids(config)), images


def data_of(config: TrainConfig) -> Data:
    """What to train on; makes what is missing."""
    return prepare(config)[0]


def train(config: TrainConfig) -> Path | None:
    """Train, unless ``resume`` finds that training had ended; the checkpoint's folder, None on ranks other than 0."""
    data, images = prepare(config)

    from llavapose.training.fit import fit
    from llavapose.training.trainer import build_trainer

    trainer, identity, checkpoint = build_trainer(config), identity_of(config, data), config.output_dir / "hf"
    if config.resumes and is_trained(config.output_dir, identity):
        print(f"{config.data.name}: its training had ended; checkpoint {checkpoint}", flush=True)
    else:
        forget_trained(config.output_dir)
        fit(config, trainer, samples=data.samples, images=images, held_out_ids=data.held_out_ids)
        if trainer.is_global_zero:
            mark_trained(config.output_dir, identity)
    return checkpoint if trainer.is_global_zero else None
