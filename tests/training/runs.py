"""Small runs of ``fit``; as a script, those that need processes of their own: ``runs.py JOB.json``."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger
from omegaconf import OmegaConf

from llavapose.config.choices import ConnectorType, Dtype, LossMean, PackedAttention, Packing, Sampler
from llavapose.config.compose import composed
from llavapose.config.schema import (
    AdapterConfig,
    ConnectorConfig,
    DataConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
    plain_settings,
)
from llavapose.errors import LlavaPoseError
from llavapose.model.pretrained import load_model
from llavapose.training import export
from llavapose.training.callbacks import utilization
from llavapose.training.callbacks.curves import Curves
from llavapose.training.callbacks.early_stopping import EarlyStopping
from llavapose.training.callbacks.kinds import KindLosses
from llavapose.training.callbacks.packing import PackingCheck
from llavapose.training.callbacks.predictions import Predictions
from llavapose.training.callbacks.profile import Profile
from llavapose.training.callbacks.rates import Rates
from llavapose.training.callbacks.throughput import Throughput
from llavapose.training.callbacks.utilization import Utilization
from llavapose.training.checkpoints import save, state
from llavapose.training.checkpoints.callback import Checkpoints
from llavapose.training.fit import fit
from llavapose.training.module import PoseModule


class Stop(L.Callback):
    """Ends the run behind an optimizer step: by SIGKILL amid the next one's micro-steps, or in good order."""

    def __init__(self, step: int, *, kill: bool) -> None:
        self.step, self.kill = step, kill

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int) -> Any:
        if trainer.global_step < self.step:
            return None
        if self.kill:
            if (batch_idx + 1) % trainer.accumulate_grad_batches:
                return None
            os.kill(os.getpid(), signal.SIGKILL)
        trainer.should_stop = True
        return -1


