"""One training run: check the data, build the model under the strategy, fit, leave a Hugging Face folder."""

import re
import signal
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import LambdaCallback
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.strategies import DeepSpeedStrategy

from llavapose.config.choices import Packing
from llavapose.config.schema import TrainConfig, plain_settings
from llavapose.config.values import not_dividing
from llavapose.data.check import INDEX
from llavapose.data.choose import said_counts
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.plan.epoch import steps_of
from llavapose.errors import CheckpointError, ConfigError
from llavapose.manifest import FOLDER, Checkpoint, set_aside, size_of
from llavapose.model.bases import family_of_base
from llavapose.model.features import let_go
from llavapose.model.parts import count_parameters
from llavapose.training.callbacks.early_stopping import EarlyStopping
from llavapose.training.callbacks.utilization import Utilization, priced
from llavapose.training.checkpoints.callback import Checkpoints
from llavapose.training.checkpoints.resume import found_checkpoints
from llavapose.training.export import export
from llavapose.training.launched import after_first, others_gone
from llavapose.training.loading import build_model, processor_of, refuse_unpackable
from llavapose.training.module import PoseModule
from llavapose.training.strategies import keeps_matrices
from llavapose.training.told.card import write_card
from llavapose.training.told.facts import Facts, facts_of, write_facts
from llavapose.training.watch import LossWatch, callbacks_of

EXPECTED_WARNINGS = (
    r"Found \d+ module\(s\) in eval mode",  # the frozen vision encoder
    "You're resuming from a checkpoint that ended before the epoch ended",  # the data module keeps its place itself
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
    ".* does not have many workers",
    "Be aware that when using `ckpt_path`, callbacks used to create",  # a file that Lightning's own callback wrote
    "When saving the DeepSpeed Stage 3 checkpoint, each worker",  # `python -m llavapose export` makes one of them
    "`torch.distributed.(all_gather_into_tensor|reduce_scatter_tensor)` is deprecated",  # DeepSpeed's calls
)
"""Warnings of the libraries beneath a run that do not apply here, by their beginnings."""


def build_data(
    config: TrainConfig, *, samples: Path, images: Path, accumulate: int, held_out_ids: Collection[int] = ()
) -> PoseDataModule:
    """The data module of a run's mixture.

    Raises:
        ConfigError: the base cannot be trained on rows as they are asked for.
    """
    refuse_unpackable(config)
    return PoseDataModule(
        samples=samples,
        images=images,
        processor=processor_of(config),
        config=config.data,
        batch_size=config.batch_size,
        accumulate=accumulate,
        loss=config.optim.loss_mean,
        seed=config.seed,
        held_out_ids=held_out_ids,
        index=config.data_dir / INDEX,
        family=family_of_base(config.model.base),
        base=config.model.base,
        max_pixels=config.model.max_pixels,
    )


def optimizer_steps(data: PoseDataModule, trainer: L.Trainer) -> int:
    """Optimizer steps of the whole run, for the schedule; known from the plan before anything is built."""
    return steps_of(data.steps_per_epoch(trainer.world_size), trainer.max_epochs, trainer.max_steps)


def announce(config: TrainConfig, data: PoseDataModule, trainer: L.Trainer, steps: int) -> None:
    """Print what is about to be trained on."""
    train = data.train
    most = train.num_frames
    frames = f", {most} frame{'s' * (most > 1)} a clip" * bool(most)
    alone = f", {train.num_without_picture} of text alone" * bool(train.num_without_picture)
    print(
        f"{config.data.name}: {len(train)} samples ({said_counts(train.kind_counts)}) of {train.num_pictures} pictures"
        f"{frames}{alone}, {len(data.val)} held out, "
        f"{train.num_truncated} cut at {config.data.max_length} tokens; {steps} steps"
    )
    if left := data.num_left(trainer.world_size):
        print(
            f"{config.data.name}: {left} samples of each epoch's order are left out: a last step of fewer than ranks x "
            "trainer.accumulate_grad_batches cannot be shared out"
        )
    if config.optim.muon_lr is not None and not keeps_matrices(trainer.strategy):
        strategy = type(trainer.strategy).__name__
        print(f"{config.data.name}: AdamW for all weights: {strategy} cuts up the matrices that Muon needs whole")


def refuse_cut(config: TrainConfig, data: PoseDataModule) -> None:
    """See that no answer of a run that learns places alone loses its end: JSON that is cut cannot be read.

    Raises:
        ConfigError: some do.
    """
    if config.data.asked_kinds == {"locate"} and data.train.num_truncated:
        raise ConfigError(
            f"data.max_length is {config.data.max_length}, and {data.train.num_truncated} of {len(data.train)} answers "
            "about joints are longer; raise it (model.max_length), or choose locate.coding=tokens or locate.asking=each"
        )


