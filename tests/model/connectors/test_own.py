"""Connectors with more beside the MLP: step 0 is the MLP, all of them learns, and what is saved is nobody else's."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, LlavaForConditionalGeneration

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.errors import CheckpointError, ConfigError
from llavapose.model.attention.mask import packed_mask
from llavapose.model.connectors.configured import connector_type
from llavapose.model.connectors.fit import fit_connector, set_connector
from llavapose.model.losses import token_losses
from llavapose.model.parts import count_parameters
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.model.weights import empty_model, find_weights
from llavapose.training.forecast.shapes import read_shapes, shapes_of
from tests.model.test_packing import proof_of
from tests.packed import pack

OWN = ("multi_branch", "pose_attention", "frame_attention")
SIZES = ConnectorConfig(branches=3, branch_width=8, heads=4)


def features_of(model):
    pixels = torch.randn(2, 1, 3, 42, 42, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return torch.stack([model.get_image_features(one).pooler_output[0] for one in pixels])


def batch_of(processor, samples, side=42):
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = list(torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)))
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    return pack(*prefixes, [[(0, 1, 2)], [(4, 5)]], branches, pictures, step_weight=1, blank=pictures[0])


def losses_of(model, batch):
    return token_losses(model, batch, packed_mask(batch.segments))


def loss(model, batch):
    return losses_of(model, batch).mean()


def stirred(model):
    """Parts that start as zeros say something."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for value in model.model.multi_modal_projector.parameters():
            value.add_(torch.randn(value.shape, generator=generator), alpha=0.1)
    return model


@pytest.mark.parametrize("kind", OWN)
def test_step_0_is_the_mlp_bit_for_bit(llava, processor, samples, kind):
    batch = batch_of(processor, samples)
    before, lost = features_of(llava), loss(llava, batch)
    set_connector(llava, kind, sizes=SIZES)
    assert connector_type(llava.config) == kind
    assert torch.equal(features_of(llava), before) and torch.equal(loss(llava, batch), lost)


@pytest.mark.parametrize("kind", OWN[:2])
def test_all_of_it_learns_from_the_second_step_on(llava, processor, samples, kind):
    set_connector(llava, kind, sizes=SIZES)
    batch, parts = batch_of(processor, samples), llava.model.multi_modal_projector
    optimizer = torch.optim.SGD(parts.parameters(), lr=0.1)
    silent = []
    for _ in range(2):
        optimizer.zero_grad()
        loss(llava, batch).backward()
        # Attention's scores are the same whatever is added to all keys: their bias has no gradient but rounding.
        silent.append({n for n, p in parts.named_parameters() if not p.grad.abs().sum() > 0} - {"keys.bias"})
        optimizer.step()
    assert silent[0] and not silent[1]


@pytest.mark.parametrize("kind", OWN)
def test_packed_is_unpacked(llava, processor, samples, kind):
    set_connector(llava, kind, sizes=SIZES)
    found = proof_of(stirred(llava), batch_of(processor, samples), tolerance=1e-4, backend="sdpa")
    assert found.losses.largest < 1e-4


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_folder_is_read_by_us_and_refused_by_name(llava, processor, tmp_path, kind, dtype):
    set_connector(llava, kind, sizes=SIZES)
    stirred(llava).to(dtype)
    folder = write_checkpoint(
        tmp_path / "hf", state=llava.state_dict(), config=llava.config, processor=processor, dtype=dtype
    )
    loaded = load_model(str(folder), dtype=dtype)
    assert connector_type(loaded.config) == kind
    for name, value in llava.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert load_processor(str(folder), chat_template="").tokenizer.get_vocab() == processor.tokenizer.get_vocab()
    told = json.loads((folder / "config.json").read_text())
    assert told["model_type"] == "llavapose" and told["connector"]["type"] == kind
    for read in (AutoConfig, AutoModelForImageTextToText):
        with pytest.raises(ValueError, match="llavapose"):
            read.from_pretrained(folder)
    with pytest.raises(KeyError, match=f"llavapose.{kind}"):
        LlavaForConditionalGeneration.from_pretrained(folder)
    assert AutoProcessor.from_pretrained(folder, backend="pil").tokenizer is not None
    empty = empty_model(str(folder), dtype=torch.float32, attention="sdpa")
    found = find_weights(str(folder), empty)
    assert all(torch.equal(found.read(name), value) for name, value in loaded.named_parameters())


@pytest.mark.parametrize("kind", OWN)
def test_a_plan_counts_its_parameters(llava, processor, tmp_path, kind):
    set_connector(llava, kind, sizes=SIZES)
    folder = write_checkpoint(
        tmp_path / "hf", state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.float32
    )
    shapes = read_shapes(str(folder))
    assert shapes.connector == count_parameters(llava.model.multi_modal_projector.parameters())[0]
    assert shapes.total == count_parameters(llava.parameters())[0]


def test_kept_changed_and_taken_away(llava):
    set_connector(llava, "multi_branch", sizes=SIZES)
    stirred(llava)
    before, inner = features_of(llava), llava.model.multi_modal_projector.linear_1.weight
    fit_connector(llava, ConnectorConfig())
    assert torch.equal(features_of(llava), before), "kept"
    fit_connector(llava, ConnectorConfig(type=ConnectorType.multi_branch, branches=3, branch_width=8))
    assert torch.equal(features_of(llava), before), "the same"
    fit_connector(llava, ConnectorConfig(type=ConnectorType.multi_branch, branches=2, branch_width=8))
    assert len(llava.model.multi_modal_projector.branches) == 2 and not torch.equal(features_of(llava), before)
    set_connector(llava, "mlp2x_gelu")
    projector = llava.model.multi_modal_projector
    assert type(projector).__name__ == "LlavaMultiModalProjector" and projector.linear_1.weight is inner
    assert connector_type(llava.config) == "mlp2x_gelu" and not hasattr(llava.config, "connector")


def test_from_linear_and_reset_start_anew(llava):
    set_connector(llava, "linear")
    inner = llava.model.multi_modal_projector.linear_1.weight.clone()
    set_connector(llava, "pose_attention", sizes=SIZES)
    projector = llava.model.multi_modal_projector
    assert not torch.equal(projector.linear_1.weight, inner) and projector.act(torch.tensor(-9.0)) > -1
    assert all(parameter.requires_grad for parameter in projector.parameters())
    stirred(llava)
    set_connector(llava, "pose_attention", sizes=SIZES, reset=True)
    assert not projector.out.weight.any()


def test_mistakes_are_one_line(llava, processor, tmp_path):
    with pytest.raises(ConfigError, match=r"connector\.heads is 5, and the vision encoder's features are 32 wide"):
        set_connector(llava, "pose_attention", sizes=ConnectorConfig(heads=5))
    llava.config.connector = {"type": "multi_branch"}
    with pytest.raises(ConfigError, match=r"connector: the base's config\.json has .*; expected type multi_branch"):
        connector_type(llava.config)
    with pytest.raises(ConfigError, match="model_type 'llavapose2', of which no plan can be made"):
        shapes_of({"model_type": "llavapose2"}, where="x")
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llavapose2"}')
    with pytest.raises(
        CheckpointError, match="model_type is 'llavapose2', which answers about no pictures; expected 'llava'"
    ):
        load_model(str(folder))