class Masters(L.Callback):
    """Leaves the weights that the optimizer steps, whole and as it keeps them, and the buffers: ``masters.pt``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, PoseModule)
        found = {name: _master(value) for name, value in pl_module.llava.named_parameters() if value.requires_grad}
        if trainer.is_global_zero:
            torch.save({"masters": found, "buffers": dict(pl_module.llava.named_buffers())}, self.folder / "masters.pt")


def _master(parameter: torch.nn.Parameter) -> torch.Tensor | None:
    if hasattr(parameter, "ds_id") or hasattr(parameter, "_hp_mapping"):
        from deepspeed.utils import safe_get_full_fp32_param

        return safe_get_full_fp32_param(parameter)
    whole = parameter.full_tensor() if isinstance(parameter, torch.distributed.tensor.DTensor) else parameter
    return whole.detach()


class Fault(L.Callback):
    """On one rank, behind an optimizer step: a signal, a sudden end, what is no number, or a disk that is full.

    The disk is so from then on; as ``full_export`` only when training has ended.
    """

    def __init__(self, what: str, rank: int, step: int) -> None:
        self.what, self.rank, self.step = what, rank, step
        self._hook: Any = None

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step != self.step or trainer.global_rank != self.rank:
            return
        self.step = -1
        if self.what == "killed":
            (self.folder_of(trainer) / "killed.txt").write_text(str(time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.what == "full_export":
            export.write_checkpoint = lambda folder, **_: _full(folder.parent / "half")
        elif self.what == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.what == "nan":
            module: Any = pl_module
            plain = module.losses
            module.losses = lambda batch: plain(batch) * float("nan")
        elif self.what == "gradients":
            # DeepSpeed keeps no `grad`: each is spoiled where it comes into being.
            trained = [one for one in pl_module.parameters() if one.requires_grad]
            self._hook = trained[-1].register_hook(lambda gradient: gradient * float("nan"))
        else:
            state.save_file = save.write_states = _full

    def folder_of(self, trainer: L.Trainer) -> Path:
        """The run's own."""
        return Path(trainer.default_root_dir)

    def on_after_backward(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self._hook is not None:
            # FSDP2 has no use for hooks of single weights; its shares are there behind the last micro-step.
            for one in pl_module.parameters():
                if isinstance(one.grad, torch.distributed.tensor.DTensor):
                    one.grad.to_local().mul_(float("nan"))

    def on_exception(self, trainer: L.Trainer, *further: object) -> None:
        state.save_file, save.write_states = _PLAIN
        if self._hook is not None:
            self._hook.remove()


class Unproven(PackingCheck):
    """The self-test of the first backend fails on one rank alone, when it has run the model as often as the others."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.rank, self.num = rank, 0

    def _once(self, trainer: L.Trainer, module: Any, batch: Any) -> Any:
        proof = super()._once(trainer, module, batch)
        self.num += 1
        if self.num == 1 and trainer.global_rank == self.rank:
            raise LlavaPoseError(f"planted on rank {self.rank}")
        return proof


_PLAIN = (state.save_file, save.write_states)


def _full(*arguments: Any) -> None:
    path = arguments[-1]
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def run(
    *,
    base: str,
    samples: str,
    images: str,
    output_dir: str,
    strategy: Any = "auto",
    devices: int = 1,
    batch_size: int = 8,
    accumulate: int = 1,
    epochs: int = 1,
    max_steps: int = -1,
    save_every: int | None = None,
    stop: tuple[int, bool] | None = None,
    fault: tuple[str, int, int] | None = None,
    keep: int = 2,
    resume: bool | str = False,
    num_val: int = 0,
    workers: int = 0,
    val_check: float = 1.0,
    max_branches: int = 0,
    sampler: Sampler = Sampler.shared,
    packing: Packing = Packing.pictures,
    global_batch: int | None = None,
    optim: dict[str, Any] | None = None,
    clip: float | None = None,
    connector: ConnectorType = ConnectorType.keep,
    reset: bool = False,
    pool: int = 1,
    precision: Any = "32-true",
    check: bool = True,
    csv: bool = False,
    wandb: bool = False,
    masters: bool = False,
    adapter: dict[str, Any] | None = None,
    progress: L.Callback | None = None,
    dtype: str = "float32",
    hydra: bool = False,
    log_every: int = 1,
    clock: bool = False,
    peak: float | None = None,
    predictions: dict[str, int] | None = None,
    best: str | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    extra: Sequence[L.Callback] = (),
    profile: tuple[int, int] | None = None,
    packed_attention: str = "auto",
    unproven: int | None = None,
    **model: Any,
) -> Path:
    """Train on the tiny samples; returns the exported folder."""
    out = Path(output_dir)
    rates: dict[str, Any] = {"lr": 3e-3, **(optim or {})}
    rates["loss_mean"] = LossMean(rates.get("loss_mean", LossMean.token))
    config = TrainConfig(
        data=DataConfig(
            name="full",
            kinds={"conv": 1, "detail": 1, "complex": 1},
            max_length=512,
            num_val=num_val,
            num_workers=workers,
            max_branches_per_image=max_branches,
            sampler=Sampler(sampler),
            packing=Packing(packing),
        ),
        model=ModelConfig(
            name="tiny", base=base, dtype=Dtype(dtype), packed_attention=PackedAttention(packed_attention), **model
        ),
        connector=ConnectorConfig(type=ConnectorType(connector), reset=reset, pool=pool),
        adapter=AdapterConfig(**(adapter or {})),
        optim=OptimConfig(**rates),
        batch_size=batch_size,
        global_batch=global_batch,
        output_dir=out,
        data_dir=Path(samples).parent,
        resume=resume,
    )
    callbacks: list[L.Callback] = [PackingCheck() if unproven is None else Unproven(unproven)] if check else []
    callbacks += [Throughput(), KindLosses(), Rates(), Utilization(), Curves(out)]
    if clock:
        # A second passes whenever it is looked at.
        seconds = count()
        utilization.perf_counter = lambda: float(next(seconds))
    if peak is not None:
        utilization.peak_of = lambda device, setup: peak
    callbacks += extra
    if profile:
        callbacks.append(Profile(out, *profile))
    if masters:
        callbacks.append(Masters(out))
    if progress:
        callbacks.append(progress)
    if predictions:
        callbacks.append(Predictions(out, **predictions))
    if patience is not None:
        callbacks.append(EarlyStopping(patience=patience, min_delta=min_delta))
    if save_every:
        callbacks.append(Checkpoints(out / "checkpoints", every_n_steps=save_every, keep=keep, best=best))
    if fault:
        callbacks.append(Fault(*fault))
    if stop:
        callbacks.append(Stop(stop[0], kill=stop[1]))
    if hydra:
        write_settings(config)
    loggers: list[Logger] = [CSVLogger(out, name="csv", version="")] if csv else []
    if wandb:
        loggers.append(WandbLogger(project="tests", name=out.name, save_dir=out, offline=True))
    trainer = L.Trainer(
        accelerator="cpu",
        devices=devices,
        strategy=strategy,
        max_epochs=epochs,
        max_steps=max_steps,
        accumulate_grad_batches=accumulate,
        gradient_clip_val=clip,
        precision=precision,
        callbacks=callbacks,
        default_root_dir=out,
        logger=loggers or False,
        log_every_n_steps=log_every,
        val_check_interval=val_check,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_checkpointing=bool(save_every),
        enable_progress_bar=progress is not None,
        use_distributed_sampler=False,
        deterministic=True,
    )
    folder = fit(config, trainer, samples=Path(samples), images=Path(images))
    assert folder is not None
    return folder


def write_settings(config: TrainConfig) -> None:
    """Leave a run's settings where train.py leaves them; those that it does not have are the tiny model's."""
    defaults = OmegaConf.to_container(composed("train", Path(__file__).parents[2] / "conf", []), resolve=True)
    given = OmegaConf.create(plain_settings(config))
    assert isinstance(defaults, dict)
    for group in ("scenes", "teacher", "benchmark", "judge", "answerer", "results_dir", "data_dir"):
        given[group] = defaults[group]
    folder = config.output_dir / ".hydra"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(given))


def planted(losses: Any, held_out: Mapping[int, float]) -> Any:
    """``PoseModule.losses`` with held-out losses by step; training's own stay."""

    def found(self: PoseModule, batch: Any) -> torch.Tensor:
        plain = losses(self, batch)
        return plain if self.training else torch.full_like(plain, held_out[self.trainer.global_step])

    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Every parameter of an exported folder, by name."""
    return {name: value.detach() for name, value in load_model(str(folder)).named_parameters()}


def lines(output_dir: Path) -> list[dict[str, float]]:
    """What ``Curves`` wrote."""
    return [json.loads(line) for line in (output_dir / "metrics.jsonl").read_text().splitlines()]


def flip(checkpoint: Path) -> None:
    """Change one bit in the middle of a checkpoint's largest file."""
    path = max((path for path in checkpoint.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 2)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte[0] ^ 1]))


