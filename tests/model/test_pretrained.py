"""Checkpoint folders: the hub's layout out, any fault in one line in."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor, LlavaForConditionalGeneration

from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.errors import CheckpointError
from llavapose.model.pretrained import hub_key, load_model, load_processor, write_checkpoint
from tests.conftest import make_llava


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (
            "model.language_model.layers.0.self_attn.q_proj.weight",
            "language_model.model.layers.0.self_attn.q_proj.weight",
        ),
        ("lm_head.weight", "language_model.lm_head.weight"),
        ("model.vision_tower.embeddings.class_embedding", "vision_tower.vision_model.embeddings.class_embedding"),
        ("model.vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias"),
        ("model.multi_modal_projector.linear_1.weight", "multi_modal_projector.linear_1.weight"),
    ],
)
def test_hub_keys(name, key):
    assert hub_key(name) == key


@pytest.mark.parametrize("tied", [True, False])
def test_round_trip(processor, tmp_path, tied):
    model = make_llava(processor, tied=tied)
    folder = write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )
    assert ("language_model.lm_head.weight" in load_file(folder / "model.safetensors")) is not tied
    loaded = load_model(str(folder))
    assert (loaded.lm_head.weight is loaded.model.language_model.embed_tokens.weight) is tied
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_transformers_loads_and_answers(tiny_base):
    model = LlavaForConditionalGeneration.from_pretrained(tiny_base)
    processor = AutoProcessor.from_pretrained(tiny_base, backend="pil")
    picture = torch.zeros(3, 20, 30, dtype=torch.uint8)
    text = "USER: <image>\nWhat colour is it? ASSISTANT:"
    inputs = processor(images=[picture.permute(1, 2, 0).numpy()], text=text, return_tensors="pt")
    assert (inputs["input_ids"] == model.config.image_token_id).sum() == 9
    written = model.generate(**inputs, max_new_tokens=3, do_sample=False)
    assert written.shape[1] <= inputs["input_ids"].shape[1] + 3


def test_bfloat16_halves_the_file(processor, tmp_path, tiny_base):
    model = make_llava(processor)
    folder = write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.bfloat16
    )
    sizes = [(place / "model.safetensors").stat().st_size for place in (folder, tiny_base)]
    assert sizes[0] < 0.6 * sizes[1]
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"


def test_an_older_folder_is_replaced_whole(processor, tmp_path):
    model = make_llava(processor)
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "stale.txt").write_text("old")
    write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )
    assert not (tmp_path / "hf" / "stale.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["hf"]


def test_processor_pads_and_keeps_our_template(tiny_base):
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE)
    assert processor.image_processor.do_pad
    assert processor.chat_template == CHAT_TEMPLATE


def truncated_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def missing_weight(folder):
    path = folder / "model.safetensors"
    weights = load_file(path)
    del weights["multi_modal_projector.linear_1.bias"]
    save_file(weights, path, {"format": "pt"})


def wrong_shape(folder):
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights["multi_modal_projector.linear_1.bias"] = torch.zeros(7)
    save_file(weights, path, {"format": "pt"})


def other_model(folder):
    (folder / "config.json").write_text('{"model_type": "llama"}')


FAULTS = {
    "no config.json": lambda folder: (folder / "config.json").unlink(),
    "not a JSON object": lambda folder: (folder / "config.json").write_text("[1, 2"),
    "model_type is 'llama'; expected 'llava'": other_model,
    r"no \*.safetensors weights": lambda folder: (folder / "model.safetensors").unlink(),
    "no tokenizer_config.json": lambda folder: (folder / "tokenizer_config.json").unlink(),
    "cannot be loaded": truncated_weights,
    "1 weights missing, such as model.multi_modal_projector.linear_1.bias": missing_weight,
    r"cannot be loaded .*; write or download it again": wrong_shape,
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_wrong_folder_is_one_line(tiny_base, tmp_path, message):
    folder = tmp_path / "hf"
    shutil.copytree(tiny_base, folder)
    FAULTS[message](folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(str(folder))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("load", [load_model, lambda base: load_processor(base, chat_template="")])
def test_no_such_folder(tmp_path, load):
    with pytest.raises(CheckpointError, match=r"no such folder; expected the `hf` folder that train\.py leaves"):
        load(str(tmp_path / "nowhere"))


def test_a_broken_tokenizer_is_one_line(tiny_base, tmp_path):
    folder = tmp_path / "hf"
    shutil.copytree(tiny_base, folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="cannot be loaded") as caught:
        load_processor(str(folder), chat_template=CHAT_TEMPLATE)
    assert "\n" not in str(caught.value)
