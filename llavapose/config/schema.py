"""Every setting of llavapose: one dataclass per group of ``conf/``, one per script.

Third-party groups (trainer, strategy, callbacks, logger) are plain mappings: their constructors are the schema, and
``check.py`` reads them. Each dataclass lists what is wrong with its own values in ``problems``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from llavapose.config.choices import (
    AdapterType,
    Control,
    LauncherType,
    LossMean,
    Packing,
    Sampler,
    Schedule,
)
from llavapose.config.endpoint import EndpointConfig as EndpointConfig
from llavapose.config.evaluating import (
    AnswererConfig,
    BenchmarkConfig,
    EvaluateConfig,
    JudgeConfig,
    ProbeConfig,
    not_of_frames,
    nothing_evaluated,
)
from llavapose.config.generating import GenerateConfig as GenerateConfig
from llavapose.config.launching import ForecastConfig
from llavapose.config.launching import LauncherConfig as LauncherConfig
from llavapose.config.model import AdapterConfig as AdapterConfig
from llavapose.config.model import ConnectorConfig as ConnectorConfig
from llavapose.config.model import ModelConfig as ModelConfig
from llavapose.config.model import no_frames, not_exchanged, not_kept, not_packed, not_pooled, not_shown_smaller
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig, LocatingConfig, not_of_scenes
from llavapose.config.teaching import TeacherConfig as TeacherConfig
from llavapose.config.values import (
    AUTO,
    SMALLEST,
    Budget,
    Cap,
    Resume,
    measured_by,
    not_a_seed,
    not_dividing,
    not_finite,
    not_money,
    not_plain,
    reserved,
    too_large,
    too_small,
    unread,
)
from llavapose.kinds import KINDS, listed
from llavapose.locate.codings import CODINGS


@dataclass(kw_only=True)
class DataConfig:
    """Group ``data``: the mixture that one arm of the ablation is trained on."""

    name: str = MISSING
    """Name of the arm: the row in the tables."""
    kinds: dict[str, float] = field(default_factory=dict)
    """Kind of sample -> weight: 1 takes every sample of the kind once an epoch, 0.5 half of them, 2 each twice."""
    counts: dict[str, int] = field(default_factory=dict)
    """Kind of sample -> how many of its samples, drawn with the run's seed, in place of its weight."""
    path: Path | None = None
    """Samples made elsewhere (JSONL, LLaVA JSON, or a folder of them); null: the teacher makes them from the scenes."""
    images: Path | None = None
    """Folder that the samples' pictures lie in; needed with ``path``."""
    kind: str | None = None
    """Kind of the samples in ``path`` for which neither they nor their file's name tell it."""
    frames: int | None = None
    """How many of a sample's frames are shown, evenly from the first to the last, each behind its time; 1: the middle
    one; null: all that it lists. Samples of single pictures stay as they are."""
    max_length: int = MISSING
    """Most tokens of one sample with its picture; a longer one is cut at its end, never in the picture, and counted."""
    num_samples: int | None = None
    """Most samples of the mixture, drawn with the run's seed; null: all."""
    num_targets: Budget = None
    """Most supervised tokens of the mixture, its samples drawn with the run's seed; ``smallest``: as many as the kind
    has that has fewest, so that arms of one kind and of all learn from equally many; null: all."""
    num_val: int = 64
    """Samples held out, by picture, for the validation loss."""
    max_branches_per_image: int = 2
    """Most samples of one picture that stay together, in the order and behind one copy of it: 1 is samples in random
    order; 2 trains as 1 does, by measure; 0 sets no limit, which is faster."""
    sampler: Sampler = Sampler.shared
    """Who shares a step: ``shared``, pictures in random order with all their samples; ``llava``, LLaVA's own order;
    ``balanced``, as ``shared`` with several pictures a row and all ranks computing alike."""
    packing: Packing = Packing.pictures
    """How a micro-batch's samples lie in rows, which changes no loss: ``pictures``, one copy of a picture with all its
    samples behind it; ``samples``, a copy each, several samples a row; ``none``, one sample a row, padded."""
    row_tokens: int | None = None
    """Most tokens of a packed row, pictures included; null: ``max_length``."""
    num_workers: int = 0
    """Processes that decode pictures, at most one a core; 0: the training process itself."""

    @property
    def asked_kinds(self) -> set[str]:
        """The kinds that the mixture has samples of."""
        return {kind for kind, number in {**self.kinds, **self.counts}.items() if number}

    @property
    def longest_row(self) -> int:
        """Most tokens of a packed row."""
        return self.row_tokens or self.max_length

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = not_plain("data.name", self.name) + reserved("data.name", self.name)
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            found.append(f"data.kinds has {', '.join(unknown)}; expected some of {listed()}")
        odd = {kind: weight for kind, weight in self.kinds.items() if not 0 <= weight <= 100}  # NaN is not either
        told = "expected 0 or a positive number"
        found += [f"data.kinds.{kind} is {n}; {told}{', at most 100' * (n > 0)}" for kind, n in odd.items()]
        found += [f"data.counts has {kind}; expected some of {listed()}" for kind in self.counts if kind not in KINDS]
        found += [f"data.counts.{kind} is {n}; expected 0 or more" for kind, n in self.counts.items() if n < 0]
        if not odd and not any({**self.kinds, **self.counts}.values()):
            found.append("data.kinds needs a positive weight for one kind at least, e.g. data.kinds='{conv: 1}'")
        if self.kind is not None and self.kind not in KINDS:
            found.append(f"data.kind is {self.kind!r}; expected one of {listed()}, or null")
        if self.path is not None and self.images is None:
            found.append("data.path is set without data.images; give the folder that the samples' pictures lie in")
        if self.path is None:
            found += unread(self, "data.", ("images", "kind"), "it goes with data.path, samples made elsewhere")
        if self.row_tokens is not None and self.row_tokens < self.max_length:
            found.append(
                f"data.row_tokens is {self.row_tokens}, and one sample may take data.max_length={self.max_length}; "
                "raise the first or lower the second"
            )
        if self.packing is Packing.none:
            why = "data.packing=none gives every sample a row of its own; leave it out"
            found += unread(self, "data.", ("row_tokens",), why)
        if self.packing is not Packing.pictures and self.sampler is Sampler.llava:
            why = f"with data.packing={self.packing} no samples share a picture, and data.sampler=llava keeps none "
            found += unread(self, "data.", ("max_branches_per_image",), f"{why}together; leave it out")
        budget = self.num_targets
        if budget is not None and (budget < 1 if isinstance(budget, int) else budget != SMALLEST):
            found.append(f"data.num_targets is {budget!r}; expected 1 or more, {SMALLEST}, or null")
        if budget is not None and self.num_samples is not None:
            found.append(
                "data.num_samples and data.num_targets both say how much; give one (null takes the other back)"
            )
        found += too_large(self, "data.", "max_length", "row_tokens")
        least = {"max_length": 1, "num_samples": 1, "num_val": 0, "max_branches_per_image": 0, "num_workers": 0}
        return found + too_small(self, "data.", frames=1, **least)


