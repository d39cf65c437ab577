"""A base that is read share by share is the base; what its files lack, or have too much, is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.loading import measure, within
from llavapose.errors import CheckpointError
from llavapose.model.pretrained import load_model, write_checkpoint
from llavapose.model.weights import empty_model, find_weights
from tests.conftest import make_llava
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import run, weights

STILL = {"optim": {"lr": 0.0, "warmup_ratio": 0.0}, "batch_size": 4}
RUNS = {  # name -> (base, strategy, settings)
    "zero3_tied": ("tied", "deepspeed", {}),
    "zero3_untied": ("untied", "deepspeed", {"reset": True}),
    "fsdp2_tied": ("tied", "fsdp2", {}),
    "fsdp2_untied": ("untied", "fsdp2", {"reset": True}),
}


@pytest.fixture(scope="module")
def untied_base(places, processor, tmp_path_factory) -> str:
    llava = make_llava(processor, seed=3, tied=False)
    folder = tmp_path_factory.mktemp("untied") / "hf"
    return str(
        write_checkpoint(
            folder, state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.float32
        )
    )


@pytest.fixture(scope="module")
def unmoved(request, places, untied_base, tmp_path_factory, launcher) -> Path:
    """Runs on two ranks that change no weight."""
    folder = tmp_path_factory.mktemp("loading")
    bases = {"tied": places["base"], "untied": untied_base}
    jobs = [
        {**places, **STILL, **settings, "base": bases[base], "output_dir": str(folder / name), "strategy": strategy,
         "devices": 2}
        for name, (base, strategy, settings) in RUNS.items()
        if name in asked_for(request, RUNS) and (HAS_DEEPSPEED or strategy == "fsdp2")
    ]  # fmt: skip
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    run(**{**places, **STILL, "base": untied_base, "batch_size": 8}, reset=True, output_dir=str(folder / "one"))
    return folder


@pytest.mark.parametrize("name", most_long(RUNS, but=("zero3_tied", "fsdp2_untied")))
def test_read_by_shares_is_read_whole(name, unmoved, places):
    error = unmoved / name / "error-0.txt"
    assert not error.exists(), error.read_text()[-3000:]
    base, _, settings = RUNS[name]
    # A connector that starts anew draws the numbers that it draws in one process.
    expected = weights(unmoved / "one" / "hf") if settings else weights(Path(places["base"]))
    found = weights(unmoved / name / "hf")
    assert found.keys() == expected.keys() and ("lm_head.weight" in found) is (base == "untied")
    for key, value in expected.items():
        assert torch.equal(found[key], value), key


def test_every_weight_is_read_without_memory(places):
    llava = empty_model(places["base"], dtype=torch.float32, attention="sdpa")
    assert all(parameter.is_meta for parameter in llava.parameters())
    assert not any(buffer.is_meta for buffer in llava.buffers())
    assert llava.lm_head.weight is llava.model.language_model.embed_tokens.weight
    found, expected = find_weights(places["base"], llava), load_model(places["base"])
    for name, value in expected.named_parameters():
        assert torch.equal(found.read(name), value), name
    for name, value in expected.named_buffers():
        assert torch.equal(dict(llava.named_buffers())[name], value), name


def lacking(state):
    del state["multi_modal_projector.linear_1.bias"]


def surplus(state):
    state["multi_modal_projector.linear_3.bias"] = torch.zeros(3)


def misshapen(state):
    state["multi_modal_projector.linear_1.bias"] = torch.zeros(7)


FAULTS = {
    "1 weights missing, such as model.multi_modal_projector.linear_1.bias": lacking,
    r"1 weights that the model .* has no place for, such as multi_modal_projector\.linear_3\.bias": surplus,
    r"linear_1\.bias has the shape \(7,\), expected \(32,\)": misshapen,
}


@pytest.mark.parametrize("message", FAULTS)
def test_files_that_do_not_fit_are_one_line(places, tmp_path, message):
    folder = tmp_path / "hf"
    shutil.copytree(places["base"], folder)
    state = load_file(folder / "model.safetensors")
    FAULTS[message](state)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    llava = empty_model(str(folder), dtype=torch.float32, attention="sdpa")
    with pytest.raises(CheckpointError, match=message) as caught:
        find_weights(str(folder), llava)
    assert "\n" not in str(caught.value)


def test_what_transformers_saves_is_found(tmp_path, places, processor):
    llava = make_llava(processor)
    llava.save_pretrained(tmp_path / "hf")
    for path in Path(places["base"]).glob("tokenizer*"):
        shutil.copy(path, tmp_path / "hf")
    found = find_weights(str(tmp_path / "hf"), empty_model(str(tmp_path / "hf"), dtype=torch.float32, attention="sdpa"))
    assert found.places.keys() == dict(llava.named_parameters()).keys()


def test_the_index_names_the_files(places, tmp_path, processor):
    folder = tmp_path / "hf"
    llava = make_llava(processor)
    write_checkpoint(folder, state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.float32)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"x": "model-00001-of-00002.safetensors"}}')
    with pytest.raises(CheckpointError, match=r"model-00001-of-00002\.safetensors is missing"):
        find_weights(str(folder), empty_model(str(folder), dtype=torch.float32, attention="sdpa"))


@pytest.mark.long
def test_a_rank_s_memory_is_its_share():
    """As ``python -m benchmarks.loading`` at a third of the size."""
    found = measure(170)
    for arm, rows in found.items():
        assert all(within(arm, row) for row in rows), (arm, rows)
