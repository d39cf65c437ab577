"""Adapters on the vision encoder too; runs with another encoder or a connector of ours: gone on with, saved, read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer

from llavapose.cli.export import export
from llavapose.config.choices import ConnectorType, Tower, VisionType
from llavapose.config.compose import settings
from llavapose.config.schema import AdapterConfig, ModelConfig, TrainConfig
from llavapose.errors import CheckpointError, ConfigError
from llavapose.evaluation.answerers.checkpoint.loading import load
from llavapose.families.linear import IN_VISION
from llavapose.model.parts import count_parameters, used_vision_layers
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.training.adapters import add_adapter, merged, plain_state
from llavapose.training.forecast.settings import setup_of
from llavapose.training.forecast.setup import weights_of
from llavapose.training.forecast.shapes import shapes_for
from llavapose.training.loading import build_model
from tests.model.dino import write_dino
from tests.training.conftest import HAS_DEEPSPEED
from tests.training.runs import lines, run, weights
from tests.training.test_adapters import batch_of, config_of, in_float32, losses

BOTH = {"type": "lora", "r": 4, "alpha": 8, "dropout": 0.0, "targets": ["q_proj", "v_proj"],
        "towers": ["language", "vision"]}  # fmt: skip
STEEP = {"lr": 1e-2, "connector_lr": 1e-3}


@pytest.fixture(scope="module")
def dino(tmp_path_factory):
    return str(write_dino(tmp_path_factory.mktemp("dino") / "small"))


@pytest.fixture(scope="module", params=["clip", "dinov2"])
def encoder(request, dino):
    chosen = {"vision": VisionType.dinov2, "vision_base": dino, "vision_size": 42}
    return chosen if request.param == "dinov2" else {}


def both_of(places, folder, encoder, **adapter) -> TrainConfig:
    config = config_of(places, folder, **{**BOTH, **adapter})
    return replace(config, model=ModelConfig(name="tiny", base=places["base"], **encoder))


def built(config, precision="32-true"):
    return build_model(
        config, Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, precision=precision)
    )


@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_reach_every_adapter(places, tmp_path, encoder, checkpointing):
    config = both_of(places, tmp_path, {**encoder, "gradient_checkpointing": checkpointing})
    llava, batch = built(config).train(), batch_of(config, places)
    with torch.no_grad():
        for name, value in llava.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.1)
    from llavapose.model.attention.mask import packed_mask
    from llavapose.model.losses import token_losses

    token_losses(llava, batch, packed_mask(batch.segments)).sum().backward()
    trained = {name: value for name, value in llava.named_parameters() if value.requires_grad}
    seen = {name for name in trained if name.startswith("model.vision_tower.")}
    assert len(seen) == used_vision_layers(llava) * 2 * 2 and all("lora_" in name for name in seen)
    silent = [name for name, value in trained.items() if value.grad is None or not value.grad.any()]
    assert silent == []
    assert all(value.dtype == torch.float32 for value in trained.values())


def test_no_adapter_behind_the_features_layer(places, tmp_path):
    llava = load_model(places["base"])
    llava.config.vision_feature_layer = -2
    add_adapter(llava, AdapterConfig(**{**BOTH, "towers": [Tower.vision]}), seed=0)
    named = {name for name, _ in llava.named_parameters() if "lora_" in name}
    assert named and all("vision_tower.encoder.layers.0." in name for name in named)


@pytest.mark.parametrize(("kind", "precision"), [("lora", "32-true"), ("lora", "bf16-mixed"), ("qlora", "32-true")])
def test_merged_is_exact(places, tmp_path, encoder, kind, precision):
    config = both_of(places, tmp_path, encoder, type=kind)
    llava = built(config, precision)
    with torch.no_grad():
        for name, value in llava.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.3)
    folder = write_checkpoint(
        tmp_path / "hf",
        state=merged(plain_state(llava), config.adapter),
        config=llava.config,
        processor=load_processor(places["base"], chat_template=""),
        dtype=torch.float32,
    )
    plain, batch = load_model(str(folder)), batch_of(config, places)
    apart = losses(in_float32(llava), batch)
    assert float((apart - losses(plain, batch)).abs().max()) < 1e-4
    with torch.no_grad():
        for name, value in llava.named_parameters():
            if "vision_tower" in name and "lora_B" in name:
                value.zero_()
    assert float((losses(llava, batch) - apart).abs().max()) > 1e-3, "the vision encoder's adapters do something"


def test_a_run_gone_on_with_is_the_same_and_exports_alike(places, tmp_path, encoder):
    job = {**places, **encoder, "adapter": {**BOTH, "dropout": 0.1}, "optim": STEEP, "save_every": 1, "hydra": True}
    whole = run(**job, output_dir=str(tmp_path / "whole"))
    run(**job, output_dir=str(tmp_path / "stopped"), stop=(3, False))
    run(**job, output_dir=str(tmp_path / "stopped"), resume=True)
    expected, found = weights(whole), weights(tmp_path / "stopped" / "hf")
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=0, msg=name)
    export(tmp_path / "whole", tmp_path / "again")
    for name, value in weights(tmp_path / "again").items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=0, msg=name)
    told = json.loads((whole / "config.json").read_text())
    assert told["vision_config"]["model_type"] == ("dinov2" if encoder else "clip_vision_model")
    moved = {name for name, value in weights(Path(places["base"])).items() if name in expected
             and "vision_tower" in name and not torch.equal(value, expected[name])}  # fmt: skip
    assert encoder or {name.split(".")[-2] for name in moved} == {"q_proj", "v_proj"}


def test_a_plan_counts_what_is_trained(places, tmp_path, encoder):
    config = both_of(places, tmp_path, encoder)
    config.trainer = {"devices": 1, "accelerator": "cpu"}
    config.strategy = {"name": "auto"}
    counted = weights_of(shapes_for(config.model, config.connector), setup_of(config, num_gpus=0))
    base, trained = count_parameters(built(config).parameters())
    assert (counted.total, counted.trained) == (base, trained)
    whole = replace(config, adapter=AdapterConfig(), model=replace(config.model, freeze_vision=False))
    counted = weights_of(shapes_for(whole.model, whole.connector), setup_of(whole, num_gpus=0))
    assert (counted.total, counted.trained) == count_parameters(built(whole).parameters())


def test_names_are_both_encoders(places, dino):
    assert set(IN_VISION) == set(AdapterConfig().targets)
    with pytest.raises(
        ConfigError, match=r"adapter\.towers has vision, whose layers have none of .*gate_proj.*: name one"
    ):
        add_adapter(
            load_model(places["base"]), AdapterConfig(type="lora", targets=["gate_proj"], towers=["vision"]), seed=0
        )


@pytest.mark.parametrize("kind", ["multi_branch", "pose_attention"])
def test_a_run_with_a_connector_of_ours(places, tmp_path, kind, capsys):
    job = {**places, "connector": ConnectorType(kind), "optim": {"lr": 3e-3}, "save_every": 1, "hydra": True}
    whole = run(**job, output_dir=str(tmp_path / "whole"))
    assert f"note: connector={kind} makes the folder model_type 'llavapose'" in capsys.readouterr().out
    run(**job, output_dir=str(tmp_path / "stopped"), stop=(3, False))
    run(**job, output_dir=str(tmp_path / "stopped"), resume=True)
    expected, found = weights(whole), weights(tmp_path / "stopped" / "hf")
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=0, msg=name)
    export(tmp_path / "whole", tmp_path / "again")
    assert all(torch.equal(value, expected[name]) for name, value in weights(tmp_path / "again").items())
    card = (whole / "README.md").read_text()
    assert "llavapose.model.pretrained import load_model" in card and "LlavaForConditionalGeneration" not in card
    loaded = load(str(whole), torch.device("cpu"), None)
    assert type(loaded.model.model.multi_modal_projector).__name__ in ("MultiBranch", "PoseAttention")
    on = run(**{**places, "base": str(whole)}, output_dir=str(tmp_path / "on"), optim={"lr": 0.0, "warmup_ratio": 0.0})
    assert all(torch.equal(value, expected[name]) for name, value in weights(on).items()), "kept by the next run"
    with pytest.raises(CheckpointError, match="other settings of model, connector or adapter"):
        run(
            **{**job, "connector": ConnectorType.mlp2x_gelu},
            output_dir=str(tmp_path / "stopped"),
            epochs=2,
            resume=True,
        )


def test_a_connector_of_ours_beside_adapters(places, tmp_path):
    job = {**places, "connector": ConnectorType.multi_branch, "adapter": {**BOTH, "type": "qlora"}, "optim": STEEP}
    folder = run(**job, output_dir=str(tmp_path), precision="bf16-mixed", save_every=1)
    curve = [line["train/loss"] for line in lines(tmp_path) if "train/loss" in line]
    assert curve[-1] < curve[0]
    assert load_model(str(folder)).model.multi_modal_projector.branches[0].up.weight.any()


JOBS = {
    "connector": {"connector": "multi_branch"},
    "clip": {"adapter": BOTH},
    "dino": {"vision": "dinov2", "vision_size": 42, "adapter": BOTH},
}  # fmt: skip


@pytest.fixture(scope="module")
def on_ranks(places, dino, tmp_path_factory, launcher):
    folder = tmp_path_factory.mktemp("ranks")
    own = {**places, "optim": {"lr": 0.5, "eps": 1.0, "warmup_ratio": 0.0}}
    wanted = {name: {**own, **job, **({"vision_base": dino} if "vision" in job else {})} for name, job in JOBS.items()}
    jobs = [
        {**job, "batch_size": 4, "strategy": strategy, "devices": 2, "output_dir": str(folder / f"{name}-{strategy}")}
        for name, job in wanted.items()
        for strategy in ("deepspeed", "fsdp2")
        if HAS_DEEPSPEED or strategy != "deepspeed"
    ]
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    for name, job in wanted.items():
        run(**job, output_dir=str(folder / name))
    return folder


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["deepspeed", "fsdp2"])
@pytest.mark.parametrize("name", JOBS)
def test_two_ranks_leave_the_weights_of_one(name, strategy, on_ranks):
    error = on_ranks / f"{name}-{strategy}" / "error-0.txt"
    assert not error.exists(), error.read_text()[-3000:]
    expected, found = weights(on_ranks / name / "hf"), weights(on_ranks / f"{name}-{strategy}" / "hf")
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-4, rtol=0, msg=key)


def test_settings(conf, dino, tmp_path):
    good = settings("train", conf, ["adapter=lora", "adapter.towers=[language,vision]"])
    assert good.adapter.towers == [Tower.language, Tower.vision]
    for words, said in {
        ("adapter.towers=[vision]",): r"adapter\.towers=.* is read by nothing: choose adapter=lora",
        ("adapter=lora", "adapter.towers=[]"): r"adapter\.towers is empty",
        ("adapter=lora", "adapter.towers=[vision,vision]"): r"adapter\.towers names vision twice",
        ("connector.branches=2",): r"connector\.branches=2 is read by nothing: it goes with connector=multi_branch",
        ("connector=multi_branch", "connector.heads=2"): r"connector\.heads=2 is read by nothing",
        ("connector=multi_branch", "connector.branch_width=0"): r"connector\.branch_width is 0; expected at least 1",
        ("connector=pose_attention", "connector.branches=2"): r"connector\.branches=2 is read by nothing",
        ("model.vision_base=x/y",): r"model\.vision_base=x/y is read by nothing: the base's own encoder is kept",
        ("model.vision=dinov2", "model.vision_base=./no"): r"model\.vision_base: no folder \./no; expected a DINOv2's",
        ("model.vision=dinov2", f"model.vision_base={tmp_path}"): r"has no config\.json and no \*\.safetensors",
    }.items():
        with pytest.raises(ConfigError, match=said):
            settings("train", conf, list(words))
