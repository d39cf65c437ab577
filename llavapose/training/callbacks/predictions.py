"""What the model answers while it is trained: a few held-out questions, every so many steps."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from lightning.pytorch.utilities.seed import isolate_rng
from torch.distributed.fsdp import FSDPModule
from transformers import GenerationConfig

from llavapose.data.dataset import PackedSamples
from llavapose.data.reading.joining import join_inputs
from llavapose.data.reading.shown import Shown
from llavapose.model.batch import Batch
from llavapose.training.callbacks.logged import begin_lines
from llavapose.training.strategies import is_zero3


class Predictions(Callback):
    """Asks the first question of some held-out samples and writes the greedy answers to ``predictions.jsonl``.

    One object an answer: ``step``, ``id``, ``kind``, ``image``, ``question``, ``reference``, ``prediction``. Where runs
    are logged to Weights & Biases, a table with the pictures too. Random states and modes are put back: losses are bit
    for bit those of a run without it.

    Every rank writes the same answers at once: under ZeRO-3 and FSDP2 each token is a pass through the whole model, for
    which every layer's weights are gathered, so that a rank that stayed away would let the others wait for ever.

    Args:
        folder: the run's.
        every_n_steps: optimizer steps between two; they are asked behind the last one too.
        num_samples: asked each time, the same ones: one of each kind, then a second, and so on; those with a picture.
        max_new_tokens: longest answer.
    """

    def __init__(
        self, folder: str | Path, every_n_steps: int = 100, num_samples: int = 4, max_new_tokens: int = 64
    ) -> None:
        self.path = Path(folder) / "predictions.jsonl"
        self.every_n_steps, self.num_samples, self.max_new_tokens = every_n_steps, num_samples, max_new_tokens
        self._step = 0
        self._chosen: list[int] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Choose the samples; start the file anew, or behind the checkpoint that is gone on from."""
        holder: Any = trainer
        self._step = trainer.global_step
        self._chosen = chosen_of(holder.datamodule.val, self.num_samples)
        if self._chosen:
            begin_lines(self.path, trainer)
        elif trainer.is_global_zero:
            print("callbacks.predictions: nothing is held out to ask about; raise data.num_val", flush=True)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Ask where it is due, at the edge of an optimizer step."""
        step, before = trainer.global_step, self._step
        self._step = step
        module: Any = pl_module
        if not self._chosen or step == before or (step % self.every_n_steps and step != module.num_steps):
            return
        holder: Any = trainer
        answers = self._answers(trainer, module, holder.datamodule.val)
        if trainer.is_global_zero:
            rows = [{"step": step, **row} for row in self._rows(holder.datamodule.val, answers)]
            with self.path.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            self._table(trainer, rows)

    def _answers(self, trainer: L.Trainer, module: Any, samples: PackedSamples) -> list[str]:
        cut_up = is_zero3(trainer.strategy) or isinstance(trainer.strategy, ModelParallelStrategy)
        tokenizer = samples.conversation.tokenizer
        # What a base's template ends answers with need not be what ends a text.
        end = samples.conversation.wording.end.strip()
        prompts = prompts_of(samples, self._chosen)
        settings = GenerationConfig(
            do_sample=False,
            max_new_tokens=self.max_new_tokens,
            eos_token_id=sorted({tokenizer.eos_token_id, *tokenizer.convert_tokens_to_ids([end])}),
            pad_token_id=samples.pad_id,
        )
        written: list[list[int]] = []
        module.eval()
        try:
            with isolate_rng(), torch.no_grad(), trainer.precision_plugin.forward_context(), _gathered(module.llava):
                for inputs in prompts:
                    given = {name: value.to(module.device) for name, value in inputs.items()}
                    given["pixel_values"] = given["pixel_values"].to(module.llava.dtype)
                    found = module.llava.generate(
                        **given, generation_config=settings, synced_gpus=cut_up and trainer.world_size > 1
                    )
                    written += found[:, given["input_ids"].shape[1] :].tolist()
        finally:
            module.train()
        return [tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in written]

    def _rows(self, samples: PackedSamples, answers: Sequence[str]) -> list[dict[str, Any]]:
        found = []
        for index, answer in zip(self._chosen, answers, strict=True):
            one = samples.sample(index)
            told = {"question": one.turns[0].text, "reference": one.turns[1].text, "prediction": answer}
            found.append({"id": one.id, "kind": one.kind, "image": one.images[0], **told})
        return found

    def _table(self, trainer: L.Trainer, rows: Sequence[dict[str, Any]]) -> None:
        """To Weights & Biases, with the pictures."""
        holder: Any = trainer
        folder = Path(holder.datamodule.val.records.images)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                import wandb

                columns = [*rows[0], "picture"]
                data = [[*row.values(), wandb.Image(str(folder / row["image"]))] for row in rows]
                logger.log_table("predictions", columns=columns, data=data, step=trainer.global_step)


@contextmanager
def _gathered(llava: Any) -> Iterator[None]:
    """FSDP2's root unit is whole inside: ``generate`` reads pictures outside of the forward pass that gathers it."""
    if not isinstance(llava, FSDPModule):
        yield
        return
    llava.unshard()
    try:
        yield
    finally:
        llava.reshard()


