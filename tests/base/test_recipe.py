"""The base's recipe end to end on a handful of pictures, and the base that ships."""

import json

import pytest
import torch

from llavapose.base.connector import LOUDNESS, SPREAD, STRAIGHT, spoken_targets
from llavapose.base.recipe import WORLD_SEED, Recipe, make_base
from llavapose.base.vision import VisionRecipe, load_pictures, normalise, patch_features
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.files import TINY_BASE
from llavapose.model.parts import count_parameters
from llavapose.model.pretrained import load_model, load_processor
from llavapose.scenes.world.world import read_world

SMALL = Recipe(
    num_images=12, num_told=12, num_read=12, num_val=4, num_held=8, vocab_size=420, batch_size=16,
    encoder=(VisionRecipe(steps=3, batch_size=4), VisionRecipe(steps=2, batch_size=4)),
)  # fmt: skip


def test_the_recipe_makes_a_base_that_loads(tmp_path):
    out = make_base(SMALL, work=tmp_path / "work", out=tmp_path / "base")
    model, processor = load_model(str(out)), load_processor(str(out), chat_template=CHAT_TEMPLATE)
    assert model.config.image_seq_length == 64
    assert len(processor.tokenizer) == model.config.text_config.vocab_size
    assert not {path.name for path in out.iterdir()} & OF_A_RUN
    report = json.loads((out / "recipe.json").read_text())
    start = load_model(str(next((tmp_path / "work").glob("llava-*")) / "start"))
    scenes = read_world(next((tmp_path / "work" / "world").glob("world-*")), "train")
    pictures = load_pictures(scenes.scenes, scenes.images, size=112)
    with torch.no_grad():
        features = patch_features(start.model.vision_tower, normalise(pictures)).flatten(0, 1)
        read = start.model.multi_modal_projector.linear_1(features)
        tokens = start.model.multi_modal_projector(features)
    assert features.std(0).square().mean().sqrt() == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(read.mean(0), torch.full((read.shape[1],), STRAIGHT), atol=1e-3, rtol=0)
    spread = read[:, : len(spoken_targets())].std(0)
    assert (spread[spread > 1e-3] - SPREAD).abs().max() < 0.02  # a handful of pictures lacks some things altogether
    assert tokens.square().mean().sqrt() == pytest.approx(LOUDNESS, rel=0.25)
    linear = torch.nn.functional.linear(read - STRAIGHT, start.model.multi_modal_projector.linear_2.weight)
    assert (tokens - linear).square().mean().sqrt() < 0.1 * LOUDNESS
    assert report["vision"]["pictures"] == 4 and report["data"]["world"].startswith("world-")


@pytest.fixture(scope="module")
def shipped():
    return load_model("tiny")


def test_the_shipped_base_is_a_few_million_parameters(shipped):
    total, _ = count_parameters(shipped.parameters())
    assert 1e6 < total < 4e6
    assert sum(path.stat().st_size for path in TINY_BASE.glob("*.safetensors")) < 8e6


def test_the_shipped_base_was_made_by_this_recipe():
    report = json.loads((TINY_BASE / "recipe.json").read_text())
    made, now = report["recipe"], Recipe()
    keys = ("num_images", "num_told", "vocab_size", "lr", "muon_lr", "epochs", "seed")
    assert {key: made[key] for key in keys} == {key: getattr(now, key) for key in keys}
    assert [stage["steps"] for stage in made["encoder"]] == [stage.steps for stage in now.encoder]
    assert report["vision"]["joint_error_px"] < 5
    assert WORLD_SEED > 1_000_000


OF_A_RUN = {"README.md", "training.json"}
"""By which an evaluation knows a folder whose card it writes anew."""


def test_the_shipped_base_is_no_run_whose_card_an_evaluation_would_write():
    assert not {path.name for path in TINY_BASE.iterdir()} & OF_A_RUN


def test_the_shipped_tokenizer_knows_the_words_of_poses():
    tokenizer = load_processor("tiny", chat_template=CHAT_TEMPLATE).tokenizer
    for word in ("elbow", "knee", "raised", "lowered", "straight", "bent", "facing", "ASSISTANT"):
        assert len(tokenizer(f" {word}", add_special_tokens=False).input_ids) <= 2, word
    text = "The left elbow of the person is bent. Grüße!"
    assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text


def test_the_shipped_weights_are_finite(shipped):
    assert all(torch.isfinite(value).all() for value in shipped.state_dict().values())
