"""Adapters: what is trained beside a frozen base, and that an exported folder is their exact sum."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Trainer

from llavapose.config.compose import settings
from llavapose.config.schema import AdapterConfig, DataConfig, ModelConfig, OptimConfig, TrainConfig
from llavapose.errors import CheckpointError, ConfigError
from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import token_losses
from llavapose.model.parts import count_parameters
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.training.adapters import add_adapter, linear_layers, merged, plain_state
from llavapose.training.fit import build_data
from llavapose.training.loading import build_model
from tests.training.conftest import HAS_DEEPSPEED
from tests.training.runs import lines, run, weights

LORA = {"type": "lora", "r": 4, "alpha": 8, "dropout": 0.0}
STEEP = {"lr": 1e-2, "connector_lr": 1e-3}
RATES = {"lr": 0.5, "eps": 1.0, "warmup_ratio": 0.0}
"""Adam in proportion to the gradient: one of the wrong size shows."""


@pytest.fixture(scope="module")
def trained(places, tmp_path_factory):
    """Two epochs of LoRA, stopped after three steps and gone on with; and the same without a stop."""
    folder = tmp_path_factory.mktemp("lora")
    job = {**places, "adapter": LORA, "optim": STEEP, "epochs": 2, "save_every": 1, "num_val": 4}
    run(**job, output_dir=str(folder / "whole"))
    run(**job, output_dir=str(folder / "stopped"), stop=(3, False))
    run(**job, output_dir=str(folder / "stopped"), resume=True)
    return folder


def test_it_learns_and_leaves_a_plain_model(trained, places):
    before, after = weights(places["base"]), weights(trained / "whole" / "hf")
    assert before.keys() == after.keys()
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert {name.rpartition(".")[0].rpartition(".")[2] for name in moved if "language_model" in name} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"
    }  # fmt: skip
    assert {name for name in moved if "language_model" not in name} == {
        name for name in after if "multi_modal_projector" in name
    }
    losses = [line["val/loss"] for line in lines(trained / "whole") if "val/loss" in line]
    assert losses[-1] < losses[0]


def test_gone_on_with_is_the_same(trained):
    found, expected = weights(trained / "stopped" / "hf"), weights(trained / "whole" / "hf")
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=0, msg=name)


def config_of(places, folder, **adapter) -> TrainConfig:
    return TrainConfig(
        data=DataConfig(name="full", kinds={"conv": 1, "detail": 1, "complex": 1}, max_length=512, num_val=0),
        model=ModelConfig(name="tiny", base=places["base"]),
        adapter=AdapterConfig(**{**LORA, **adapter}),
        optim=OptimConfig(lr=1e-3),
        batch_size=8,
        output_dir=folder,
        data_dir=folder / "data",
    )


def batch_of(config, places):
    data = build_data(config, samples=Path(places["samples"]), images=Path(places["images"]), accumulate=1)
    data.trainer = SimpleNamespace(world_size=1, global_rank=0, current_epoch=0)
    return next(iter(data.train_dataloader()))


def losses(llava, batch):
    with torch.no_grad():
        return token_losses(llava.eval(), batch, packed_mask(batch.segments))


@pytest.mark.parametrize(("kind", "precision"), [("lora", "32-true"), ("lora", "bf16-mixed"), ("qlora", "32-true")])
def test_merged_is_exact(places, tmp_path, kind, precision):
    config = config_of(places, tmp_path, type=kind)
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, precision=precision)
    llava = build_model(config, trainer)
    trained = {name for name, value in llava.named_parameters() if value.requires_grad}
    assert {name for name in trained if "lora_" not in name} == {
        f"model.multi_modal_projector.linear_{i}.{part}" for i in (1, 2) for part in ("weight", "bias")
    }
    assert all(value.dtype == torch.float32 for name, value in llava.named_parameters() if name in trained)
    with torch.no_grad():
        for name, value in llava.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.3)
    state = merged(plain_state(llava), config.adapter)
    processor = load_processor(places["base"], chat_template="")
    folder = write_checkpoint(
        tmp_path / "hf", state=state, config=llava.config, processor=processor, dtype=torch.float32
    )
    plain, batch = load_model(str(folder)), batch_of(config, places)
    # In float32 all through: what is held against the other is the sum of base and adapter, not bfloat16.
    widened = in_float32(llava)
    difference = (losses(widened, batch) - losses(plain, batch)).abs().max()
    assert difference < 1e-4, difference
    untouched = (losses(load_model(places["base"]), batch) - losses(plain, batch)).abs().max()
    assert untouched > 0.1, "the adapters do something"


def in_float32(llava):
    """The model with its adapters apart, its layers computing in float32."""
    for module in llava.modules():
        if hasattr(module, "compute_dtype"):
            module.compute_dtype = torch.float32
    for value in [*llava.parameters(), *llava.buffers()]:
        if value.is_floating_point():
            value.data = value.data.float()
    return llava


def test_four_bits_are_four(places, tmp_path):
    config = config_of(places, tmp_path, type="qlora")
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    llava = build_model(config, trainer)
    packed = [value for value in llava.parameters() if getattr(value, "quant_state", None) is not None]
    assert len(packed) == 2 * 7 and all(value.dtype == torch.uint8 for value in packed)
    assert {value.quant_state.quant_type for value in packed} == {"nf4"}
    assert all(value.quant_state.nested for value in packed)
    base = count_parameters(load_model(places["base"]).parameters())[0]
    added = sum(value.numel() for name, value in llava.named_parameters() if "lora_" in name)
    assert count_parameters(llava.parameters())[0] == base + added


def test_a_four_bit_run_learns_and_goes_on(places, tmp_path):
    job = {**places, "adapter": {**LORA, "type": "qlora"}, "optim": STEEP, "save_every": 1, "batch_size": 4}
    run(**job, output_dir=str(tmp_path / "whole"), precision="bf16-mixed")
    run(**job, output_dir=str(tmp_path / "stopped"), precision="bf16-mixed", stop=(4, False))
    run(**job, output_dir=str(tmp_path / "stopped"), precision="bf16-mixed", resume=True)
    curve = [line["train/loss"] for line in lines(tmp_path / "whole") if "train/loss" in line]
    assert sum(curve[-3:]) < sum(curve[:3])
    assert [line["train/loss"] for line in lines(tmp_path / "stopped") if "train/loss" in line] == pytest.approx(curve)


def test_a_checkpoint_holds_what_is_trained(places, tmp_path):
    run(**places, adapter=LORA, output_dir=str(tmp_path), save_every=5)
    names = set(torch.load(tmp_path / "checkpoints" / "step-000005" / "state.ckpt", weights_only=False)["state_dict"])
    assert names and all("lora_" in name or "multi_modal_projector" in name for name in names)
    with pytest.raises(CheckpointError, match=r"holds .*lora_A.* in another shape"):
        run(**places, adapter={**LORA, "r": 8}, output_dir=str(tmp_path), save_every=5, resume=True, epochs=2)


@pytest.fixture(scope="module")
def on_ranks(places, tmp_path_factory, launcher):
    folder = tmp_path_factory.mktemp("ranks")
    jobs = [
        {**places, "adapter": LORA, "optim": RATES, "batch_size": 4, "strategy": name, "devices": 2,
         "output_dir": str(folder / name)}
        for name in ("ddp", "deepspeed", "fsdp2")
        if HAS_DEEPSPEED or name != "deepspeed"
    ]  # fmt: skip
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    run(**places, adapter=LORA, optim=RATES, output_dir=str(folder / "one"))
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", ["ddp", "deepspeed", "fsdp2"])
def test_two_ranks_leave_the_sum_of_one(name, on_ranks, places):
    error = on_ranks / name / "error-0.txt"
    assert not error.exists(), error.read_text()[-3000:]
    before, expected, found = (
        weights(Path(places["base"])), weights(on_ranks / "one" / "hf"), weights(on_ranks / name / "hf")
    )  # fmt: skip
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-4, rtol=0, msg=key)
    assert max(float((expected[key] - before[key]).abs().max()) for key in expected) > 1e-2


def test_targets_are_the_language_model_s(places):
    llava = load_model(places["base"])
    assert linear_layers(llava) == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    with pytest.raises(ConfigError, match=r"adapter\.targets has w_pack; expected some of .*down_proj, gate_proj"):
        add_adapter(llava, AdapterConfig(type="lora", targets=["q_proj", "w_pack"]), seed=0)


def test_dropout_does_not_disturb_the_packing_check(places, tmp_path):
    run(**places, adapter={**LORA, "dropout": 0.5}, output_dir=str(tmp_path))


def test_settings(conf):
    config = settings("train", conf, ["adapter=lora"])
    assert (config.adapter.r, config.adapter.alpha) == (128, 256)
    assert (config.optim.lr, config.optim.connector_lr, config.optim.muon_lr) == (2e-4, 2e-5, None)
    for words, said in {
        ("adapter.r=8",): r"adapter\.r=8 is read by nothing: choose adapter=lora",
        ("adapter=lora", "optim.muon_lr=0.1"): r"optim\.muon_lr=0\.1 is read by nothing: adapter=lora is trained with",
        ("adapter=lora", "adapter.dropout=1"): r"adapter\.dropout is 1\.0; expected a share",
        ("adapter=lora", "adapter.targets=[]"): r"adapter\.targets is empty",
        ("adapter=qlora", "strategy=fsdp2", "trainer.accelerator=cpu"): "adapter=qlora: 4-bit weights cannot be cut up",
    }.items():
        with pytest.raises(ConfigError, match=said):
            settings("train", conf, words)
