"""Every family: a folder in the layout of the hub's, read whole and tensor by tensor, with nothing lost on the way."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

from llavapose.errors import CheckpointError, ConfigError
from llavapose.model.bases import resolve_base
from llavapose.model.connectors.fit import fit_connector
from llavapose.model.pretrained import load_model, write_checkpoint
from llavapose.model.vision import Vision
from llavapose.model.weights import empty_model, find_weights
from tests.families.tiny import EVERY, made

PUBLISHED = {
    # By each class's weight mapper in vLLM (vllm/model_executor/models), which reads the hub's files, and transformers'
    # conversion scripts (models/*/convert_*): embeddings, a layer of either tower, connector, untied output layer.
    "llava": ("llava-hf/llava-1.5-7b-hf", (
        "language_model.model.embed_tokens.weight", "language_model.model.layers.0.mlp.up_proj.weight",
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", "multi_modal_projector.linear_1.weight",
    )),
    "llava_onevision": ("llava-hf/llava-onevision-qwen2-7b-ov-hf", (
        "language_model.model.embed_tokens.weight", "language_model.model.layers.0.mlp.up_proj.weight",
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", "multi_modal_projector.linear_1.weight",
        "image_newline", "language_model.lm_head.weight",
    )),
    "qwen2_vl": ("Qwen/Qwen2-VL-7B-Instruct", (
        "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight", "visual.blocks.0.attn.qkv.weight",
        "visual.merger.mlp.0.weight", "visual.patch_embed.proj.weight", "lm_head.weight",
    )),
    "qwen2_5_vl": ("Qwen/Qwen2.5-VL-7B-Instruct", (
        "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight", "visual.blocks.0.attn.qkv.weight",
        "visual.merger.mlp.0.weight", "lm_head.weight",
    )),
    "qwen3_vl": ("Qwen/Qwen3-VL-8B-Instruct", (
        "model.language_model.embed_tokens.weight", "model.language_model.layers.0.mlp.up_proj.weight",
        "model.visual.blocks.0.attn.qkv.weight", "model.visual.merger.linear_fc1.weight",
        "model.visual.deepstack_merger_list.0.linear_fc1.weight", "model.visual.pos_embed.weight", "lm_head.weight",
    )),
    "internvl": ("OpenGVLab/InternVL3-8B-hf", (
        "language_model.model.embed_tokens.weight", "language_model.model.layers.0.mlp.up_proj.weight",
        "vision_tower.encoder.layer.0.mlp.fc1.weight", "vision_tower.encoder.layer.0.lambda_1",
        "multi_modal_projector.linear_1.weight", "language_model.lm_head.weight",
    )),
    "smolvlm": ("HuggingFaceTB/SmolVLM2-2.2B-Instruct", (
        "model.text_model.embed_tokens.weight", "model.text_model.layers.0.mlp.up_proj.weight",
        "model.vision_model.encoder.layers.0.mlp.fc1.weight", "model.connector.modality_projection.proj.weight",
        "lm_head.weight",
    )),
    "gemma3": ("google/gemma-3-4b-it", (
        "language_model.model.embed_tokens.weight", "language_model.model.layers.0.mlp.up_proj.weight",
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight",
        "multi_modal_projector.mm_input_projection_weight", "multi_modal_projector.mm_soft_emb_norm.weight",
    )),
    "mistral3": ("mistralai/Mistral-Small-3.1-24B-Instruct-2503", (
        "language_model.model.embed_tokens.weight", "language_model.model.layers.0.mlp.up_proj.weight",
        "vision_tower.transformer.layers.0.feed_forward.up_proj.weight", "vision_tower.patch_conv.weight",
        "multi_modal_projector.linear_1.weight",
    )),
    "molmo2": ("allenai/Molmo2-8B", (
        "model.transformer.wte.embedding", "model.transformer.wte.new_embedding",
        "model.transformer.blocks.0.self_attn.att_proj.weight", "model.transformer.blocks.0.mlp.ff_proj.weight",
        "model.transformer.ln_f.weight", "model.vision_backbone.image_vit.transformer.resblocks.0.attention.wq.weight",
        "model.vision_backbone.image_pooling_2d.wq.weight", "model.vision_backbone.image_projector.w1.weight",
        "lm_head.weight",
    )),
    "janus": ("deepseek-community/Janus-Pro-7B", (
        "model.language_model.embed_tokens.weight", "model.language_model.layers.0.mlp.up_proj.weight",
        "model.vision_model.encoder.layers.0.mlp.fc1.weight", "model.aligner.fc1.weight",
    )),
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A family's model, and the folder that is written of it in a layout of transformers' and in ours."""
    kept = {}

    def write(name):
        if name not in kept:
            model, processor = made(name)
            # Normalisations that start as ones and biases that start as zeros would hide a swap.
            for number, value in enumerate(model.parameters()):
                value.data += torch.randn(value.shape, generator=torch.Generator().manual_seed(number)) * 0.02
            folder = tmp_path_factory.mktemp(name)
            model.save_pretrained(folder / "base")
            processor.tokenizer.save_pretrained(folder / "base")
            saves = processor if name == "llava" else processor.tokenizer
            write_checkpoint(
                folder / "hf", state=model.state_dict(), config=model.config, processor=saves, dtype=torch.float32,
                base=str(folder / "base"),
            )  # fmt: skip
            kept[name] = model, folder
        return kept[name]

    return write


