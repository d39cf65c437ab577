"""A training checkpoint of any strategy becomes the folder that the run itself leaves, and a server answers from it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import urllib.request
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors import safe_open
from transformers import AutoProcessor, GenerationConfig, LlavaForConditionalGeneration

from llavapose.__main__ import COMMANDS
from llavapose.cli.export import chosen, export, main
from llavapose.config.choices import ConnectorType
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.errors import CheckpointError
from llavapose.manifest import checkpoints_in
from tests.llm.transformers_server import served
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import flip, lines, run, weights

LORA = {"type": "lora", "r": 4, "alpha": 8, "dropout": 0.0}
ALONE = {  # name -> settings of a run in one process
    "single": {},
    "lora": {"adapter": LORA},
    "qlora": {"adapter": {**LORA, "type": "qlora"}},
    "half_linear": {"dtype": "bfloat16", "connector": ConnectorType.linear},
}
RANKS = {  # name -> settings of a run on two ranks
    "zero2": {"strategy": "deepspeed2"},
    "zero3": {"strategy": "deepspeed", "precision": "bf16-true", "dtype": "bfloat16"},
    "zero3_lora": {"strategy": "deepspeed", "adapter": LORA},
    "fsdp2": {"strategy": "fsdp2"},
}


@pytest.fixture(scope="module")
def left(request, places, tmp_path_factory, launcher) -> Path:
    """Finished runs, with a checkpoint of their last step."""
    folder = tmp_path_factory.mktemp("export")
    # The first is what most tests of this file look at.
    for name in dict.fromkeys(["single", *asked_for(request, ALONE)]):
        run(**places, output_dir=str(folder / name), hydra=True, save_every=5, optim={"lr": 1e-2}, **ALONE[name])
    jobs = [
        {**places, "output_dir": str(folder / name), "hydra": True, "save_every": 5, "batch_size": 4, "devices": 2,
         "optim": {"lr": 1e-2}, **RANKS[name]}
        for name in asked_for(request, RANKS)
        if HAS_DEEPSPEED or not name.startswith("zero")
    ]  # fmt: skip
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


def checkpoint_of(folder: Path) -> Path:
    """The newest checkpoint of a run."""
    return checkpoints_in(folder / "checkpoints")[0].folder


@pytest.mark.parametrize("name", most_long([*ALONE, *RANKS], but=("single", "lora", "zero3", "fsdp2")))
def test_a_checkpoint_is_the_run_s_own_folder(name, left, tmp_path):
    error = left / name / "error-0.txt"
    assert not error.exists(), error.read_text()[-3000:]
    assert export(checkpoint_of(left / name), tmp_path / "hf") == 5
    found, expected = weights(tmp_path / "hf"), weights(left / name / "hf")
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-6, rtol=0, msg=key)
    own, exported = (json.loads((place / "config.json").read_text()) for place in (left / name / "hf", tmp_path / "hf"))
    assert own == exported and "quantization_config" not in exported
    for file in ("model.safetensors", "generation_config.json", "chat_template.jinja", "tokenizer.json", "README.md"):
        assert (tmp_path / "hf" / file).is_file(), file
    assert {path.name for path in (left / name / "hf").iterdir()} == {path.name for path in (tmp_path / "hf").iterdir()}


def test_the_hub_s_layout(left, tmp_path):
    export(checkpoint_of(left / "single"), tmp_path / "hf")
    with safe_open(tmp_path / "hf" / "model.safetensors", framework="pt") as stream:
        keys = set(stream.keys())
    assert {key.rpartition(".layers.")[0] or key.split(".")[0] for key in keys} == {
        "language_model.model", "language_model", "multi_modal_projector", "vision_tower.vision_model.encoder",
        "vision_tower",
    }  # fmt: skip
    model = LlavaForConditionalGeneration.from_pretrained(tmp_path / "hf")
    processor = AutoProcessor.from_pretrained(tmp_path / "hf", backend="pil")
    assert processor.chat_template == CHAT_TEMPLATE and processor.image_processor.do_pad
    messages = [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Why?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "So."}]},
    ]
    text = processor.apply_chat_template(messages)
    assert text.startswith("A chat between a curious") and text.endswith("So.</s>")
    generation = GenerationConfig.from_pretrained(tmp_path / "hf")
    assert generation.eos_token_id == processor.tokenizer.eos_token_id == model.config.text_config.eos_token_id
    card = ModelCard.load(tmp_path / "hf" / "README.md")
    assert "- optimizer steps: 5\n" in card.text and "- strategy: SingleDeviceStrategy\n" in card.text


def test_a_run_that_was_stopped(places, tmp_path):
    job = {**places, "output_dir": str(tmp_path / "run"), "save_every": 2, "hydra": True}
    run(**job, stop=(3, False))
    assert max(line["step"] for line in lines(tmp_path / "run")) < 5
    folder = tmp_path / "run" / "checkpoints"
    newest, older = [one.folder for one in checkpoints_in(folder)]
    assert chosen(newest) == chosen(tmp_path / "run") == chosen(folder) == newest
    step = export(tmp_path / "run", tmp_path / "hf")
    card = ModelCard.load(tmp_path / "hf" / "README.md").text
    assert f"- optimizer steps: {step}\n" in card and "- strategy: SingleDeviceStrategy\n" in card
    assert weights(tmp_path / "hf").keys() == weights(Path(places["base"])).keys()
    (newest / "state.ckpt").unlink()
    assert chosen(tmp_path / "run") == older, "the newest that is whole"
    (older / "state.ckpt").unlink()
    with pytest.raises(
        CheckpointError, match=rf"none that is whole in .*{newest.name}: state.ckpt is missing; .*name a"
    ):
        chosen(tmp_path / "run")


def test_the_newest_of_a_run_is_proven_and_its_own(places, tmp_path, capsys):
    """As what resume goes on from: a damaged one is passed over, and so is one of another run."""
    for name, last in (("run", 3), ("other", 5)):
        job = {**places, "output_dir": str(tmp_path / name), "save_every": 1, "hydra": True}
        run(**job, stop=(last, False))
    folder = tmp_path / "run" / "checkpoints"
    newest, older = [one.folder for one in checkpoints_in(folder)]
    foreign = checkpoints_in(tmp_path / "other" / "checkpoints")[0].folder
    shutil.copytree(foreign, folder / foreign.name)
    assert foreign.name > newest.name and chosen(tmp_path / "run") == newest
    flip(newest)
    assert chosen(tmp_path / "run") == older
    said = capsys.readouterr().out
    assert f"passes over {foreign.name}: it is of another run" in said
    assert f"passes over {newest.name}: state.ckpt is damaged: its hash is not the manifest's" in said
    with pytest.raises(CheckpointError, match="its hash is not the manifest's"):
        export(newest / "state.ckpt", tmp_path / "hf")  # named by its file, it is the same checkpoint
    assert export(older / "state.ckpt", tmp_path / "hf") == export(older, tmp_path / "again")
    link = tmp_path / "best"
    link.symlink_to(older)
    assert chosen(link) == older


def test_nothing_half_written_stays(left, places, tmp_path, monkeypatch):
    """Of an export that fails, and of a run's own that was killed, at whatever moment."""
    checkpoint = checkpoint_of(left / "single")
    with monkeypatch.context() as patch:
        patch.setattr(GenerationConfig, "save_pretrained", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            export(checkpoint, tmp_path / "hf")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="is there already"):
        export(checkpoint, tmp_path / "dangling")
    killed = tmp_path / "run"
    for name in (".hf.abc.writing", ".hf.abd.old"):  # between the two names
        (killed / name).mkdir(parents=True)
    run(**places, output_dir=str(killed))
    assert (killed / "hf" / "config.json").is_file()
    assert not [path.name for path in killed.iterdir() if path.name.startswith(".hf")]