@dataclass(kw_only=True)
class OptimConfig:
    """Group ``optim``: the loss, the optimizer and the learning rate over the run."""

    lr: float = MISSING
    """Highest learning rate."""
    connector_lr: float | None = None
    """Highest learning rate of the connector; null: ``lr``."""
    vision_lr: float | None = None
    """Highest learning rate of the vision encoder where it is trained; null: ``lr``. Muon's share goes with it."""
    muon_lr: float | None = None
    """Highest learning rate of Muon for the hidden matrices; null, and where a strategy cuts them up: AdamW for all."""
    weight_decay: float = 0.0
    betas: list[float] = field(default_factory=lambda: [0.9, 0.999])
    eps: float = 1e-8
    warmup_ratio: float = 0.03
    """Share of the steps with a rising learning rate."""
    schedule: Schedule = Schedule.cosine
    loss_mean: LossMean = LossMean.token
    """What a step's loss is the mean over: ``token`` (long answers weigh more), ``sqrt``, ``sample``, or
    ``micro_batch``: the mean of the micro-batches' token means, as LLaVA's trainer has it."""
    min_lr_ratio: float = 0.0
    """The last step's learning rate as a share of the highest."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = []
        found += not_finite(self, "optim.", "lr", "connector_lr", "vision_lr", "muon_lr", "weight_decay", "eps")
        if self.lr <= 0:
            found.append(f"optim.lr is {self.lr}; expected a positive number such as 2e-5")
        if self.muon_lr is not None and self.muon_lr <= 0:
            found.append(f"optim.muon_lr is {self.muon_lr}; expected a positive number such as 0.02, or null for AdamW")
        for key in ("warmup_ratio", "min_lr_ratio"):
            if not 0 <= getattr(self, key) <= 1:
                found.append(f"optim.{key} is {getattr(self, key)}; expected a share from 0 to 1")
        if len(self.betas) != 2 or not all(isinstance(beta, int | float) and 0 <= beta < 1 for beta in self.betas):
            found.append(f"optim.betas is {list(self.betas)}; expected two numbers from 0 to below 1")
        return found


@dataclass(kw_only=True)
class TrainConfig:
    """All settings of ``train.py``."""

    scenes: ScenesConfig = field(default_factory=ScenesConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    data: DataConfig = field(default_factory=DataConfig)
    locate: LocateConfig = field(default_factory=LocateConfig)
    """How keypoints are asked for, where the mixture has samples of kind ``locate`` made here."""
    model: ModelConfig = field(default_factory=ModelConfig)
    connector: ConnectorConfig = field(default_factory=ConnectorConfig)
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    strategy: dict[str, Any] = field(default_factory=dict)
    """Lightning strategy: ``_target_`` and its arguments, or ``{name: auto}``."""
    trainer: dict[str, Any] = field(default_factory=dict)
    """Arguments of ``lightning.Trainer``."""
    callbacks: dict[str, Any] = field(default_factory=dict)
    """Name -> ``_target_`` and its arguments; null drops one."""
    logger: dict[str, Any] = field(default_factory=dict)
    """Name -> ``_target_`` and its arguments; null drops one."""
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    text_only: bool = True
    """Also rate what the ground truth comes to when the offline teacher tells it: the upper bound."""
    controls: list[Control] | None = None
    """How the benchmark is asked once more: with other pictures, and without any; about frames also with these in
    another order. null: all that the pictures allow."""
    answerer: AnswererConfig = field(default_factory=AnswererConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    launcher: LauncherConfig = field(default_factory=LauncherConfig)
    batch_size: int = MISSING
    """Samples a rank and micro-step."""
    global_batch: int | None = None
    """Samples an optimizer step, which batch_size x accumulation x ranks must come to; null: whatever they come to."""
    seed: int = 0
    output_dir: Path = MISSING
    """Folder of this run: checkpoints, logs, the Hugging Face folder `hf`."""
    results_dir: Path = MISSING
    """Folder that answers and probe files are written below; the same for every arm of a sweep."""
    sweep_dir: Path | None = None
    """Folder of a sweep (``-m``); each job gets a folder of its own inside. Null: below ``outputs/sweeps``, named by
    the command line, so that the same line finds again what it has made."""
    data_dir: Path = MISSING
    """Folder that made samples are kept in, by fingerprint."""
    max_usd: Cap = None
    """Hard cap on what a teacher's endpoint may cost where samples are missing; ``none``: no cap. An endpoint with a
    price needs one of them."""
    resume: Resume = False
    """Go on from the newest whole checkpoint in ``output_dir``; ``auto``: where there is one. What Slurm starts again
    goes on by itself. A sweep does too, job by job, unless told ``resume=false``, which makes every job anew."""
    dry_run: bool = False
    """Print samples, steps, hours, memory, disk, and what would fit, and stop: nothing is loaded or made."""
    forecast: ForecastConfig = field(default_factory=ForecastConfig)
    evaluate: bool = True
    """Answer the benchmark and score the probe when training ends."""
    reference: str | None = None
    """With ``-m``: whose numbers, of those that the documents show, are printed beside the sweep's; null: nobody's."""

    @property
    def locates(self) -> bool:
        """Whether the mixture has places of joints."""
        return "locate" in self.data.asked_kinds

    def unread_locate(self) -> list[str]:
        """A line for each setting of ``locate`` where the mixture has no such kind; cells of a grid share settings."""
        names = [item.name for item in fields(self.locate)]
        why = "the mixture has no kind locate; choose data=locate"
        return [] if self.locates else unread(self.locate, "locate.", names, why)

    @property
    def new_words(self) -> tuple[str, ...]:
        """Words that the base's tokenizer is taught: the tokens that coordinates are written of."""
        return CODINGS[self.locate.coding].new_tokens if self.locates else ()

    @property
    def known_ranks(self) -> int | None:
        """Processes of the run, where the settings alone say so."""
        devices, nodes = self.trainer.get("devices"), self.trainer.get("num_nodes", 1)
        devices = len(devices) if isinstance(devices, list) else devices
        known = all(isinstance(number, int) and number > 0 for number in (devices, nodes))
        return devices * nodes if known else None

    @property
    def resumes(self) -> bool:
        """Whether to go on from a checkpoint where there is one: told to, or started again by Slurm."""
        return self.resume in (True, AUTO) or os.environ.get("SLURM_RESTART_COUNT", "0") != "0"

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "", batch_size=1, global_batch=1)
        found += (
            too_large(self, "", "batch_size", "global_batch") + not_money("", self.max_usd) + not_a_seed("", self.seed)
        )
        if self.resume not in (True, False, AUTO):
            found.append(f"resume is {self.resume!r}; expected true, false or {AUTO}")
        if self.data.sampler is Sampler.balanced and self.optim.loss_mean is LossMean.micro_batch:
            found.append(
                "data.sampler=balanced deals a step by length, and optim.loss_mean=micro_batch would weigh a token by "
                "what lies beside it: set optim.loss_mean=token, or data.sampler=llava"
            )
        sorted_by_length = self.data.packing is Packing.none and self.data.sampler is Sampler.shared
        if sorted_by_length and self.optim.loss_mean is LossMean.micro_batch:
            found.append(
                "data.packing=none cuts a step where it is sorted by length, and optim.loss_mean=micro_batch would "
                "weigh a token by what lies beside it: set optim.loss_mean=token, or data.sampler=llava"
            )
        ranks, accumulate = self.known_ranks, self.trainer.get("accumulate_grad_batches", 1)
        if self.global_batch is not None and not found and ranks is not None and isinstance(accumulate, int):
            found += not_dividing(self.global_batch, self.batch_size, accumulate, ranks)
        if self.launcher.type == LauncherType.slurm and self.trainer.get("devices", "auto") in ("auto", -1, "-1"):
            found.append("launcher=slurm: trainer.devices says how many GPUs a machine gives the job; set a number")
        if self.adapter.type != AdapterType.none:
            found += unread(self.optim, "optim.", ("muon_lr",), f"adapter={self.adapter.type} is trained with AdamW")
        if self.data.path is not None or self.teacher.endpoint is None:
            found += unread(self, "", ("max_usd",), "no teacher's endpoint is asked; leave it out")
        if self.data.path is None and not self.scenes.source.over_time:
            why = f"scenes={self.scenes.name} has single pictures; choose scenes=motion, or leave it out"
            found += unread(self.data, "data.", ("frames",), why)
        if self.data.path is None:
            found += not_of_scenes(self.teacher, over_time=self.scenes.source.over_time)
        if self.model.freeze_vision:
            why = "the vision encoder is frozen; set model.freeze_vision=false"
            found += unread(self.optim, "optim.", ("vision_lr",), why)
        found += not_kept(self.model, self.adapter, self.strategy) + not_exchanged(self.model, self.connector)
        found += not_shown_smaller(self.model) + not_packed(self.model, self.data.packing)
        found += not_pooled(self.model, self.connector)
        made_of_pictures = self.data.path is None and not self.scenes.source.over_time
        found += no_frames(self.connector, self.data.frames, pictures=made_of_pictures)
        if not self.dry_run:
            found += unread(
                self.forecast, "forecast.", ("mfu", "card", "host_gib"), "it goes with dry_run=true; leave it out"
            )
        if self.evaluate and self.data.asked_kinds == {"locate"}:
            if self.locate.num_people == 0:
                found.append("locate.num_people=0: nothing would be evaluated; leave it out, or say evaluate=false")
        elif self.evaluate:
            found += nothing_evaluated(self.benchmark, self.probe, "leave one of them out, or say evaluate=false")
        else:
            found += unread(self, "", ("reference",), "nothing is evaluated; leave it out")
        found += measured_by(self.callbacks, self.data.asked_kinds, self.data.num_val, self.trainer)
        return found + not_of_frames(self)