def keys_of(folder):
    with safe_open(folder / "model.safetensors", framework="pt") as stream:
        return set(stream.keys())


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_keys_are_the_hub_s(written, name):
    _, folder = written(name)
    keys = keys_of(folder / "hf")
    assert set(PUBLISHED[name][1]) <= keys, sorted(keys)
    starts = {re.split(r"\.\d+\.", key)[0] for key in PUBLISHED[name][1]}
    assert {re.split(r"[.]", key)[0] for key in keys} == {one.split(".")[0] for one in starts}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("layout", ["base", "hf"])
def test_every_weight_comes_back(written, name, layout):
    model, folder = written(name)
    expected = dict(model.named_parameters())
    loaded = load_model(str(folder / layout))
    assert type(loaded) is type(model)
    found = dict(loaded.named_parameters())
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(found[key], value), key
    empty = empty_model(str(folder / layout), dtype=torch.float32, attention="sdpa")
    assert all(value.is_meta for value in empty.parameters())
    weights = find_weights(str(folder / layout), empty)
    for key, value in expected.items():
        assert torch.equal(weights.read(key), value), key
    buffers = dict(empty.named_buffers())
    for key, value in loaded.named_buffers():
        assert torch.equal(buffers[key], value), key


@pytest.mark.parametrize("name", EVERY)
def test_transformers_gives_the_same_logits(written, name):
    model, folder = written(name)
    loaded = AutoModelForImageTextToText.from_pretrained(folder / "hf")
    ids = torch.arange(5, 12)[None]
    with torch.no_grad():
        assert torch.equal(loaded(input_ids=ids).logits, model(input_ids=ids).logits)


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3"])
def test_how_answers_end_is_the_base_s(written, name, tmp_path):
    model, folder = written(name)
    base = tmp_path / "base"
    shutil.copytree(folder / "base", base)
    told = {
        "bos_token_id": 2,
        "do_sample": True,
        "eos_token_id": [1, 106],
        "top_k": 64,
        "transformers_version": "4.50.0",
    }
    (base / "generation_config.json").write_text(json.dumps(told))
    write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=made(name)[1].tokenizer,
        dtype=torch.bfloat16, base=str(base),
    )  # fmt: skip
    assert json.loads((tmp_path / "hf" / "generation_config.json").read_text()) == told
    assert AutoModelForImageTextToText.from_pretrained(tmp_path / "hf").generation_config.eos_token_id == [1, 106]
    config = AutoConfig.from_pretrained(tmp_path / "hf")
    assert config.dtype == config.text_config.dtype == config.vision_config.dtype == torch.bfloat16
    assert all(value.dtype == torch.bfloat16 for value in load_file(tmp_path / "hf" / "model.safetensors").values())


def test_what_the_base_says_of_videos_is_kept(written, tmp_path):
    model, folder = written("qwen3_vl")
    processor, base = made("qwen3_vl")[1], tmp_path / "base"
    shutil.copytree(folder / "base", base)
    processor.save_pretrained(base)
    (base / "video_preprocessor_config.json").write_text('{"fps": 2}')
    settings = json.loads((base / "processor_config.json").read_text())
    (base / "processor_config.json").write_text(json.dumps({**settings, "video_processor": {"max_frames": 768}}))
    write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32,
        base=str(base),
    )  # fmt: skip
    assert (tmp_path / "hf" / "video_preprocessor_config.json").read_text() == '{"fps": 2}'
    found = json.loads((tmp_path / "hf" / "processor_config.json").read_text())
    assert found == {**settings, "video_processor": {"max_frames": 768}}


def opened(folder: Path) -> Any:
    """What transformers' own loader makes of a folder: settings, or why it reads none."""
    try:
        found = AutoProcessor.from_pretrained(folder)
    except (ImportError, OSError, ValueError) as error:
        return str(error).replace(str(folder), "")
    return found.image_processor.to_dict(), found.video_processor.to_dict(), found.chat_template


@pytest.mark.parametrize(("name", "videos"), [("qwen3_vl", "Qwen3VL"), ("internvl", "InternVL")])
def test_what_is_exported_is_opened_as_its_base_is(name, videos, written, tmp_path):
    """With torchvision and without: then both are refused for the same reason, which is the videos'."""
    model, folder = written(name)
    processor, base = made(name)[1], tmp_path / "base"
    shutil.copytree(folder / "base", base)
    processor.save_pretrained(base)
    told = {"video_processor_type": f"{videos}VideoProcessor", "fps": 3, "processor_class": type(processor).__name__}
    (base / "video_preprocessor_config.json").write_text(json.dumps(told))
    write_checkpoint(
        tmp_path / "hf", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32,
        base=str(base),
    )  # fmt: skip
    found = opened(tmp_path / "hf")
    assert found == opened(base)
    assert "VideoProcessor requires" in found if isinstance(found, str) else found[1]["fps"] == 3


