"""The papers' recipe against LLaVA's own arithmetic: another trainer gives the same losses, step for step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from PIL import Image
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoProcessor, LlavaForConditionalGeneration, get_cosine_schedule_with_warmup

from llavapose.config.compose import composed, typed
from llavapose.config.schema import TrainConfig
from llavapose.config.start import conf_folder
from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.errors import ConfigError
from llavapose.kinds import taught_kinds
from llavapose.records import Sample
from llavapose.samples import read_samples
from tests.training.conftest import most_long
from tests.training.runs import lines, run

GLOBAL_BATCH, EPOCHS, LR, WARMUP = 12, 2, 3e-3, 0.03


def llavas_order(samples: list[Sample], epoch: int, num_chunks: int) -> Iterator[list[list[int]]]:
    """The micro-batches of a step, of all ranks: LLaVA's length-grouped sampler, its permutation drawn as ours is."""
    words = [1 + sum(len(turn.text.split()) for turn in sample.turns) for sample in samples]  # 1: <image>
    order = list(range(len(samples)))
    Random(f"0/{epoch}").shuffle(order)
    for start in range(0, len(order), GLOBAL_BATCH):
        megabatch = sorted(order[start : start + GLOBAL_BATCH], key=lambda i: words[i], reverse=True)
        chunks: list[list[int]] = [[] for _ in range(num_chunks)]
        for index in megabatch:
            open_ones = [chunk for chunk in chunks if len(chunk) < len(megabatch) // num_chunks]
            min(open_ones, key=lambda chunk: sum(words[i] for i in chunk)).append(index)
        yield chunks


def llavas_losses(
    base: str, samples: list[Sample], images: Path, num_chunks: int, clip: float | None = None
) -> list[float]:
    """LLaVA's trainer in plain torch: padded rows, Hugging Face's loss, the mean of micro-batch means, AdamW."""
    processor: Any = AutoProcessor.from_pretrained(base)
    model = LlavaForConditionalGeneration.from_pretrained(base, attn_implementation="sdpa").train()
    model.model.vision_tower.requires_grad_(False).eval()
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))

    def micro_batch(chunk: list[int]) -> dict[str, torch.Tensor]:
        branches = [conversation.branch(samples[i], max_length=512) for i in chunk]
        ids = [torch.tensor([*conversation.prefix, *b.ids]) for b in branches]
        learnt = [torch.tensor([False] * len(conversation.prefix) + list(b.supervised)) for b in branches]
        labels = [torch.where(mask, row, -100) for row, mask in zip(ids, learnt, strict=True)]
        pictures = [Image.open(images / samples[i].image).convert("RGB") for i in chunk]
        return {
            "input_ids": pad_sequence(ids, batch_first=True),
            "labels": pad_sequence(labels, batch_first=True, padding_value=-100),
            "attention_mask": pad_sequence([torch.ones(len(row)) for row in ids], batch_first=True).long(),
            "pixel_values": processor.image_processor(pictures, return_tensors="pt")["pixel_values"],
        }

    steps = [chunks for epoch in range(EPOCHS) for chunks in llavas_order(samples, epoch, num_chunks)]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=LR, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, math.ceil(len(steps) * WARMUP), len(steps))
    losses = []
    for chunks in steps:
        means = []
        for chunk in chunks:
            loss = model(**micro_batch(chunk)).loss
            (loss / num_chunks).backward()
            means.append(loss.item())
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(sum(means) / len(means))
    return losses


@pytest.fixture(scope="module")
def references(places) -> dict[str, list[float]]:
    """The reference's losses with two micro-batches a step and with four, and what two would be with clipping."""
    images = Path(places["images"])
    found = list(read_samples(Path(places["samples"]), images))
    samples = [sample for kind in taught_kinds() for sample in found if sample.kind == kind]
    torch.manual_seed(0)
    return {
        name: llavas_losses(places["base"], samples, images, num_chunks, clip)
        for name, num_chunks, clip in (("two", 2, None), ("four", 4, None), ("clipped", 2, 1.0))
    }


