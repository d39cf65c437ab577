"""Where a run writes: default folders that do not collide, named ones that are refused with the fix."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from llavapose.config.compose import composed, typed
from llavapose.config.places import (
    BESIDE_TRAINING,
    TRAINING,
    audit_folder,
    claim_sweep,
    claimed,
    settle,
    when_settled,
)
from llavapose.config.schema import TrainConfig
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError
from llavapose.owner import SWEEP, Place, owner_of, release
from tests import warm
from tests.test_owner import ENV, HOLD

CONF = conf_folder()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    release(ok=True)


def config_of(script, *overrides):
    return typed(script, composed(script, CONF, overrides))


def start(script, *overrides, ok=True, leaves=()):
    """What a run does before its work and behind it; returns its folder."""
    release(ok=True)
    more = claimed(config_of(script, *overrides), overrides)
    settle()
    folder = config_of(script, *overrides, *more).output_dir
    for name in leaves:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    release(ok=ok)
    return str(folder)


def refused(script, *overrides):
    with pytest.raises(ConfigError) as caught:
        start(script, *overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


TRAINED = ("checkpoints/last.ckpt", "hf/config.json", "answers/detail.jsonl")


def test_default_folders_of_different_settings_do_not_collide(capsys):
    first = start("train", "data=detail", leaves=TRAINED)
    assert first == "outputs/train/detail"
    second = start("train", "data=detail", "optim.lr=0.5", leaves=TRAINED)
    assert second.startswith("outputs/train/detail-") and len(second) == len(first) + 7
    said = capsys.readouterr().out
    assert f"this run goes to {second}" in said and "optim.lr 0.001 there, 0.5 here" in said
    assert start("train", "data=detail", "optim.lr=0.5") == second, "the same settings find their own folder"
    assert start("train", "data=detail") == first
    third = start("train", "data=detail", "benchmark.num_images=4", leaves=TRAINED)
    assert third not in (first, second), "answers to other questions"


def test_a_named_folder_of_other_settings_is_refused(capsys):
    start("train", "data=detail", "output_dir=out", leaves=TRAINED)
    text = refused("train", "data=detail", "output_dir=out", "seed=1", "optim.lr=0.5")
    assert text.startswith("output_dir: out holds the results of `")
    assert (
        "(optim.lr 0.001 there, 0.5 here, seed 0 there, 1 here)" in text and "give this run another output_dir" in text
    )
    assert Path("out/checkpoints/last.ckpt").exists()
    assert start("train", "data=detail", "output_dir=out", "trainer.max_epochs=9", "resume=true") == "out"
    assert "resume: out holds the results" in capsys.readouterr().out
    Path("old/hf").mkdir(parents=True)
    Path("old/hf/config.json").touch()
    assert "that no card (old/owner.json) tells" in refused("train", "data=detail", "output_dir=old")


def test_another_adapter_is_another_training():
    start("train", "output_dir=o", "adapter=lora", "adapter.r=4", leaves=("hf/config.json",))
    assert "(adapter.r 4 there, 8 here)" in refused("train", "output_dir=o", "adapter=lora", "adapter.r=8")


def test_every_setting_of_a_training_either_decides_its_weights_or_is_known_not_to():
    told = [*TRAINING, *BESIDE_TRAINING]
    assert len(told) == len(set(told)) and set(told) == {item.name for item in fields(TrainConfig)}


def test_what_decides_no_result_may_differ():
    start("train", "data=detail", "output_dir=out", leaves=TRAINED)
    start("train", "data=detail", "output_dir=out", "logger=none", "callbacks=none", "data_dir=elsewhere")


def test_checkpoints_of_a_run_that_was_cut_off_are_not_removed_unasked():
    start("train", "data=detail", leaves=TRAINED, ok=False)
    text = refused("train", "data=detail")
    assert "outputs/train/detail holds checkpoints of a run of these settings that did not end" in text
    assert "resume=true" in text and "outputs/train/detail/checkpoints" in text
    assert start("train", "data=detail", "resume=true") == "outputs/train/detail"
    start("train", "data=detail")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("batch_size=3", "batch_size 16 there, 3 here"),
        ("adapter=none", "adapter.type 'lora' there, 'none' here"),
        ("adapter.r=64", "adapter.r 128 there, 64 here"),
        ("connector=linear", "connector.type 'keep' there, 'linear' here"),
        ("optim.lr=0.5", "optim.lr 0.0002 there, 0.5 here"),
        ("optim.connector_lr=null", "optim.connector_lr 2e-05 there, None here"),
        ("trainer.gradient_clip_val=3", "trainer.gradient_clip_val "),
        ("strategy=ddp", "strategy 'auto' there, 'lightning.pytorch.strategies.DDPStrategy' here"),
    ],
)
def test_what_no_checkpoint_fits_is_refused_before_anything_is_written(setting, told):
    start("train", "data=detail", "output_dir=out", "adapter=lora", leaves=TRAINED, ok=False)
    before = Path("out/owner.json").read_text()
    text = refused("train", "data=detail", "output_dir=out", "adapter=lora", setting, "resume=true")
    assert text.startswith("resume: the checkpoints in out were trained by other settings (") and told in text
    assert Path("out/owner.json").read_text() == before


def test_the_card_of_a_run_that_resumes_is_its_own_once_it_goes_on():
    """Refused later, by its checkpoint or its data, it leaves what it has found."""
    words = ("train", "data=detail", "output_dir=out")
    start(*words, leaves=TRAINED)
    card = Path("out/owner.json")
    before, other = card.read_text(), (*words[1:], "data.kinds.conv=1", "resume=true")
    place = Place(folder=Path("out"))
    settled: list[str] = []
    for goes_on in (False, True):
        more = claimed(config_of("train", *other), other)
        assert "hydra.output_subdir=null" in more, "its settings are written then, too"
        assert owner_of(place).ended is None and owner_of(place).settings == json.loads(before)["settings"]
        when_settled(lambda: settled.append("written"))
        if goes_on:
            settle()
            assert settled
        release(ok=goes_on)
        assert goes_on or (card.read_text() == before and not settled)
    assert owner_of(place).ok and owner_of(place).settings != json.loads(before)["settings"]


def test_a_folder_in_use_is_said_before_what_lies_there():
    """While a first run trains, its own checkpoints are no reason to move them away."""
    start("train", "data=detail", "output_dir=out", leaves=TRAINED, ok=False)
    words = [sys.executable, "-c", HOLD, "out", ""]
    with warm.Popen(words, stdout=subprocess.PIPE, text=True, env=ENV) as first:
        assert first.stdout is not None and first.stdout.readline() == "held\n"
        try:
            for more in ((), ("seed=1",), ("resume=true",), ("resume=true", "batch_size=3")):
                text = refused("train", "data=detail", "output_dir=out", *more)
                assert f"(process {first.pid} on " in text and "wait for it or stop it" in text
        finally:
            first.kill()


def test_arms_share_a_folder_of_results():
    start("evaluate", "checkpoint=tiny", "arm=a", "output_dir=out", leaves=("answers/a.jsonl",))
    start("evaluate", "checkpoint=tiny", "arm=b", "output_dir=out", "benchmark.num_images=4")
    start("evaluate", "checkpoint=tiny", "arm=a", "output_dir=out", "judge.endpoint=gpt4o")
    text = refused("evaluate", "checkpoint=tiny", "arm=a", "output_dir=out", "benchmark.num_images=4")
    assert text.startswith("output_dir: a in out holds the results of") and "another output_dir or arm" in text
    assert owner_of(Place(folder=Path("out"), part="a")).values["benchmark.num_images"] != 4


def test_evaluations_that_nobody_named_a_folder_for():
    first = start("evaluate", "checkpoint=tiny", "arm=a", leaves=("answers/a.jsonl",))
    assert first == "outputs/evaluate/a"
    assert start("evaluate", "checkpoint=tiny", "arm=a", "probe.seed=5").startswith("outputs/evaluate/a-")


def test_an_evaluation_of_a_run_is_the_runs_own():
    """The command that a run with ``evaluate=false`` ends with, and again after it was evaluated."""
    start("train", "data=detail", "evaluate=false", leaves=("hf/config.json",))
    words = ("checkpoint=outputs/train/detail/hf", "arm=detail", "output_dir=outputs/train/detail")
    start("evaluate", *words, leaves=("answers/detail.jsonl",))
    start("evaluate", *words)
    assert start("train", "data=detail") == "outputs/train/detail"


def test_a_sweep_keeps_its_folder():
    """For as long as it runs; the next one there decides job by job what can stay, so other values are welcome."""
    claim_sweep(Path("s"), ["data=conv,detail", "sweep_dir=s"])
    script = (
        "import sys; from pathlib import Path; from llavapose.config.places import claim_sweep as c; c(Path('s'), [])"
    )
    other = warm.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert other.returncode == 1 and "sweep_dir=s: s is in use by" in other.stderr
    release(ok=False)
    claim_sweep(Path("s"), ["data=conv", "sweep_dir=s"])


def test_a_sweep_decides_for_its_jobs(monkeypatch):
    start("train", "data=conv", "output_dir=s/runs/conv", "results_dir=s", "seed=4", leaves=TRAINED)
    words = ("data=conv", "output_dir=s/runs/conv", "results_dir=s")
    with pytest.raises(ConfigError, match="seed 4 there, 0 here"):
        start("train", *words)
    monkeypatch.setenv(SWEEP, "1")
    assert start("train", *words) == "s/runs/conv"


def test_an_audits_page_replaces_no_other():
    Path("made/page").mkdir(parents=True)
    Path("made/samples.jsonl").touch()
    with pytest.raises(ConfigError, match="made holds samples with a page of their own; give made/audit"):
        audit_folder(Path("made/samples.jsonl"), Path("made"))
    for name, folder in (("a/samples.jsonl", "outputs/audit/samples"), ("b/samples.jsonl", None)):
        found = audit_folder(Path(name), None)
        (found / "page").mkdir(parents=True)
        (found / "page" / "index.html").touch()
        assert str(found) == folder or str(found).startswith("outputs/audit/samples-")
    audit_folder(Path("a/samples.jsonl"), Path("outputs/audit/samples"))
    with pytest.raises(ConfigError, match="give another output_dir"):
        audit_folder(Path("b/samples.jsonl"), Path("outputs/audit/samples"))


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "a b", "a\x00b", "x" * 300])
@pytest.mark.parametrize("setting", ["arm", "data.name"])
def test_names_of_arms_are_plain(setting, name):
    script, more = ("evaluate", ["checkpoint=tiny"]) if setting == "arm" else ("train", [])
    with pytest.raises(ConfigError):
        composed(script, CONF, [*more, f"{setting}='{name}'"])


PAID = ("answerer.endpoint=vllm", "answerer.endpoint.model=m", "arm=vl", "output_dir=out")


@pytest.mark.parametrize(
    "told",
    ["answerer.max_usd=9", "answerer.endpoint.max_concurrency=2", "answerer.endpoint.requests_per_minute=5",
     "answerer.endpoint.timeout_s=7", "answerer.endpoint.price_in=3"],
)  # fmt: skip
def test_money_and_pace_make_no_other_answers(told):
    start("evaluate", *PAID, "answerer.max_usd=1", leaves=("answers/vl.jsonl",), ok=False)
    assert start("evaluate", *PAID, "answerer.max_usd=1", told) == "out"


@pytest.mark.parametrize("told", ["answerer.endpoint.model=other", "answerer.endpoint.max_tokens=5"])
def test_another_model_makes_other_answers(told):
    start("evaluate", *PAID, leaves=("answers/vl.jsonl",))
    assert told.split("=")[0] in refused("evaluate", *PAID, told)