@pytest.mark.parametrize("replaces", [False, True])
def test_an_older_folder_stays_until_the_new_one_has_its_name(left, tmp_path, monkeypatch, replaces):
    from llavapose.model import pretrained

    building, folder = tmp_path / ".hf.x.writing", tmp_path / "hf"
    building.mkdir()
    if replaces:
        folder.mkdir()
        (folder / "old").touch()
    rename = Path.rename
    monkeypatch.setattr(
        Path, "rename", lambda one, to: rename(one, to) if one != building else os.rename(one, "/proc/x")
    )
    with pytest.raises(OSError):
        pretrained._put(building, folder)
    assert (folder / "old").exists() is replaces


def test_a_file_of_lightning_s_own(left, tmp_path):
    alone = Path(
        shutil.copy(checkpoint_of(left / "single") / "state.ckpt", left / "single" / "checkpoints" / "last.ckpt")
    )
    export(alone, tmp_path / "hf")
    alone.unlink()
    found, expected = weights(tmp_path / "hf"), weights(left / "single" / "hf")
    assert all(torch.equal(found[key], value) for key, value in expected.items())


@pytest.mark.parametrize(
    "what", ["cut off", "one bit", "damaged", "nothing", "an hf folder", "elsewhere", "there already", "other settings"]
)
def test_what_cannot_be_exported_is_one_line(what, left, places, tmp_path, monkeypatch, capsys):
    run_dir, out = tmp_path / "run", tmp_path / "hf"
    shutil.copytree(left / "single", run_dir)
    checkpoint = checkpoint_of(run_dir)
    said = "bytes, expected"
    if what == "cut off":
        (checkpoint / "state.ckpt").write_bytes((checkpoint / "state.ckpt").read_bytes()[:-3000])
    elif what == "one bit":
        flip(checkpoint)
        said = "its hash is not the manifest's"
    elif what == "damaged":
        checkpoint, said = run_dir / "checkpoints" / "last.ckpt", "cannot be read"
        checkpoint.write_bytes(b"PK" + bytes(100))
    elif what == "nothing":
        checkpoint, said = run_dir / "checkpoints" / "nowhere", "no such file or folder"
    elif what == "an hf folder":
        checkpoint, said = run_dir / "hf", "a Hugging Face folder already"
    elif what == "elsewhere":
        checkpoint = Path(shutil.copytree(checkpoint, tmp_path / checkpoint.name))
        said = "no .hydra/config.yaml in a folder"
    elif what == "there already":
        out, said = run_dir / "hf", "is there already"
    elif what == "other settings":
        settings, said = run_dir / ".hydra" / "config.yaml", "it is a checkpoint of other settings"
        settings.write_text(settings.read_text().replace(places["base"], "tiny"))
    monkeypatch.setattr("sys.argv", ["export", str(checkpoint), str(out)])
    assert main() == 1
    heard = capsys.readouterr().err.strip().splitlines()
    assert said in heard[-1] and heard[-1].startswith("error: ")
    assert not (tmp_path / "hf").exists()


def test_it_is_a_command():
    assert COMMANDS["export"] == "llavapose.cli.export"


@pytest.mark.long
def test_a_server_answers_about_a_picture(left, tmp_path, tiny_pictures):
    export(checkpoint_of(left / "single"), tmp_path / "hf")
    picture = base64.b64encode((tiny_pictures / "000.png").read_bytes()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
        {"type": "text", "text": "What colour is it?"},
    ]
    asked = {"model": str(tmp_path / "hf"), "max_tokens": 12, "temperature": 0,
             "messages": [{"role": "user", "content": content}]}  # fmt: skip
    with served(tmp_path / "hf", tmp_path) as address:
        request = urllib.request.Request(
            f"{address}/chat/completions", json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            told = json.load(reply)
    assert told["choices"][0]["message"]["content"].strip()
