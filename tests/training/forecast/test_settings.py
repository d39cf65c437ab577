"""What a command line means for what ranks hold, and what is said of it."""

import json

import pytest

from llavapose.cli.plan import forecast, places_of
from llavapose.config.choices import AdapterType
from llavapose.config.compose import composed, typed
from llavapose.errors import ConfigError
from llavapose.training.forecast.advice import changes
from llavapose.training.forecast.cards import GIB, card_of
from llavapose.training.forecast.settings import setup_of
from llavapose.training.forecast.setup import Engine
from llavapose.training.forecast.text import lines_of

PAPER = ("experiment=paper_7b", "dry_run=true")


@pytest.fixture(autouse=True)
def _nothing_is_here_yet(monkeypatch, tmp_path):
    """Neither a hub's cache nor what an earlier run left under outputs/."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))


def config_of(conf, *overrides):
    return typed("train", composed("train", conf, list(overrides)))


def setup(conf, *overrides, num_gpus=0):
    return setup_of(config_of(conf, *overrides), num_gpus=num_gpus)


def test_the_papers_setup(conf):
    found = setup(conf, *PAPER)
    assert (found.engine, found.ranks, found.weight_bytes, found.masters) == (Engine.zero3, 2, 2, True)
    assert (found.sub_group, found.checkpointing, found.sharded_loading) == (1_000_000_000, True, True)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["strategy=single", "trainer.precision=bf16-mixed"], {"engine": Engine.whole, "ranks": 2, "ddp": False}),
        (["strategy=ddp", "trainer.precision=bf16-mixed"], {"ddp": True, "weight_bytes": 4, "compute_bytes": 2}),
        (
            ["strategy=deepspeed_stage2"],
            {"engine": Engine.zero2, "sharded_loading": False, "gather_bucket": 200_000_000},
        ),
        (["strategy=deepspeed_stage3_offload"], {"offload_optimizer": True, "offload_parameters": True}),
        (["strategy=deepspeed_stage3_cpu"], {"engine": Engine.zero3, "sub_group": 10**12, "foreach": False}),
        (["strategy=fsdp2"], {"engine": Engine.fsdp2, "weight_bytes": 4, "compute_bytes": 2, "masters": False}),
        (["trainer.num_nodes=4", "global_batch=null"], {"ranks": 8, "ranks_a_node": 2}),
        (["trainer.devices=[0,3,5]", "global_batch=null"], {"ranks": 3}),
        (["trainer.devices='0,3'"], {"ranks": 2}),
        (["trainer.precision=32-true"], {"weight_bytes": 4, "masters": True}),
        (["adapter=lora"], {"adapter": AdapterType.lora, "adapter_rank": 128, "dropout_bytes": 1}),
        (["connector=linear"], {"linear_connector": True}),
        (["model.freeze_vision=false", "model.attention=eager"], {"freeze_vision": False, "eager": True}),
        (["model.attention=eager"], {"dense_mask": True}),
        ([], {"dense_mask": False}),
        (["model.packed_attention=dense"], {"dense_mask": True}),
        (["model.packed_attention=branches"], {"dense_mask": True}),
        (["model.packed_attention=flex"], {"dense_mask": False}),
        (["strategy=deepspeed_stage3_cpu"], {"dense_mask": True}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_switch_counts(conf, overrides, expected):
    found = setup(conf, *PAPER, *overrides)
    assert {name: getattr(found, name) for name in expected} == expected


def test_auto_is_what_is_there(conf):
    assert setup(conf, *PAPER, "trainer.devices=auto", num_gpus=8).ranks == 8
    assert setup(conf, *PAPER, "trainer.devices=auto").ranks == 1


def test_deepspeeds_own_configuration_is_read(conf, tmp_path):
    path = tmp_path / "zero.json"
    path.write_text(json.dumps({"zero_optimization": {"stage": 3, "sub_group_size": 5, "reduce_bucket_size": "auto"}}))
    config = config_of(conf, *PAPER)
    config.strategy["config"] = str(path)
    found = setup_of(config, num_gpus=0)
    assert (found.engine, found.sub_group, found.reduce_bucket) == (Engine.zero3, 5, 500_000_000)
    config.strategy["config"] = {"bf16": {}}
    with pytest.raises(ConfigError, match="no zero_optimization"):
        setup_of(config, num_gpus=0)


def test_a_strategy_that_nothing_is_known_of_is_refused(conf):
    config = config_of(conf, *PAPER)
    config.strategy = {"_target_": "somewhere.Pipeline"}
    with pytest.raises(ConfigError, match=r"no plan for somewhere\.Pipeline; expected one of single"):
        setup_of(config, num_gpus=0)


def said(conf, *overrides):
    config = config_of(conf, *overrides)
    return "\n".join(lines_of(forecast(config), places_of(config)))


def test_7b_fits_and_every_line_is_there(conf, monkeypatch):
    monkeypatch.setattr("llavapose.cli.plan.first_card", lambda: None)
    text = said(conf, *PAPER, "data.num_val=0")
    assert "full: 200,328 samples over 45,174 pictures (published counts" in text
    assert "steps: 6,260 of 32 samples and a last one of 8" in text
    assert "hours: 13.1 on 2 x A100 80 GB at forecast.mfu=0.35" in text
    assert "the GPUs' own time; loading, checkpoints and ZeRO-3's own time a micro-batch" in text
    assert "\nfits: 6" in text
    for part in ("parameters", "gradients", "optimizer", "logits", "bucket", "disk: 95.2 GB"):
        assert part in text


def test_13b_does_not_fit_and_what_does_is_told(conf):
    planned = forecast(config_of(conf, *PAPER, "model=llava15_13b", "forecast.card=a100_80gb"))
    assert planned.memory.peak > 105 * GIB
    found = {change.words: change.memory for change in changes(planned)}
    four = "trainer.devices=4 trainer.accumulate_grad_batches=1"
    assert {"strategy=deepspeed_stage3_offload", four, "adapter=lora"} < found.keys()
    assert all(memory.peak < planned.card.memory for memory in found.values())
    assert found["strategy=deepspeed_stage3_offload"].host.peak > 190 * GIB
    text = said(conf, *PAPER, "model=llava15_13b", "forecast.card=a100_80gb")
    assert "DOES NOT FIT: 1" in text and f"{four}: 6" in text.partition("what would fit:")[2]
    # What it says can be said.
    fits = said(conf, *PAPER, "model=llava15_13b", "forecast.card=a100_80gb", *four.split())
    assert "\nfits: 6" in fits


def test_qlora_fits_on_24_gb(conf):
    wide = forecast(config_of(conf, *PAPER, "forecast.card=rtx4090"))
    wanted = next(change.words for change in changes(wide) if change.words.startswith("adapter=qlora")).split()
    assert {"trainer.devices=1", "trainer.accumulate_grad_batches=4"} < set(wanted)
    planned = forecast(config_of(conf, *PAPER, *wanted, "forecast.card=rtx4090"))
    assert planned.memory.peak < 0.95 * planned.card.memory


def test_lightnings_own_sub_group_is_tight_and_the_fix_is_first(conf):
    overrides = (*PAPER, "strategy.sub_group_size=1000000000000", "forecast.card=a100_80gb")
    text = said(conf, *overrides)
    assert "TIGHT: 77.6 GiB" in text
    assert text.partition("what would fit:\n")[2].startswith("  strategy.sub_group_size=1000000000: 6")


def test_utilisation_and_card_count(conf):
    slow, fast = (forecast(config_of(conf, *PAPER, f"forecast.mfu={mfu}", "forecast.card=h100")) for mfu in (0.2, 0.4))
    assert slow.hours == pytest.approx(2 * fast.hours)
    assert forecast(config_of(conf, *PAPER, "trainer.max_steps=626")).steps == 626
    unknown = card_of("NVIDIA B9000", 5e9)
    assert (unknown.memory, unknown.flops(2)) == (5e9, None)
    assert card_of("NVIDIA H100 80GB HBM3", 85e9).flops(2) == 989e12


def test_what_goes_with_a_plan_alone_is_refused_without_one(conf):
    with pytest.raises(ConfigError, match=r"forecast\.mfu=0\.5 is read by nothing: it goes with dry_run=true"):
        composed("train", conf, ["forecast.mfu=0.5"])
    with pytest.raises(ConfigError, match=r"forecast\.mfu is 1\.5; expected a share"):
        composed("train", conf, ["forecast.mfu=1.5", "dry_run=true"])


def test_a_plan_is_quick_and_leaves_nothing(run_script, tmp_path):
    done = run_script("train", *PAPER, fresh=True)
    assert done.exit_code == 0, done.err
    assert "fits: " in done.out
    assert done.err == ""
    assert list(tmp_path.iterdir()) == []
    # 2 CPU seconds measured; torch alone takes more than the rest of these.
    assert done.cpu_s < 5


def test_a_sweep_has_no_plan(run_script):
    done = run_script("train", "-m", "data=conv,full", "dry_run=true")
    assert done.errors == ["error: dry_run plans one run; leave out -m, and give one value of each setting"]


def test_a_file_that_is_not_there_is_said(conf):
    """The published counts are not its samples."""
    words = [*(word for word in PAPER if not word.startswith("data.")), "data.path=typo.json", "data.images=photos"]
    assert "no file typo.json: none of this is of its samples" in said(conf, *words)
    assert "no file" not in said(conf, *PAPER)


def test_counts_are_planned(conf):
    text = said(conf, "data=mixture", "+data.counts={conv: 100}", "data.num_val=0", "dry_run=true")
    assert "\n  conv             100 " in text and "not taken off" in text


def test_held_out_pictures_are_taken_off_samples_that_are_there(conf, tiny_jsonl, tiny_pictures, tmp_path, capsys):
    ids = tmp_path / "ids.txt"
    ids.write_text("0\n3\n")
    there = (f"data.path={tiny_jsonl}", f"data.images={tiny_pictures}", f"scenes.excluded_ids={ids}")
    text = said(conf, *there, "data.num_val=0", "batch_size=4", "dry_run=true", f"scenes.root={tmp_path}")
    assert "8 samples left out: their 2 pictures are held out by COCO id" in capsys.readouterr().out
    assert "full: 32 samples over 8 pictures" in text
    # The default benchmark's pictures are not drawn for a plan.
    assert "the benchmark's pictures are not taken off: scenes world are not here" in text
    assert not list(tmp_path.glob("world*"))
