"""Between a run's settings and its checkpoint: data made where they are missing, training where it is due."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.checks.inputs import missing_anchor
from llavapose.config.checks.machine.processes import meeting
from llavapose.config.places import settle
from llavapose.config.schema import TrainConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.ranks import is_first, launched
from llavapose.sweep.earlier import forget_trained, is_trained, mark_trained
from llavapose.sweep.identity import Data, Identity, identity_of
from llavapose.sweep.jobs import is_job


def prepare(config: TrainConfig) -> tuple[Data, Path]:
    """What to train on and the folder of its pictures; makes what is missing and says so."""
    from llavapose.data.check import INDEX
    from llavapose.data.index.records import ensure_records
    from llavapose.evaluation.benchmarks.held_out import held_out_ids

    if config.data.path is not None and config.data.images is not None:
        samples, images = config.data.path, config.data.images
        # What is bad is said before torch is imported.
        folder, frames = config.data_dir / INDEX, config.data.frames
        ensure_records(samples, images, kind=config.data.kind, folder=folder, frames=frames, look=True)
    else:
        samples, images = _made(config)
    return Data(samples=samples, held_out_ids=held_out_ids(config)), images


def _made(config: TrainConfig) -> tuple[Path, Path]:
    """Samples of the kinds that the mixture has, made from the scenes, and the folder of their pictures."""
    from llavapose.data.joined import join_sets
    from llavapose.locate.make import ensure_located
    from llavapose.teacher.make import ensure_samples

    wanted = config.data.asked_kinds
    sets: dict[str, tuple[Path, Path]] = {}
    if wanted - {"locate"}:
        made = ensure_samples(config.scenes, config.teacher, config.data_dir, max_usd=config.max_usd, waits=True)
        sets["pictures"] = made.samples, made.images
    if "locate" in wanted:
        sets["people"] = ensure_located(config.scenes, config.locate, config.data_dir)
    return join_sets(sets, config.data_dir) if len(sets) > 1 else next(iter(sets.values()))


def data_of(config: TrainConfig) -> Data:
    """What to train on; makes what is missing."""
    return prepare(config)[0]


def by_first(act: Callable[[], Any]) -> Any:
    """What ``act`` returns, of plain values; of several ranks that torchrun or Slurm started, the first runs it."""
    if launched() is None:
        return act()
    from llavapose.training.launched import told_by_first

    return told_by_first(act)


def submit_run(config: TrainConfig) -> None:
    """Give Slurm this run, as this command says it."""
    from hydra.core.hydra_config import HydraConfig

    from llavapose.config.start import conf_folder
    from llavapose.sweep.jobs import script_words
    from llavapose.sweep.slurm import batch_of, local_words, submit

    words = [*script_words(conf_folder(), "train"), *local_words(HydraConfig.get().overrides.task)]
    submit(batch_of(config, name=config.data.name, folder=config.output_dir, words=words))


def refuse_no_room(config: TrainConfig) -> None:
    """See that a sample has room beside its picture, where the base's configuration is here to say what that takes.

    Raises:
        ConfigError: it has none.
    """
    from llavapose.training.forecast.shapes import shapes_for

    try:
        one = shapes_for(config.model, config.connector).image_tokens
    except LlavaPoseError:
        return  # loading it says what is wrong, if anything is
    frames = shown_frames(config) or 1
    what, taken = "a picture" if frames == 1 else f"{frames} frames", frames * one
    if config.data.max_length <= taken:
        raise ConfigError(
            f"data.max_length is {config.data.max_length}, and {what} of {config.model.base} alone take"
            f"{'s' * (frames == 1)} {taken} tokens; leave room for a sample's words"
            f"{', or set connector.pool or fewer data.frames' * (frames > 1)}"
        )


def shown_frames(config: TrainConfig) -> int | None:
    """Frames that a sample of these scenes shows at most; None: single pictures, or samples of files."""
    if config.data.path is not None or not config.scenes.source.over_time:
        return None
    there = config.scenes.num_frames
    return min(there, config.data.frames or there)


def refuse_without_opponent(config: TrainConfig) -> None:
    """See that a judge of pairs has answers to lay a run's beside; a sweep evaluates its baseline first.

    Raises:
        ConfigError: there are none.
    """
    if not config.evaluate or is_job(config):
        return
    if missing := missing_anchor(config.judge, config.data.name, config.results_dir):
        raise ConfigError("\n".join(missing))


def refuse_early(config: TrainConfig) -> None:
    """What can be refused before data are made: no room for words, no opponent, boxes that are none.

    Raises:
        LlavaPoseError: it is.
    """
    refuse_no_room(config)
    refuse_without_opponent(config)
    refuse_boxes(config)


def refuse_unread(config: TrainConfig) -> None:
    """See that settings of ``locate`` have a kind to be of; cells of a grid share them, and are let be.

    Raises:
        ConfigError: nothing reads them.
    """
    if not is_job(config) and (unread := config.unread_locate()):
        raise ConfigError("\n".join(unread))


def refuse_boxes(config: TrainConfig) -> None:
    """See that a detector's boxes, by which people will be shown when training has ended, can be read.

    Raises:
        DataError: they cannot.
    """
    if config.evaluate and config.locates and config.locate.boxes is not None:
        from llavapose.locate.boxes import read_detections

        read_detections(config.locate.boxes)


def _with_workers(config: TrainConfig) -> TrainConfig:
    """No more loading processes than cores: they would wait for one another, and load the same samples."""
    from llavapose.data.index.shards import num_cores

    asked, cores = config.data.num_workers, num_cores()
    if asked <= cores:
        return config
    if is_first():
        print(f"data.num_workers={asked}: {cores} cores here, and as many loading processes", flush=True)
    return replace(config, data=replace(config.data, num_workers=cores))


def train(config: TrainConfig) -> Path | None:
    """Train, unless ``resume`` finds that training had ended; the checkpoint's folder, None on ranks other than 0."""
    own: list[Identity] = []

    def look() -> dict[str, Any]:
        data, images = prepare(config)
        own.append(identity_of(config, data))
        ended = config.resumes and is_trained(config.output_dir, own[0])
        ids = sorted(data.held_out_ids)
        return {"samples": str(data.samples), "images": str(images), "held_out_ids": ids, "ended": ended}

    found = by_first(look)

    from llavapose.training.fit import fit
    from llavapose.training.trainer import build_trainer

    def begin() -> None:
        """On the first rank, before the first step: what could be refused has been."""
        settle()
        forget_trained(config.output_dir)

    config = _with_workers(config)
    if (place := meeting()) is not None and config.trainer.get("num_nodes", 1) > 1:
        print(f"waiting for the processes of {config.trainer['num_nodes']} machines at {place}", flush=True)
    trainer, checkpoint = build_trainer(config), config.output_dir / "hf"
    if not found["ended"]:
        samples, images = Path(found["samples"]), Path(found["images"])
        ids = found["held_out_ids"]
        if fit(config, trainer, samples=samples, images=images, held_out_ids=ids, begin=begin) is None:
            if trainer.is_global_zero:
                print("trainer.fast_dev_run: every part has run; nothing is kept", flush=True)
            return None
        if trainer.is_global_zero:
            mark_trained(config.output_dir, own[0])
    elif trainer.is_global_zero:
        settle()
        print(f"{config.data.name}: its training had ended; checkpoint {checkpoint}", flush=True)
    return checkpoint if trainer.is_global_zero else None
