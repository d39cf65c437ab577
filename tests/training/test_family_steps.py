"""Steps of every kind of base under Lightning, on rows packed by hand: which attention, what the self-test says."""

from __future__ import annotations

from dataclasses import replace

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from llavapose.config.choices import PackedAttention, Packing
from llavapose.config.model import ModelConfig
from llavapose.config.schema import DataConfig, OptimConfig, TrainConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.families.family import VISION
from llavapose.model.attention.rules import Rules
from llavapose.model.parts import checkpoint_layers, family_of, freeze_unused, freeze_vision
from llavapose.training.callbacks.packing import PackingCheck
from llavapose.training.fit import build_data
from llavapose.training.loading import prepare, refuse_unpackable
from llavapose.training.module import PoseModule
from tests.families.tiny import write_family
from tests.model.bases.models import BASES
from tests.model.bases.rows import packed, plain_losses, rows_of, single_rows

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{one}")
    for one in (".*have no `val_dataloader`", ".*does not have many workers", "Found .* module.s. in eval mode")
]
"""Of Lightning, about what these few steps leave out."""

KINDS = ("llava", "qwen3_vl", "gemma3", "molmo2", "mistral3, windows")
"""One of every kind of mask and positions."""


class Kept(L.Callback):
    """The first step's losses, one by one."""

    losses: torch.Tensor | None = None

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if self.losses is None:
            self.losses = outputs["losses"]


def steps(name, *, single=False, vision=False, attention="auto", packs=None, change=lambda batch: batch):
    """Two steps; returns (the first one's losses, the samples' own, names of the weights that moved)."""
    model, prefixes = BASES[name].model()
    rows = single_rows(rows_of(prefixes)) if single else rows_of(prefixes)
    before = {key: value.clone() for key, value in model.named_parameters()}
    with torch.no_grad():
        expected = plain_losses(BASES[name], model, rows)
    (freeze_unused if vision else freeze_vision)(model)
    checkpoint_layers(model)
    module = PoseModule(
        build=lambda trainer: model,
        num_steps=2,
        optim=OptimConfig(lr=1e-2),
        packed_attention=PackedAttention(attention),
        packs=not single if packs is None else packs,
    )
    kept = Kept()
    trainer = L.Trainer(
        accelerator="cpu", max_steps=2, logger=False, callbacks=[PackingCheck(), kept], enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, barebones=False,
    )  # fmt: skip
    trainer.fit(module, DataLoader([change(packed(rows))] * 2, batch_size=None))
    moved = {key for key, value in model.named_parameters() if not torch.equal(value, before[key])}
    return kept.losses, expected, moved


@pytest.mark.parametrize("vision", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_two_steps_on_packed_rows(name, vision, capsys):
    found, expected, moved = steps(name, vision=vision)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert any("layers.0.self_attn" in key for key in moved)
    assert any("vision" in key or "visual.blocks" in key for key in moved) == vision
    said = capsys.readouterr().out
    assert "packing check: packed and separate losses differ by at most" in said
    causal = name in ("llava", "qwen3_vl")
    assert f"({'branches' if causal else 'dense'})" in said
    assert ("packed attention: dense: of this base" in said) == (not causal)


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2_vl", "gemma3", "qwen3_vl"])
def test_two_steps_on_rows_of_one_sample(name):
    found, expected, moved = steps(name, single=True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert moved


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2_vl"])
def test_layers_that_no_mask_reaches_end_the_run_in_words(name):
    with pytest.raises(ConfigError, match=r"1 of 2 layers .* keep the samples of a row apart by no mask; .*=none$"):
        steps(name)


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2_vl"])
def test_layers_that_no_mask_reaches_and_that_nobody_names_end_the_run_in_words(name, monkeypatch):
    def hidden(text, family):
        text.layer_types = ["full_attention"] * len(text.layer_types)
        return Rules()

    monkeypatch.setattr("llavapose.training.module.rules_of", hidden)
    expected = r"^packing check: the self-test cannot run this base packed: .*; set data\.packing=none$"
    with pytest.raises(LlavaPoseError, match=expected):
        steps(name)


def test_an_attention_that_knows_no_windows_ends_the_run_in_words():
    with pytest.raises(
        ConfigError, match=r"^model\.packed_attention=branches serves .* \(sliding_attention: 0, 2\) see"
    ):
        steps("gemma3", attention="branches")


def test_positions_of_pictures_that_came_wrong_end_the_run():
    from tests.model.bases.wrong import flat_rope

    with pytest.raises(LlavaPoseError, match="packed losses differ from separate samples"):
        steps("qwen3_vl", change=flat_rope)


@pytest.mark.parametrize("name", ["gemma3", "molmo2"])
def test_blocks_of_pictures_that_came_wrong_end_the_run(name):
    from tests.model.bases.wrong import late_blocks

    with pytest.raises(LlavaPoseError, match="packed losses differ from separate samples"):
        steps(name, change=late_blocks)


def config_of(base, packing, attention="auto"):
    data = DataConfig(name="full", kinds={"conv": 1}, max_length=64, packing=Packing(packing))
    model = ModelConfig(name="base", base=str(base), packed_attention=PackedAttention(attention))
    return TrainConfig(data=data, model=model, batch_size=1)


def test_a_folder_is_looked_at_before_anything_of_it_is_loaded(tmp_path):
    base = write_family("qwen3_5", tmp_path / "base")
    for packing in ("pictures", "samples"):
        with pytest.raises(ConfigError, match=r"^data\.packing: .* 3 of 4 layers \(linear_attention: 0-2\) .*=none$"):
            refuse_unpackable(config_of(base, packing))
    refuse_unpackable(config_of(base, "none"))
    # A run's data say so too, before a processor, a weight or a sample is looked for.
    for file in base.iterdir():
        if file.name not in ("config.json", "tokenizer_config.json"):
            file.write_text("broken") if file.suffix == ".safetensors" else file.unlink()
    nothing = {"samples": tmp_path / "none.jsonl", "images": tmp_path / "none", "accumulate": 1}
    with pytest.raises(ConfigError, match=r"^data\.packing: .* keep the samples of a row apart by no mask"):
        build_data(config_of(base, "pictures"), **nothing)
    windows = write_family("gemma3", tmp_path / "windows")
    refuse_unpackable(config_of(windows, "pictures"))
    with pytest.raises(ConfigError, match=r"^model\.packed_attention=branches .*; use model\.packed_attention=auto or"):
        refuse_unpackable(config_of(windows, "pictures", "branches"))


@pytest.mark.parametrize("name", ["llava", "llava_onevision", "janus", "gemma3"])
def test_what_no_answer_passes_through_is_frozen_beside_a_trained_encoder(name):
    """DistributedDataParallel waits for the gradient of every weight that is not."""
    model, prefixes = BASES[name].model()
    config = config_of(name, "pictures")
    prepare(model, replace(config, model=replace(config.model, freeze_vision=False)))
    plain_losses(BASES[name], model, rows_of(prefixes)).sum().backward()
    trained = {key for key, value in model.named_parameters() if value.requires_grad}
    without = {key for key, value in model.named_parameters() if value.grad is None}
    assert any(family_of(model).part_of(key) == VISION for key in trained)
    assert trained.isdisjoint(without)