def evaluation_of(config: TrainConfig, *, checkpoint: Path) -> EvaluateConfig:
    """The evaluation that ends a training run."""
    found = EvaluateConfig(
        checkpoint=str(checkpoint),
        arm=config.data.name,
        scenes=config.scenes,
        benchmark=config.benchmark,
        probe=config.probe,
        controls=config.controls,
        text_only=config.text_only,
        answerer=config.answerer,
        judge=config.judge,
        output_dir=config.results_dir,
    )
    kinds = config.data.asked_kinds
    if "locate" not in kinds:
        return found
    found = replace(found, locate=LocatingConfig(**vars(config.locate)))
    if kinds != {"locate"}:
        return found
    # It has learnt to say nothing else.
    return replace(
        found, controls=[], text_only=False, benchmark=replace(config.benchmark, num_images=0, path=None),
        probe=replace(config.probe, enabled=False),
    )  # fmt: skip


def plain_settings(value: Any) -> Any:
    """Settings as plain JSON values, nested as they are written: for files, loggers and comparisons."""
    if is_dataclass(value):
        return {item.name: plain_settings(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_settings(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_settings(inner) for inner in value]
    # A choice is a text of its own type (StrEnum); str() gives the plain one.
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def problems_of(config: Any, where: str = "") -> list[str]:
    """What is wrong with the values of ``config``, which is called ``where``, and of every dataclass inside."""
    if isinstance(config, EndpointConfig):
        return config.problems(where)  # shared by several owners
    found = config.problems() if hasattr(config, "problems") else []
    for item in fields(config):
        value = getattr(config, item.name)
        if is_dataclass(value) and not isinstance(value, type):
            found.extend(problems_of(value, f"{where}.{item.name}".lstrip(".")))
    return found
