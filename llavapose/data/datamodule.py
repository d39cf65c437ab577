"""Sample files to packed batches: everything is checked first, then micro-batches stream in the planned order."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from llavapose.config.schema import DataConfig
from llavapose.data.check import read_checked
from llavapose.data.choose import hold_out, kind_counts, mix, without_pictures
from llavapose.data.conversation import Branch, Conversation, num_image_tokens
from llavapose.data.images import pixels
from llavapose.data.pack import pack
from llavapose.data.planner import Item, MicroBatch, num_steps, plan_epoch
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
        self.items = tuple(
            Item(image=s.image, num_tokens=len(b.ids), num_targets=b.num_targets)
            for s, b in zip(self.samples, self.branches, strict=True)
        )

    def __getitem__(self, micro: MicroBatch) -> Batch:
        pictures = []
        for group in micro.groups:
            sample = self.samples[group[0]]
            path = inside(self.images, sample.image, where=f"sample {sample.id}")
            pictures.append(pixels(open_image(path, where=f"sample {sample.id}"), self.image_processor))
        return pack(
            self.conversation.prefix,
            micro.groups,
            self.branches,
            pictures,
            step_weight=micro.step_weight,
            pad_id=self.pad_id,
        )


class PlannedOrder(Sampler[MicroBatch]):
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
        order = [micro[self.rank] for step in self.plans(epoch=epoch) for micro in step]
        yield from order[batches if epoch == resumed else 0 :]


class PoseDataModule(L.LightningDataModule):
    """Streams the samples of one mixture.

    Args:
        samples: file or folder of samples (``llavapose.samples``).
        images: folder that the samples' image paths are relative to.
        processor: the base's processor (tokenizer and image processor).
        config: the mixture, what is held out, lengths and loading processes; its ``path`` and ``images`` are not read.
        batch_size: samples a rank and micro-step.
        accumulate: micro-steps an optimizer step.
        loss_power: how little the tokens of long samples weigh (``planner.sample_weight``).
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
        loss_power: float = 0.0,
        seed: int = 0,
        held_out_ids: Collection[int] = (),
    ) -> None:
        super().__init__()
        self.config, self.batch_size, self.accumulate = config, batch_size, accumulate
        self.loss_power, self.seed = loss_power, seed
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

    def steps_per_epoch(self, num_ranks: int) -> int:
        """Optimizer steps of one epoch."""
        return num_steps(
            len(self.train.samples), batch_size=self.batch_size, accumulate=self.accumulate, num_ranks=num_ranks
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """This rank's micro-batches, from where a resumed run stopped."""
        steps = self.steps_per_epoch(self.num_ranks)
        if steps == 0:
            raise DataError(
                f"{len(self.train.samples)} samples do not fill one step of {self.num_ranks} ranks x {self.accumulate} "
                "micro-steps; add samples or lower trainer.accumulate_grad_batches"
            )
        plans = partial(
            plan_epoch,
            self.train.items,
            batch_size=self.batch_size,
            accumulate=self.accumulate,
            num_ranks=self.num_ranks,
            seed=self.seed,
            max_branches=self.config.max_branches_per_image,
            loss_power=self.loss_power,
        )
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
        ranks = self.num_ranks
        plan = plan_epoch(self.val.items, batch_size=self.batch_size, num_ranks=ranks, seed=self.seed)
        rank = self.trainer.global_rank if self.trainer else 0
        order = PlannedOrder(lambda epoch: plan, rank=rank, length=len(plan))
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
        names = [(s.id, b.num_tokens) for s, b in zip(self.train.samples, self.train.items, strict=True)]
        setting = [self.batch_size, self.accumulate, self.config.max_branches_per_image, self.seed, self.num_ranks]
        return fingerprint([names, setting])