@pytest.fixture(scope="module")
def paper() -> TrainConfig:
    """``experiment=paper_7b`` as it stands in ``conf/``."""
    words = ["experiment=paper_7b", "data.path=samples.jsonl", "data.images=images"]
    return typed("train", composed("train", conf_folder(), words))


def test_its_numbers_are_the_papers_and_llavas(paper):
    optim, trainer = paper.optim, paper.trainer
    assert (optim.lr, optim.connector_lr, optim.muon_lr, optim.min_lr_ratio) == (2e-5, None, None, 0.0)
    assert (paper.batch_size, trainer["accumulate_grad_batches"], trainer["devices"]) == (8, 2, 2)
    assert (paper.global_batch, trainer["max_epochs"], trainer["max_steps"]) == (32, 1, -1)
    assert (trainer["precision"], trainer["gradient_clip_val"]) == ("bf16-true", None)
    assert paper.model.freeze_vision and paper.model.gradient_checkpointing and paper.data.max_length == 2048
    assert paper.data.num_val == 0 and paper.data.num_samples is None and paper.data.kinds.keys() == set(taught_kinds())


def recipe(
    places: dict[str, str], folder: Path, paper: TrainConfig, *, ranks: int = 1, **changed: Any
) -> dict[str, Any]:
    """A run of the papers' recipe, at a rate at which the tiny model moves: two micro-steps a step on each rank."""
    chosen: dict[str, Any] = {
        "batch_size": GLOBAL_BATCH // paper.trainer["accumulate_grad_batches"] // ranks,
        "accumulate": paper.trainer["accumulate_grad_batches"],
        "devices": ranks,
        "global_batch": GLOBAL_BATCH,
        "epochs": EPOCHS,
        "sampler": paper.data.sampler.value,
        "packing": paper.data.packing.value,
        "max_branches": paper.data.max_branches_per_image,
        "clip": paper.trainer["gradient_clip_val"],
        "optim": {**asdict(paper.optim), "lr": LR, "loss_mean": paper.optim.loss_mean.value},
    }
    return {**places, "output_dir": str(folder), **chosen, **changed}


def losses_of(folder: Path) -> list[float]:
    return [line["train/loss"] for line in lines(folder) if "train/loss" in line]


def ours(places: dict[str, str], folder: Path, paper: TrainConfig, **changed: Any) -> list[float]:
    run(**recipe(places, folder, paper, **changed))
    return losses_of(folder)


def test_the_papers_recipe_is_llavas_step_for_step(places, references, paper, tmp_path):
    losses = ours(places, tmp_path, paper)
    # Forty samples in steps of twelve: the last step of each epoch is a short one.
    assert len(losses) == 8 and losses == pytest.approx(references["two"], abs=1e-5)
    assert losses[-1] < losses[0] - 0.1
    assert losses != pytest.approx(references["clipped"], abs=1e-4)


@pytest.mark.parametrize("name", most_long(("deepspeed", "ddp"), but=("deepspeed",)))
def test_so_it_is_on_two_ranks(name, places, references, paper, tmp_path, launcher):
    job = recipe(places, tmp_path / name, paper, ranks=2, strategy=name)
    assert launcher([job], tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    losses = losses_of(tmp_path / name)
    assert len(losses) == 8 and losses == pytest.approx(references["four"], abs=1e-5)
    assert losses != pytest.approx(references["two"], abs=1e-3), "another number of micro-batches is another mean"


def test_a_step_of_another_size_is_refused(places, paper, tmp_path):
    with pytest.raises(ConfigError, match=r"global_batch is 8, and batch_size=6 .* x 1 ranks is 12; set batch_size=2 "):
        ours(places, tmp_path, paper, global_batch=8)


@pytest.mark.parametrize(
    "changed",
    [
        {"sampler": "shared", "packing": "pictures"},
        {"optim": {"lr": LR, "loss_mean": "token", "warmup_ratio": WARMUP}},
    ],
    ids=["another order", "another mean"],
)
def test_any_other_recipe_is_not(places, references, paper, tmp_path, changed):
    assert ours(places, tmp_path, paper, **changed) != pytest.approx(references["two"], abs=1e-3)
