"""The plan knows every family: parameters as transformers' own modules have them, operations as torch counts them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForImageTextToText

from llavapose.cli.plan import forecast, places_of
from llavapose.config.choices import VisionType
from llavapose.config.schema import ConnectorConfig, ModelConfig
from llavapose.errors import ConfigError
from llavapose.families.defaults import LEAD
from llavapose.families.encoders import ENCODERS
from llavapose.families.family import CONNECTOR, LANGUAGE, UNUSED, VISION
from llavapose.families.known import FAMILIES
from llavapose.families.published import PUBLISHED
from llavapose.families.resolution import RULES, USUAL, picture_of
from llavapose.training.forecast.cost import Counts, operations
from llavapose.training.forecast.setup import Setup, weights_of
from llavapose.training.forecast.shapes import read_shapes, shapes_for, shapes_of
from llavapose.training.forecast.text import lines_of
from tests.model.counted import COUNTED
from tests.model.test_published import counted, family_of
from tests.model.test_published import without_weights as published
from tests.training.forecast.test_settings import config_of

BASES = [one.base for one in COUNTED.values()]


def without_weights(config):
    with torch.device("meta"):
        return AutoModelForImageTextToText.from_config(config)


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))


@pytest.mark.parametrize("base", BASES)
def test_published_bases_are_counted_without_their_files(base):
    shapes, parts = read_shapes(base), counted(published(base), family_of(base))
    assert shapes.language == parts[LANGUAGE]
    assert shapes.vision_encoder == parts[VISION]
    assert shapes.connector == parts[CONNECTOR]
    assert shapes.encoder.unused == parts.get(UNUSED, 0)
    assert shapes.total == sum(parts.values())


@pytest.mark.parametrize("base", BASES)
def test_what_learns_is_language_model_and_connector(base):
    shapes, parts = read_shapes(base), counted(published(base), family_of(base))
    weights = weights_of(shapes, Setup())
    assert weights.trained == parts[LANGUAGE] + parts[CONNECTOR]
    assert weights.total == shapes.total


@pytest.mark.parametrize("base", BASES)
def test_a_file_that_transformers_writes_is_read_alike(base):
    """Whole files, with every key, tell the same as the few keys of the table."""
    config = AutoConfig.for_model(**copy.deepcopy(PUBLISHED[base]))
    assert shapes_of(config.to_dict(), where=base) == read_shapes(base)


@pytest.mark.parametrize("kind", [kind for kind in RULES if kind not in ("llava", "llavapose")])
def test_what_a_file_leaves_out_is_what_transformers_takes(kind):
    """By its numbers, for the defaults of some families do not fit together; LLaVA's are those of its published 7B."""
    config = AutoConfig.for_model(kind)
    shapes = shapes_of({"model_type": kind}, where=kind)
    text, vision = config.text_config, config.vision_config
    told = (text.hidden_size, text.intermediate_size, text.num_hidden_layers, text.num_attention_heads)
    own = shapes.text
    assert (own.hidden, own.intermediate, own.layers, own.heads) == told
    assert own.kv_heads == getattr(text, "num_key_value_heads", own.heads)
    assert own.head_dim == (getattr(text, "head_dim", None) or own.hidden // own.heads)
    assert shapes.vocab == text.vocab_size
    assert shapes.vision.layers == getattr(vision, "depth" if kind.startswith("qwen") else "num_hidden_layers")
    assert shapes.vision.hidden == (vision.embed_dim if kind == "qwen2_vl" else vision.hidden_size)
    assert shapes.needs_mask is (kind in ("gemma3", "molmo2"))


def test_every_packable_family_can_be_planned():
    """Those whose layers no mask reaches are told apart by the run itself, and have no plan."""
    blind = {"qwen3_5", "qwen3_5_moe", "lfm2_vl"}
    assert RULES.keys() == ENCODERS.keys() == LEAD.keys()
    assert {kind for family in FAMILIES for kind in family.model_types} == RULES.keys() | blind
    with pytest.raises(ConfigError, match="'qwen3_5', of which no plan can be made"):
        shapes_of({"model_type": "qwen3_5"}, where="here")


def test_flat_files_of_qwen_are_read():
    base = "Qwen/Qwen2-VL-7B-Instruct"
    flat = {key: value for key, value in PUBLISHED[base].items() if key != "text_config"} | PUBLISHED[base][
        "text_config"
    ]
    assert shapes_of(flat, where=base) == read_shapes(base)


def test_the_released_form_of_molmo2_is_read():
    """Its file has other names, and layers that its weights have not."""
    base = "allenai/Molmo2-8B"
    vision = {key: value for key, value in PUBLISHED[base]["vision_config"].items() if key not in ("image_size",)}
    old = {
        "image_default_input_size": [378, 378], "image_patch_size": 14, "num_hidden_layers": 27,
    }  # fmt: skip
    released = {key: value for key, value in PUBLISHED[base].items() if key != "vision_config"}
    released |= {
        "vit_config": vision | old,
        "adapter_config": PUBLISHED[base]["adapter_config"] | {"vit_layers": [-3, -9]},
    }
    assert shapes_of(released, where=base) == read_shapes(base)


def test_which_bases_need_a_mask():
    needing = {base for base in BASES if read_shapes(base).needs_mask}
    assert needing == {"google/gemma-3-4b-it", "allenai/Molmo2-8B"}
    varying = {base for base in BASES if not read_shapes(base).varies}
    assert varying == {"google/gemma-3-4b-it", "deepseek-community/Janus-Pro-7B"}


def test_a_bound_of_pixels_makes_fewer_tokens():
    model = ModelConfig(name="x", base="Qwen/Qwen3-VL-8B-Instruct")
    whole = shapes_for(model, ConnectorConfig())
    model.max_pixels = 100_000
    small = shapes_for(model, ConnectorConfig())
    assert small.image_tokens < whole.image_tokens / 2 and small.total == whole.total


def test_another_encoder_is_llavas_alone():
    model = ModelConfig(name="x", base="Qwen/Qwen3-VL-8B-Instruct", vision=VisionType.dinov2)
    with pytest.raises(
        ConfigError, match=r"model\.vision=dinov2 is for LLaVA, and Qwen/Qwen3-VL-8B-Instruct is 'qwen3_vl'"
    ):
        shapes_for(model, ConnectorConfig())


def inputs_of(shapes, device):
    """What a model's vision encoder is handed for one picture, without numbers in it."""
    picture, side, kind = shapes.picture, shapes.image_size, shapes.family

    def pixels(*sizes):
        return torch.zeros(*sizes, device=device)

    if kind.startswith("qwen"):
        size = 16 if kind == "qwen3_vl" else 14
        rows = round((picture.encoded * USUAL[0] / USUAL[1]) ** 0.5 / 2) * 2
        grid = torch.tensor([[1, rows, picture.encoded // rows]])
        assert grid.prod() == picture.encoded
        return {"pixel_values": pixels(picture.encoded, 6 * size**2), "image_grid_thw": grid}
    if kind == "llava_onevision":
        sizes = torch.tensor([list(USUAL)])
        return {"pixel_values": pixels(1, picture.encoded // 729, 3, side, side), "image_sizes": sizes}
    return {"pixel_values": pixels(picture.values // (3 * side**2), 3, side, side)}


def features_counted(model, shapes, device):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.model.get_image_features(**inputs_of(shapes, device))
    return counter.get_total_flops()


def features_foretold(shapes):
    """Forward alone: a frozen encoder's, and a third of a connector's that learns."""
    one = Counts(tokens=0, pairs=0, targets=0, pictures=1)
    return operations(shapes, Setup(), one).model - 4 * shapes.picture.features * shapes.connector


@pytest.mark.parametrize("name", ["llava_onevision", "internvl3_8b", "internvl3_5_8b", "gemma3_4b", "janus_pro_7b"])
def test_operations_of_a_picture_are_those_that_torch_counts(name):
    base = COUNTED[name].base
    shapes = read_shapes(base)
    found = features_counted(published(base), shapes, "meta")
    assert features_foretold(shapes) == pytest.approx(found, rel=0.03)


@pytest.mark.parametrize("name", ["qwen2_vl_7b", "qwen2_5_vl_7b", "qwen3_vl_4b"])
def test_operations_of_a_picture_of_any_size(name):
    """On the processor, for its grid decides: a few layers of it, and a smaller picture."""
    base = COUNTED[name].base
    config = copy.deepcopy(PUBLISHED[base])
    config["vision_config"]["depth"] = 4
    config["vision_config"] |= {"deepstack_visual_indexes": [1, 2, 3]} if name == "qwen3_vl_4b" else {}
    config["vision_config"] |= {"fullatt_block_indexes": [1]} if name == "qwen2_5_vl_7b" else {}
    shapes = shapes_of(config, where=base, max_pixels=60_000)
    model = without_weights(AutoConfig.for_model(**config))
    visual = model.model.visual.to_empty(device="cpu")
    for weight in (*visual.parameters(), *visual.buffers()):
        weight.data.zero_()
    found = features_counted(model, shapes, "cpu")
    # The patches' own embedding is not foretold: of four layers it is a few percent.
    assert features_foretold(shapes) == pytest.approx(found, rel=0.06)


@pytest.mark.parametrize("name", COUNTED)
def test_operations_of_a_token_are_those_that_torch_counts(name):
    """Of the matrices of the language model's layers: what lies between them is no product."""
    base, tokens = COUNTED[name].base, 64
    shapes, model = read_shapes(base), published(base)
    layers = model.get_submodule(family_of(base).language).layers
    linear = [one for one in layers[0].modules() if isinstance(one, torch.nn.Linear)]
    with FlopCounterMode(display=False) as counter:
        for one in linear:
            one(torch.empty(tokens, one.in_features, device="meta"))
    forward = counter.get_total_flops() * shapes.text.layers
    counts = Counts(tokens=tokens, pairs=0, targets=0, pictures=0)
    assert operations(shapes, Setup(), counts).model == 3 * forward


ON_TWO = ("data=full", "dry_run=true", "evaluate=false", "trainer.devices=2", "forecast.card=a100_80gb")


@pytest.mark.parametrize("name", ["qwen3_vl_8b", "internvl3_8b", "gemma3_4b", "janus_pro_7b"])
def test_a_plan_is_made_for_a_base_without_its_files(name, conf):
    config = config_of(conf, f"model={name}", *ON_TWO)
    planned, shapes = forecast(config), read_shapes(COUNTED[name].base)
    text = "\n".join(lines_of(planned, places_of(config)))
    assert planned.hours is not None and 1 < planned.hours < 200
    assert planned.epoch.samples_a_step == 32
    assert f"{COUNTED[name].base}, {shapes.total:,} parameters" in text
    estimated = f"pictures are taken to be 640 x 480, {shapes.image_tokens:,} tokens each"
    assert (estimated in text) is shapes.varies
    masks = [part for part in planned.memory.parts if part.name == "attention mask"]
    assert bool(masks) is (name == "gemma3_4b")


def test_a_picture_that_leaves_no_room_is_told(conf):
    with pytest.raises(
        ConfigError, match=r"data\.max_length is 2048, and a picture of OpenGVLab/InternVL3-8B-hf .* 3330"
    ):
        forecast(config_of(conf, "model=internvl3_8b", "data.max_length=2048", *ON_TWO))


@pytest.mark.parametrize("name", COUNTED)
def test_a_recipe_leaves_room_beside_its_largest_picture(name, conf):
    config = config_of(conf, f"model={name}", *ON_TWO)
    most = max(
        picture_of(PUBLISHED[COUNTED[name].base], *size, max_pixels=config.model.max_pixels).tokens
        for size in ((480, 640), (640, 480), (640, 640), (426, 640), (360, 640), (640, 427))
    )
    assert most + 512 <= config.data.max_length


@pytest.mark.parametrize("kind", ["qwen3_vl", "gemma3", "internvl"])
def test_a_folder_of_a_known_family_says_what_it_is(kind, conf, tmp_path):
    """``model.base=FOLDER`` alone: no file of ``conf/model`` is needed."""
    name = next(base for base in BASES if PUBLISHED[base]["model_type"] == kind)
    config = AutoConfig.for_model(**copy.deepcopy(PUBLISHED[name]))
    config.save_pretrained(tmp_path / "base")
    base = f"model.base={tmp_path / 'base'}"
    planned = forecast(config_of(conf, base, "data=detail", "data.max_length=4096", "evaluate=false", "dry_run=true"))
    assert planned.shapes.family == kind
    assert planned.shapes.total == sum(counted(without_weights(config), family_of(name)).values())


def test_a_folder_of_an_unknown_family_is_told(conf, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "idefics9"}', encoding="utf-8")
    with pytest.raises(ConfigError, match="has model_type 'idefics9', of which no plan can be made; expected one of"):
        forecast(config_of(conf, f"model.base={tmp_path}", "data=detail", "evaluate=false", "dry_run=true"))