def named_strategy(name: str) -> Any:
    """A strategy for gloo ranks on the CPU."""
    from lightning.pytorch.strategies import DDPStrategy

    from llavapose.training.strategies import CPUDeepSpeedStrategy, FSDP2Strategy

    if name == "ddp":
        return DDPStrategy(process_group_backend="gloo")
    if name.startswith("deepspeed"):
        return CPUDeepSpeedStrategy(stage=2 if name.endswith("2") else 3, offload=name.endswith("offload"))
    return FSDP2Strategy(process_group_backend="gloo")


def main() -> None:
    """Run every job of a file, one after another in the same processes; a failed one leaves ``error.txt``."""
    torch.set_num_threads(1)
    plain = PoseModule.losses
    launcher = {name: os.environ[name] for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK") if name in os.environ}
    for job in json.loads(Path(sys.argv[1]).read_text()):
        os.environ |= launcher  # of which Lightning removes some when a run ends
        name, flipped, held_out = job.pop("strategy", None), job.pop("flip", None), job.pop("planted", None)
        PoseModule.losses = planted(plain, dict(held_out)) if held_out else plain
        if flipped is not None and os.environ.get("RANK", "0") == "0":
            flip(Path(job["output_dir"]) / "checkpoints" / f"step-{flipped:06}")
        try:
            run(**job, strategy=named_strategy(name) if name else "auto")
        except Exception as error:
            folder = Path(job["output_dir"])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"ended-{os.environ.get('RANK', '0')}.txt").write_text(str(time.time()))
            (folder / f"error-{os.environ.get('RANK', '0')}.txt").write_text(traceback.format_exc())
            if isinstance(error, LlavaPoseError):
                (folder / f"said-{os.environ.get('RANK', '0')}.txt").write_text(str(error))


if __name__ == "__main__":
    main()