def chosen_of(samples: PackedSamples, num: int) -> list[int]:
    """Places of samples with a picture: the first of each kind, then the second of each, and so on."""
    kinds = samples.records.kind[samples.rows]
    pictured = samples.records.image[samples.rows] >= 0
    turns = [np.flatnonzero((kinds == kind) & pictured).tolist() for kind in np.unique(kinds)]
    most = max(map(len, turns), default=0)
    return [of_kind[turn] for turn in range(most) for of_kind in turns if turn < len(of_kind)][:num]


def prompts_of(samples: PackedSamples, chosen: Sequence[int]) -> list[dict[str, torch.Tensor]]:
    """What ``generate`` is given, one call after the other.

    Where every picture is of one size, one call asks all: int64[B, T] ids padded on the left, their mask, and what the
    forward is told of the pictures. Else each asks alone.
    """
    return _batched(samples, chosen) if samples.pictures.constant is not None else _singly(samples, chosen)


def _asked(samples: PackedSamples, index: int, shown: Shown) -> list[int]:
    """Ids of a sample's pictures and its first question."""
    one = samples.sample(index)
    return [*shown.ids, *samples.conversation.question(one.turns[0].text, where=f"sample {one.id}")]


def _batched(samples: PackedSamples, chosen: Sequence[int]) -> list[dict[str, torch.Tensor]]:
    groups = [samples.shown(index) for index in chosen]
    asked = [_asked(samples, index, shown) for index, shown in zip(chosen, groups, strict=True)]
    width = max(map(len, asked))
    ids = torch.tensor([[samples.pad_id] * (width - len(one)) + one for one in asked])
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in asked])
    inputs, _ = join_inputs(groups)
    return [{"input_ids": ids, "attention_mask": mask, **inputs, **_types(samples, groups, asked)}]


def _singly(samples: PackedSamples, chosen: Sequence[int]) -> list[dict[str, torch.Tensor]]:
    found = []
    for index in chosen:
        shown = samples.shown(index)
        asked = _asked(samples, index, shown)
        ids = torch.tensor([asked])
        told = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **shown.inputs}
        found.append({**told, **_types(samples, [shown], [asked])})
    return found


def _types(samples: PackedSamples, groups: Sequence[Shown], asked: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """int64[B, T]: 1 where a token is of a picture, for families that are told so; padded on the left."""
    name = samples.pictures.type_ids
    if not name:
        return {}
    width = max(map(len, asked))
    rows = torch.zeros(len(asked), width, dtype=torch.long)
    for row, (shown, ids) in enumerate(zip(groups, asked, strict=True)):
        start = width - len(ids)
        if shown.is_picture is not None:
            rows[row, start : start + len(shown.ids)] = shown.is_picture.long()
    return {name: rows}