def fit(
    config: TrainConfig,
    trainer: L.Trainer,
    *,
    samples: Path,
    images: Path,
    held_out_ids: Collection[int] = (),
    begin: Callable[[], object] = lambda: None,
) -> Path | None:
    """Train one arm.

    Args:
        config: the run's settings.
        trainer: built from ``config.trainer``, ``strategy``, ``callbacks`` and ``logger``.
        samples: JSONL of samples.
        images: folder that their image paths are relative to.
        held_out_ids: COCO image ids whose samples are left out.
        begin: called on the first rank, before the first step and again behind the last: nothing can refuse the run
            then.

    Returns:
        The folder that the base's own class loads, ``<output_dir>/hf``; None of a trial
        run (``trainer.fast_dev_run``), which keeps nothing.

    Raises:
        DataError: bad records, all listed, before training.
        CheckpointError: ``resume`` without a checkpoint to go on from, or with one of another plan.
        StoppedError: the machine asked the run to stop; it has saved where it was.
    """
    # Before anything is built: new connectors draw their weights from it. Workers get seeds of their own from it.
    L.seed_everything(config.seed, workers=True, verbose=False)
    accumulate = trainer.accumulate_grad_batches
    if config.global_batch is not None:
        # How many devices there are may be known only now.
        problems = not_dividing(config.global_batch, config.batch_size, accumulate, trainer.world_size)
        if problems:
            raise ConfigError(problems[0])
    build = partial(build_data, config, samples=samples, images=images, accumulate=accumulate)
    # The first rank indexes the samples and reads the pictures, the others find what it has made.
    data = after_first(partial(build, held_out_ids=held_out_ids))
    steps = optimizer_steps(data, trainer)
    muon = keeps_matrices(trainer.strategy)
    optim = config.optim if muon else replace(config.optim, muon_lr=None)
    module = PoseModule(
        build=partial(build_model, config), num_steps=steps, optim=optim,
        packed_attention=config.model.packed_attention, packs=config.data.packing is not Packing.none,
        picture_ids=data.picture_ids,
    )  # fmt: skip
    refuse_cut(config, data)
    if trainer.is_global_zero:
        announce(config, data, trainer, steps)
    facts = facts_of(config, data, samples=samples, training=_sizes(config, trainer))
    tries = bool(config.trainer.get("fast_dev_run"))
    sign = partial(_sign, config, trainer, facts, begin)
    if not tries:
        callbacks_of(trainer).insert(0, LambdaCallback(on_train_start=lambda *_: sign()))
    _suit(trainer, config, validates=bool(len(data.val)))
    checkpoint = None if tries else _checkpoint_path(config, trainer)
    with _quieted(), others_gone(trainer.global_rank, trainer.world_size):
        with _logged(trainer), _other_weights(checkpoint), _interrupted():
            trainer.fit(module, data, ckpt_path=checkpoint)
            _say_features(trainer, module)
            if tries:
                return None
            _say_early(trainer, steps)
            sign()  # a checkpoint of the last step has nothing to start, and no logger has ended yet
        return _leave(config, trainer, module, facts)


def _leave(config: TrainConfig, trainer: L.Trainer, module: PoseModule, facts: Facts) -> Path:
    """The exported folder, with its facts and its card."""
    folder = export(config, trainer, module)
    if trainer.is_global_zero:
        total, trainable = count_parameters(module.llava.parameters())
        sizes = {"parameters trained": trainable, "parameters": total}
        training = {"optimizer steps": trainer.global_step, **_exported(trainer), **facts.training, **sizes}
        write_facts(folder, replace(facts, training=training))
        write_card(folder, None)
    trainer.strategy.barrier()
    return folder


def _exported(trainer: L.Trainer) -> dict[str, str]:
    """Of which step the exported weights are, where it is not the last."""
    one = next((one for one in trainer.checkpoint_callbacks if isinstance(one, Checkpoints)), None)
    if one is None or one.best is None or one.best_folder is None:
        return {}
    return {"exported": f"step {one.best.step}, where {one.metric} was lowest ({one.best.value:.4g})"}


def _say_early(trainer: L.Trainer, steps: int) -> None:
    """A run that a callback ended has come to its end, before the schedule has."""
    if trainer.global_step < steps and trainer.is_global_zero:
        stopped = next((one for one in callbacks_of(trainer) if isinstance(one, EarlyStopping)), None)
        patient = stopped is None or stopped.wait_count < stopped.patience
        why = " by one of its callbacks" if stopped is None or patient else f": {stopped.told}"
        print(f"ended behind step {trainer.global_step} of {steps}{why}", flush=True)


def _say_features(trainer: L.Trainer, module: PoseModule) -> None:
    """What keeping features of pictures came to, which are let go."""
    kept = let_go(module.llava)
    if kept is not None and trainer.is_global_zero:
        whose = f", on the first of {trainer.world_size} ranks" * (trainer.world_size > 1)
        print(f"{kept.said()}{whose}", flush=True)


