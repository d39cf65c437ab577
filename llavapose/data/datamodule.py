"""Sample files to packed batches: everything is checked first, then micro-batches stream in the planned order."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only
from torch.utils.data import DataLoader

from llavapose.config.choices import LossMean, Sampler
from llavapose.config.schema import DataConfig
from llavapose.data.check import INDEX, checked_pictures
from llavapose.data.choose import Targets, choose
from llavapose.data.dataset import PackedSamples
from llavapose.data.index.records import ensure_records
from llavapose.data.index.seen import picture_hashes
from llavapose.data.index.tokens import ensure_tokens
from llavapose.data.plan.epoch import EpochPlan, MicroBatch, plan_epoch
from llavapose.data.plan.lengths import PlanSettings, num_steps
from llavapose.data.reading.groups import group_tokens
from llavapose.data.reading.read import read_base
from llavapose.data.template import check_words
from llavapose.data.worker import leave_signals
from llavapose.errors import DataError
from llavapose.families.family import Family
from llavapose.families.known import LLAVA
from llavapose.files import fingerprint
from llavapose.model.batch import Batch
from llavapose.samples import bad_records


class PlannedOrder(torch.utils.data.Sampler[MicroBatch]):
    """One rank's micro-batches of an epoch, in order.

    To iterate changes nothing: a loader with workers asks for an iterator twice an epoch.

    Args:
        plans: called with ``epoch``, returns that epoch's plan.
        rank: whose micro-batches.
        length: micro-batches of a whole epoch.
        epoch: the first one; Lightning sets the later ones.
        seen: (epoch, batches): behind how many batches of which epoch a resumed run starts.
    """

    def __init__(
        self,
        plans: Callable[..., EpochPlan],
        *,
        rank: int,
        length: int,
        epoch: int = 0,
        seen: tuple[int, int] = (0, 0),
    ) -> None:
        self.plans, self.rank, self.length, self.epoch, self.seen = plans, rank, length, epoch, seen

    def set_epoch(self, epoch: int) -> None:
        """The epoch that the next iterators are of; Lightning calls this before it asks for them, but not the first."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[MicroBatch]:
        return self._of(self.epoch)

    def _of(self, epoch: int) -> Iterator[MicroBatch]:
        # A generator, so that an iterator that nobody reads costs no plan.
        resumed, batches = self.seen
        order = self.plans(epoch=epoch).micro_batches(self.rank)
        for number in range(batches if epoch == resumed else 0, len(order)):
            yield order[number]