def test_tied_embeddings_are_written_once(tmp_path):
    model, processor = made("qwen3_vl")
    model.config.tie_word_embeddings = model.config.text_config.tie_word_embeddings = True
    tied = type(model)(model.config)
    write_checkpoint(
        tmp_path / "hf", state=tied.state_dict(), config=tied.config, processor=processor.tokenizer, dtype=torch.float32
    )
    assert "lm_head.weight" not in keys_of(tmp_path / "hf")
    loaded = load_model(str(tmp_path / "hf"))
    assert loaded.lm_head.weight is loaded.model.language_model.embed_tokens.weight
    empty = empty_model(str(tmp_path / "hf"), dtype=torch.float32, attention="sdpa")
    assert "lm_head.weight" not in find_weights(str(tmp_path / "hf"), empty).places
    assert empty.lm_head.weight is empty.model.language_model.embed_tokens.weight


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3", "internvl", "smolvlm", "janus"])
def test_new_words_have_rows_in_every_way_of_reading(written, name, tmp_path):
    """Locate's tokens: a line of values."""
    model, folder = written(name)
    base, words = str(folder / "base"), [f"<at_{number}>" for number in range(70)]
    whole = load_model(base, words=words)
    num = len(made(name)[1].tokenizer)
    rows = whole.get_input_embeddings().weight
    assert len(rows) == whole.get_output_embeddings().weight.shape[0] >= num + 70
    assert torch.equal(rows[:num], model.get_input_embeddings().weight[:num])
    near, far = (torch.cosine_similarity(rows[num + 20], rows[num + at], dim=0) for at in (21, 60))
    assert near > 0.7 > far + 0.2
    empty = empty_model(base, dtype=torch.float32, attention="sdpa", words=words)
    weights = find_weights(base, empty, words=words)
    for key, value in whole.named_parameters():
        assert dict(empty.named_parameters())[key].shape == value.shape, key
        assert torch.equal(weights.read(key), value), key
    write_checkpoint(
        tmp_path / "hf", state=whole.state_dict(), config=whole.config, processor=made(name)[1].tokenizer,
        dtype=torch.float32,
    )  # fmt: skip
    found = load_model(str(tmp_path / "hf"))
    assert torch.equal(found.get_input_embeddings().weight, rows)


def lacking(state):
    del state["visual.merger.ln_q.weight"]


def surplus(state):
    state["visual.merger.ln_r.weight"] = torch.zeros(3)


def misshapen(state):
    state["visual.merger.ln_q.weight"] = torch.zeros(7)


FAULTS = {
    "1 weights missing, such as model.visual.merger.ln_q.weight": lacking,
    r"1 weights that the model .* has no place for, such as visual\.merger\.ln_r\.weight": surplus,
    r"visual\.merger\.ln_q\.weight has the shape \(7,\), expected \(32,\)": misshapen,
}


@pytest.mark.parametrize("message", FAULTS)
def test_files_that_do_not_fit_are_one_line(written, tmp_path, message):
    folder = tmp_path / "hf"
    shutil.copytree(written("qwen2_vl")[1] / "hf", folder)
    state = load_file(folder / "model.safetensors")
    FAULTS[message](state)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    empty = empty_model(str(folder), dtype=torch.float32, attention="sdpa")
    with pytest.raises(CheckpointError, match=message) as caught:
        find_weights(str(folder), empty)
    assert "\n" not in str(caught.value)


def test_what_is_lacking_is_not_written(tmp_path):
    model, processor = made("gemma3")
    state = model.state_dict()
    del state["model.language_model.norm.weight"]
    with pytest.raises(CheckpointError, match=r"1 weights are missing, such as model\.language_model\.norm\.weight"):
        write_checkpoint(
            tmp_path / "hf", state=state, config=model.config, processor=processor.tokenizer, dtype=torch.float32
        )
    assert list(tmp_path.iterdir()) == []


def test_other_models_are_refused(written, tmp_path):
    shutil.copytree(written("qwen3_vl")[1] / "hf", tmp_path / "hf")
    config = tmp_path / "hf" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_type": "qwen3"}))
    with pytest.raises(CheckpointError, match=r"is 'qwen3', which answers about no.* 'qwen2_vl'.*packing=none"):
        resolve_base(str(tmp_path / "hf"))


def test_parts_that_cannot_be_exchanged_are_refused(written):
    from llavapose.config.model import ConnectorConfig

    model, folder = written("gemma3")
    for config in (ConnectorConfig(type="linear"), ConnectorConfig(reset=True)):
        with pytest.raises(ConfigError, match=r"connector.*model_type is 'gemma3'; expected 'llava'"):
            fit_connector(model, config)
    fit_connector(model, ConnectorConfig())
    vision = Vision(base="facebook/dinov2-small", size=28)
    with pytest.raises(ConfigError, match=r"model\.vision=dinov2: the base's model_type is 'gemma3'"):
        load_model(str(folder / "hf"), vision=vision)