def _suit(trainer: L.Trainer, config: TrainConfig, *, validates: bool) -> None:
    """What Lightning and DeepSpeed would ask of a data module's loaders or of a user, given to the trainer in place."""
    if isinstance(trainer.strategy, DeepSpeedStrategy) and isinstance(trainer.strategy.config, dict):
        # For DeepSpeed's throughput log; Lightning would look for a batch sampler, which packed batches do not have.
        trainer.strategy.config.setdefault("train_micro_batch_size_per_gpu", config.batch_size)
        # Offload refuses torch's AdamW otherwise, and DeepSpeed's own would have to be compiled.
        trainer.strategy.config.setdefault("zero_force_ds_cpu_optimizer", False)
    # Lightning would ask for a loader that has nothing to load.
    if not validates:
        trainer.limit_val_batches = 0
    if not any(isinstance(one, LossWatch) for one in callbacks_of(trainer)):
        # No run goes on with what is no number; before whoever writes checkpoints.
        callbacks_of(trainer).insert(0, LossWatch(factor=None))
    for one in callbacks_of(trainer):
        if isinstance(one, Utilization):
            one.priced = priced(config, num_gpus=trainer.num_devices)


def _sign(config: TrainConfig, trainer: L.Trainer, facts: Facts, begin: Callable[[], object]) -> None:
    """Leave on the first rank what says whose folder this is."""
    if not trainer.is_global_zero:
        return
    begin()
    # For whoever exports a checkpoint before the run has come to its end.
    write_facts(config.output_dir, facts)
    for logger in trainer.loggers:
        # By name, because a table of runs is grouped by them; the rest is nested as in --cfg job.
        logger.log_hyperparams({**plain_settings(config), "arm": config.data.name})


@contextmanager
def _quieted() -> Iterator[None]:
    """Without the expected warnings."""
    with warnings.catch_warnings():
        for message in EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


@contextmanager
def _other_weights(checkpoint: str | None) -> Iterator[None]:
    """A checkpoint of another model ends in one line, where torch names every weight."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # of the weights, and of the optimizer's states
        told = " ".join(str(error).split())
        if checkpoint is None or not re.search("loading state_dict|loaded state dict", told):
            raise
        raise CheckpointError(
            f"resume: {checkpoint} was trained by other settings of model, connector or adapter ({told[:150]}); give "
            "those, or start anew with resume=false in another output_dir"
        ) from None


@contextmanager
def _interrupted() -> Iterator[None]:
    """Ctrl-C is Ctrl-C: Lightning makes it the end of the process, without a word."""
    try:
        yield
    except SystemExit as ending:
        if isinstance(ending.__context__, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which Lightning had ignored
            raise KeyboardInterrupt from None
        raise


@contextmanager
def _logged(trainer: L.Trainer) -> Iterator[None]:
    """Every logger begins before anything is loaded; W&B's runs are brought to their end, come what may.

    Lightning leaves a run open, and W&B's own exit hook may end the process before the run's file is written.
    """
    for logger in trainer.loggers:
        try:
            getattr(logger, "experiment", None)  # made when it is asked for
        except Exception as error:
            if not type(error).__module__.startswith("wandb."):
                raise
            told = " ".join(str(error).split())[:300]
            raise ConfigError(
                f"logger: Weights & Biases cannot be reached so ({told}); log offline, or mend it"
            ) from None
    exit_code = 1
    try:
        yield
        exit_code = 0
    finally:
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger) and trainer.is_global_zero:
                logger.experiment.finish(exit_code=exit_code)


def _sizes(config: TrainConfig, trainer: L.Trainer) -> dict[str, Any]:
    """What the card says of a run besides its settings."""
    ranks, accumulate = trainer.world_size, trainer.accumulate_grad_batches
    return {
        "samples a step": config.batch_size * accumulate * ranks,
        "ranks": ranks,
        "strategy": type(trainer.strategy).__name__,
        "precision": str(trainer.precision),
    }


def _checkpoint_path(config: TrainConfig, trainer: L.Trainer) -> str | None:
    """What the run goes on from, None where it begins anew: then an earlier run's checkpoints are moved aside.

    Raises:
        CheckpointError: ``resume=true`` without a checkpoint to go on from.
        ConfigError: no callback that goes on from one.
    """
    found: list[Checkpoint] = []
    if config.resumes:
        strategy, ranks = type(trainer.strategy).__name__, trainer.world_size
        found = found_checkpoints(config.output_dir, strategy=strategy, world_size=ranks, say=trainer.is_global_zero)
    if found:
        callback = next((one for one in trainer.checkpoint_callbacks if isinstance(one, Checkpoints)), None)
        if callback is None:
            raise ConfigError("resume: nothing goes on from a checkpoint without callbacks.checkpoint; leave it in")
        return callback.go_on_from(found)
    if config.resume is True:
        raise CheckpointError(
            f"resume=true: no whole checkpoint in {config.output_dir / FOLDER}; give the earlier run's output_dir, or "
            "start anew with resume=false"
        )
    if trainer.is_global_zero and (aside := set_aside(config.output_dir)):
        print(f"checkpoints of an earlier run: moved to {aside} ({size_of(aside) / 1e9:.2f} GB), remove them at will")
    return None