class PoseDataModule(L.LightningDataModule):
    """Streams the samples of one mixture.

    Args:
        samples: file or folder of samples (``llavapose.samples``).
        images: folder that the samples' image paths are relative to.
        processor: the base's processor (tokenizer and image processor).
        config: the mixture, what is held out, lengths and loading processes; its ``path`` and ``images`` are not read.
        batch_size: samples a rank and micro-step.
        accumulate: micro-steps an optimizer step.
        loss: what a step's loss is the mean over.
        seed: of order, hold-out and mixture.
        held_out_ids: COCO image ids whose samples are left out, counted and said.
        index: folder that indexes are kept in; None: ``index`` beside the samples.
        family: the base's.
        base: its name, for messages.
        max_pixels: most pixels that a picture is shown with; None: as the processor says.

    Raises:
        DataError: bad records or pictures, all listed, before anything is trained.
    """

    def __init__(
        self,
        *,
        samples: Path,
        images: Path,
        processor: Any,
        config: DataConfig,
        batch_size: int,
        accumulate: int = 1,
        loss: LossMean = LossMean.token,
        seed: int = 0,
        held_out_ids: Collection[int] = (),
        index: Path | None = None,
        family: Family = LLAVA,
        base: str = "",
        max_pixels: int | None = None,
    ) -> None:
        super().__init__()
        self.config, self.batch_size, self.accumulate = config, batch_size, accumulate
        self.loss, self.seed = loss, seed
        folder = samples.parent / INDEX if index is None else index
        reading = read_base(processor, family, source=base or processor.tokenizer.name_or_path, max_pixels=max_pixels)
        # One process looks for the pictures and reads them: the others would wait for the same disk.
        first = rank_zero_only.rank == 0
        records = ensure_records(samples, images, kind=config.kind, folder=folder, frames=config.frames, look=first)
        encode = partial(ensure_tokens, records, reading.conversation, max_length=config.max_length, folder=folder)
        # Where sizes decide how many tokens a picture takes, all are read before any text is.
        sized, proven = reading.pictures.constant is None, checked_pictures(records, folder) if first else nullcontext()
        with proven:
            tokens = None if sized else encode(groups=group_tokens(records, reading, folder=folder))
        tokens = tokens or encode(groups=group_tokens(records, reading, folder=folder))
        chosen = choose(
            records,
            kinds=config.kinds,
            counts=config.counts,
            num_val=config.num_val,
            num_samples=config.num_samples,
            seed=seed,
            held_out_ids=held_out_ids,
            targets=Targets(num=tokens.num_targets, budget=config.num_targets),
        )
        if faults := tokens.faults(np.concatenate([chosen.train, chosen.val])):
            raise bad_records(samples, faults)
        if not family.own_pictures and len(chosen.train):
            one = records.sample(int(chosen.train[0]))
            check_words(processor, reading.conversation, one, source=base or processor.tokenizer.name_or_path)
        make = partial(PackedSamples, records, tokens, reading=reading)
        self.train, self.val = make(chosen.train), make(chosen.val)
        self.picture_ids = reading.pictures.picture_ids
        self._seen = {"epoch": 0, "batches": 0}
        self._index = folder
        # As this run has read them: what another run notes later is not what this one was trained on.
        self._pictures = picture_hashes(records, folder) if first else None
        self._planned: tuple[int, PlanSettings, EpochPlan] | None = None
        self._order: dict[PlanSettings, str] = {}

    @property
    def num_ranks(self) -> int:
        """Processes that share each step."""
        return self.trainer.world_size if self.trainer else 1

    def num_left(self, num_ranks: int) -> int:
        """Samples that an epoch has no step for: fewer at its end than ranks x micro-steps."""
        settings = self.plan_settings(num_ranks)
        return max(0, len(self.train) - num_steps(len(self.train), settings) * settings.global_batch)

    def plan_settings(self, num_ranks: int) -> PlanSettings:
        """What decides the order, besides the samples."""
        frame = self.train.conversation.frame
        return PlanSettings(
            batch_size=self.batch_size,
            accumulate=self.accumulate,
            num_ranks=num_ranks,
            seed=self.seed,
            sampler=self.config.sampler,
            packing=self.config.packing,
            max_branches=self.config.max_branches_per_image,
            loss=self.loss,
            row_tokens=self.config.longest_row,
            prefix_tokens=self.train.pictures.constant or 0,
            text_prefix_tokens=len(frame.prefix_of_text),
        )

    def plan(self, epoch: int) -> EpochPlan:
        """The plan of an epoch; the last one asked for is at hand."""
        settings = self.plan_settings(self.num_ranks)
        if self._planned is None or self._planned[:2] != (epoch, settings):
            self._planned = (epoch, settings, plan_epoch(self.train.lengths, settings, epoch=epoch))
        return self._planned[2]

    def steps_per_epoch(self, num_ranks: int) -> int:
        """Optimizer steps of one epoch."""
        return num_steps(len(self.train), self.plan_settings(num_ranks))

    def train_dataloader(self) -> DataLoader[Batch]:
        """This rank's micro-batches, from where a resumed run stopped."""
        steps = self.steps_per_epoch(self.num_ranks)
        if steps == 0:
            raise DataError(
                f"{len(self.train)} samples do not fill one step of {self.num_ranks} ranks x {self.accumulate} "
                "micro-steps; add samples or lower trainer.accumulate_grad_batches"
            )
        order = PlannedOrder(
            self.plan,
            rank=self.trainer.global_rank if self.trainer else 0,
            length=steps * self.accumulate,
            # Resumed from an epoch's last batch, Lightning is still in that one; a reloaded loader is of a later one.
            epoch=max(self._seen["epoch"], self.trainer.current_epoch if self.trainer else 0),
            seen=(self._seen["epoch"], self._seen["batches"]),
        )
        return self._loader(self.train, order)

    def val_dataloader(self) -> DataLoader[Batch] | list[Any]:
        """The held-out samples, the same number of batches on every rank."""
        if not len(self.val):
            return []
        # Nothing is learnt of them, so that nothing is weighed: whole pictures, one micro-step after another.
        settings = replace(self.plan_settings(self.num_ranks), accumulate=1, sampler=Sampler.shared, max_branches=0)
        plan = plan_epoch(self.val.lengths, settings)
        rank = self.trainer.global_rank if self.trainer else 0
        order = PlannedOrder(lambda epoch: plan, rank=rank, length=plan.num_steps)
        return self._loader(self.val, order)

    def _loader(self, dataset: PackedSamples, order: PlannedOrder) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=None,
            sampler=order,
            num_workers=self.config.num_workers,
            persistent_workers=False,
            # Its own: a new iterator draws a seed, and a resumed run has one more of them than one that never stopped.
            generator=torch.Generator().manual_seed(self.seed),
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=leave_signals,
        )

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """As the batch itself does it."""
        return batch.to(device)

    def state_dict(self) -> dict[str, Any]:
        """Where the run stands in its planned order: batches handed to the trainer, not those prefetched."""
        # Lightning counts a batch as completed only after the callbacks, the checkpoint's among them, have run.
        progress: Any = self.trainer.fit_loop.epoch_loop.batch_progress.total if self.trainer else None
        done = progress.processed if progress else 0
        length = int(self.trainer.num_training_batches) if self.trainer else 0
        epoch, batches = divmod(done, length) if length else (0, 0)
        return {"fingerprint": self.order_fingerprint(), "epoch": epoch, "batches": batches}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on behind the batches already seen.

        Raises:
            DataError: the data, their order or the number of ranks changed since the checkpoint.
        """
        if state_dict["fingerprint"] != self.order_fingerprint():
            raise DataError(
                "resume: samples, pictures, tokenizer, seed, batch size, accumulation or number of ranks differ from "
                "the checkpoint's, so its place in the data is not this run's; restore them or start anew with "
                "resume=false"
            )
        self._seen = {"epoch": state_dict["epoch"], "batches": state_dict["batches"]}

    def order_fingerprint(self) -> str:
        """A hash of what is trained on: files, tokens, pictures, the samples chosen, and the first epoch's plan."""
        settings = self.plan_settings(self.num_ranks)
        if settings not in self._order:
            lengths = self.train.lengths
            told = [self.train.rows, lengths.num_tokens, *([] if lengths.prefix is None else [lengths.prefix])]
            chosen = hashlib.sha256(b"".join(array.tobytes() for array in told)).hexdigest()
            if self._pictures is None:
                # Another rank, which by now finds what the first one has noted.
                self._pictures = picture_hashes(self.train.records, self._index)
            pictures = self.train.pictures_fingerprint(self._pictures)
            content = [self.train.records.content, self.train.tokens.content, pictures]
            self._order[settings] = fingerprint([*content, chosen, asdict(settings), self.plan(0).fingerprint])
        return self._order[settings]
