"""Sample files to packed batches: everything is checked first, then micro-batches stream in the planned order."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from llavapose.config.choices import LossMean, Sampler
from llavapose.config.schema import DataConfig
from llavapose.data.check import read_checked
from llavapose.data.choose import hold_out, kind_counts, mix, without_pictures
from llavapose.data.conversation import Branch, Conversation, num_image_tokens
from llavapose.data.images import pixels
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import MicroBatch, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from llavapose.errors import DataError
from llavapose.files import fingerprint, inside
from llavapose.model.batch import Batch
from llavapose.records import Sample
from llavapose.rgb import open_image


class PackedSamples(Dataset[Batch]):
    """Samples with their tokens; indexed by the micro-batch that the planner made."""

    def __init__(self, samples: Sequence[Sample], images: Path, processor: Any, *, max_length: int) -> None:
        self.samples = tuple(samples)
        self.images = images
        self.image_processor = processor.image_processor
        self.conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
        self.pad_id = processor.tokenizer.pad_token_id or 0
        self.branches: list[Branch] = [self.conversation.branch(s, max_length=max_length) for s in self.samples]
        numbers = {name: number for number, name in enumerate(sorted({sample.image for sample in self.samples}))}
        self.lengths = Lengths(
            image=_column(numbers[sample.image] for sample in self.samples),
            num_tokens=_column(len(branch.ids) for branch in self.branches),
            num_targets=_column(branch.num_targets for branch in self.branches),
            num_words=_column(sum(len(turn.text.split()) for turn in sample.turns) for sample in self.samples),
        )

    def __getitem__(self, micro: MicroBatch) -> Batch:
        return pack(
            self.conversation.prefix,
            self.conversation.prefix_without_picture,
            micro.rows,
            self.branches,
            [self._picture(group[0]) for row in micro.rows for group in row],
            step_weight=micro.step_weight,
            blank=self._blank(),
            pad_id=self.pad_id,
        )

    def _picture(self, index: int) -> torch.Tensor:
        sample = self.samples[index]
        path = inside(self.images, sample.image, where=f"sample {sample.id}")
        return pixels(open_image(path, where=f"sample {sample.id}"), self.image_processor)

    def _blank(self) -> torch.Tensor:
        size = self.image_processor.crop_size
        return torch.zeros(3, size["height"], size["width"])  # the mean colour, once normalised


def _column(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, dtype=np.int32)


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

    def __init__(self, plans: Any, *, rank: int, length: int, epoch: int = 0, seen: tuple[int, int] = (0, 0)) -> None:
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
    ) -> None:
        super().__init__()
        self.config, self.batch_size, self.accumulate = config, batch_size, accumulate
        self.loss, self.seed = loss, seed
        found = without_pictures(read_checked(samples, images, kind=config.kind), held_out_ids)
        chosen = mix(found, config.kinds, seed=seed)
        if not chosen:
            raise DataError(f"{samples}: no sample of kind {', '.join(config.kinds)}; it has {kind_counts(found)}")
        train, val = hold_out(chosen, num_val=config.num_val, num_samples=config.num_samples, seed=seed)
        if not train:
            raise DataError(
                f"{samples}: {len(chosen)} samples, all held out by data.num_val={config.num_val}; lower it"
            )
        make = partial(PackedSamples, images=images, processor=processor, max_length=config.max_length)
        self.train, self.val = make(train), make(val)
        self._seen = {"epoch": 0, "batches": 0}

    @property
    def num_ranks(self) -> int:
        """Processes that share each step."""
        return self.trainer.world_size if self.trainer else 1

    def plan_settings(self, num_ranks: int) -> PlanSettings:
        """What decides the order, besides the samples."""
        return PlanSettings(
            batch_size=self.batch_size,
            accumulate=self.accumulate,
            num_ranks=num_ranks,
            seed=self.seed,
            sampler=self.config.sampler,
            max_branches=self.config.max_branches_per_image,
            loss=self.loss,
            row_tokens=self.config.longest_row,
            prefix_tokens=len(self.train.conversation.prefix),
            text_prefix_tokens=len(self.train.conversation.prefix_without_picture),
        )

    def steps_per_epoch(self, num_ranks: int) -> int:
        """Optimizer steps of one epoch."""
        return num_steps(len(self.train.samples), self.plan_settings(num_ranks))

    def train_dataloader(self) -> DataLoader[Batch]:
        """This rank's micro-batches, from where a resumed run stopped."""
        steps = self.steps_per_epoch(self.num_ranks)
        if steps == 0:
            raise DataError(
                f"{len(self.train.samples)} samples do not fill one step of {self.num_ranks} ranks x {self.accumulate} "
                "micro-steps; add samples or lower trainer.accumulate_grad_batches"
            )
        plans = partial(plan_epoch, self.train.lengths, self.plan_settings(self.num_ranks))
        order = PlannedOrder(
            plans,
            rank=self.trainer.global_rank if self.trainer else 0,
            length=steps * self.accumulate,
            # Resumed from an epoch's last batch, Lightning is still in that one; a reloaded loader is of a later one.
            epoch=max(self._seen["epoch"], self.trainer.current_epoch if self.trainer else 0),
            seen=(self._seen["epoch"], self._seen["batches"]),
        )
        return self._loader(self.train, order)

    def val_dataloader(self) -> DataLoader[Batch] | list[Any]:
        """The held-out samples, the same number of batches on every rank."""
        if not self.val.samples:
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
            pin_memory=torch.cuda.is_available(),
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
                "resume: samples, seed, batch size, accumulation or number of ranks differ from the checkpoint's, so "
                "its place in the data is not this run's; restore them or start anew with resume=false"
            )
        self._seen = {"epoch": state_dict["epoch"], "batches": state_dict["batches"]}

    def order_fingerprint(self) -> str:
        """A hash of everything that decides the order of training."""
        names = [(s.id, n) for s, n in zip(self.train.samples, self.train.lengths.num_tokens.tolist(), strict=True)]
        plan = plan_epoch(self.train.lengths, self.plan_settings(self.num_ranks))
        return fingerprint([names, plan.fingerprint])
