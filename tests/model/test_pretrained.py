"""Checkpoint folders: the hub's layout out, any fault in one line in."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor, LlavaForConditionalGeneration

from llavapose.data.conversation import CHAT_TEMPLATE, num_image_tokens
from llavapose.data.images import pixels
from llavapose.errors import CheckpointError
from llavapose.files import TINY_BASE
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


def old_file(kind, **settings):
    """preprocessor_config.json beside a processor_config.json without pictures, as the published 7B has them."""

    def write(folder):
        whole = json.loads((folder / "processor_config.json").read_text())
        images = {**whole.pop("image_processor"), "image_processor_type": kind, **settings}
        del images["do_pad"]
        (folder / "processor_config.json").write_text(json.dumps(whole))
        (folder / "preprocessor_config.json").write_text(json.dumps(images))

    return write


def oldest_file(folder):
    """As before processor_config.json: sizes are plain numbers, and the patch size stands in the model's file alone."""
    old_file("CLIPImageProcessor", size=112, crop_size=112)(folder)
    (folder / "processor_config.json").unlink()


def new_file(kind, **settings):
    """processor_config.json alone, as transformers 5 writes it."""

    def write(folder):
        whole = json.loads((folder / "processor_config.json").read_text())
        whole["image_processor"] |= {"image_processor_type": kind, "do_pad": False, **settings}
        (folder / "processor_config.json").write_text(json.dumps(whole))

    return write


PROCESSOR_FILES = {
    "CLIP's": old_file("CLIPImageProcessor"),
    "LLaVA's": old_file("LlavaImageProcessor"),
    "plain numbers": oldest_file,
    "new, CLIP's": new_file("CLIPImageProcessor"),
    "new, LLaVA's": new_file("LlavaImageProcessor"),
    "other numbers": old_file(
        "CLIPImageProcessor",
        size={"shortest_edge": 84},
        crop_size={"height": 84, "width": 84},
        image_mean=[0.5, 0.25, 0.75],
        image_std=[0.5, 0.6, 0.7],
        resample=2,
    ),
    "resized, then cropped": old_file("CLIPImageProcessor", size={"shortest_edge": 128}),
    "no crop's size": old_file("CLIPImageProcessor", crop_size=None),
    "never cropped": old_file("CLIPImageProcessor", do_center_crop=False),
    "never resized": old_file("CLIPImageProcessor", do_resize=False),
    "no crop": old_file(
        "SiglipImageProcessor", size={"height": 112, "width": 112}, crop_size=None, do_center_crop=None
    ),
}


def base_with(tmp_path, write):
    """A base with the processor files that ``write`` leaves; and its picture settings, as they stand there."""
    folder = tmp_path / "base"
    shutil.copytree(TINY_BASE, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").touch()
    write(folder)
    old = folder / "preprocessor_config.json"
    settings = json.loads((old if old.exists() else folder / "processor_config.json").read_text())
    return folder, settings.get("image_processor", settings)


def expected_pixels(picture, side, settings):
    """LLaVA's ``expand2square``, then resized and normalised, written out anew."""
    mean, std = (torch.tensor(settings[name])[:, None, None] for name in ("image_mean", "image_std"))
    longest = max(picture.size)
    square = Image.new("RGB", (longest, longest), tuple(int(value * 255) for value in settings["image_mean"]))
    square.paste(picture, ((longest - picture.width) // 2, (longest - picture.height) // 2))
    resized = torch.from_numpy(np.array(square.resize((side, side), settings["resample"])))  # uint8[H, W, 3]
    return (resized.permute(2, 0, 1) / 255 - mean) / std


def edged(width, height):
    """A grey picture with a red left (or upper) edge and a green right (or lower) one."""
    picture = Image.new("RGB", (width, height), (90, 110, 130))
    wide = width > height
    broad, band = max(width, height) // 14, min(width, height)
    picture.paste((255, 0, 0), (0, 0, broad, band) if wide else (0, 0, band, broad))
    picture.paste((0, 255, 0), (width - broad, 0, width, band) if wide else (0, height - broad, band, height))
    return picture


@pytest.mark.parametrize("name", PROCESSOR_FILES)
def test_pictures_are_padded_whatever_class_the_base_names(tmp_path, name):
    folder, settings = base_with(tmp_path, PROCESSOR_FILES[name])
    processor = load_processor(str(folder), chat_template=CHAT_TEMPLATE)
    side = 112  # the encoder's, whatever the file says
    assert num_image_tokens(processor) == (side // 14) ** 2
    # Through what a trained checkpoint keeps, too.
    processor.save_pretrained(tmp_path / "saved")
    saved = AutoProcessor.from_pretrained(tmp_path / "saved", backend="pil")
    assert saved.image_processor.to_dict()["image_processor_type"].startswith("LlavaImageProcessor")
    assert num_image_tokens(saved) == num_image_tokens(processor)
    for picture in (edged(280, 140), edged(112, 224), edged(113, 60), edged(140, 140)):
        found = pixels(picture, processor.image_processor)
        torch.testing.assert_close(found, expected_pixels(picture, side, settings), atol=1e-5, rtol=0)
        assert torch.equal(found, pixels(picture, saved.image_processor))


def test_both_edges_of_a_wide_picture_are_seen(tmp_path):
    folder, settings = base_with(tmp_path, PROCESSOR_FILES["CLIP's"])
    processor = load_processor(str(folder), chat_template=CHAT_TEMPLATE)
    mean, std = (torch.tensor(settings[name])[:, None] for name in ("image_mean", "image_std"))
    row = pixels(edged(280, 140), processor.image_processor)[:, 56] * std + mean  # [3, W], through the middle
    assert row[:, 2].tolist() == pytest.approx([1, 0, 0], abs=0.02)
    assert row[:, -3].tolist() == pytest.approx([0, 1, 0], abs=0.02)


def test_the_processor_of_a_written_checkpoint_pads(tmp_path):
    folder, settings = base_with(tmp_path, PROCESSOR_FILES["CLIP's"])
    processor = load_processor(str(folder), chat_template=CHAT_TEMPLATE)
    model = load_model("tiny")
    written = write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )
    picture = edged(280, 140)
    for loaded in (
        AutoProcessor.from_pretrained(written, backend="pil"),
        load_processor(str(written), chat_template=CHAT_TEMPLATE),
    ):
        found = pixels(picture, loaded.image_processor)
        torch.testing.assert_close(found, expected_pixels(picture, 112, settings), atol=1e-5, rtol=0)


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
    "model_type is 'llama', which answers about no pictures; expected 'llava', .*'qwen3_vl'": other_model,
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
    with pytest.raises(
        CheckpointError, match=r"no such folder; expected a checkpoint's folder, .* `hf` that train\.py leaves"
    ):
        load(str(tmp_path / "nowhere"))


def test_a_broken_tokenizer_is_one_line(tiny_base, tmp_path):
    folder = tmp_path / "hf"
    shutil.copytree(tiny_base, folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="cannot be loaded") as caught:
        load_processor(str(folder), chat_template=CHAT_TEMPLATE)
    assert "\n" not in str(caught.value)
