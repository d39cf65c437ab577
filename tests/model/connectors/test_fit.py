"""A linear connector is exact, stays linear and loads wherever LLaVA loads."""

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from llavapose.errors import ConfigError
from llavapose.model.connectors.configured import connector_type
from llavapose.model.connectors.fit import set_connector
from llavapose.model.pretrained import write_checkpoint


def image_features(model):
    pixels = torch.randn(2, 3, 42, 42, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return torch.stack(list(model.get_image_features(pixels).pooler_output))


def test_linear_is_one_matrix(llava):
    set_connector(llava, "linear")
    features = torch.randn(5, 32)
    projector = llava.model.multi_modal_projector
    assert torch.equal(projector(features), projector.linear_1(features))
    assert connector_type(llava.config) == "linear"


def test_linear_identity_is_frozen_and_stays(llava):
    set_connector(llava, "linear")
    projector = llava.model.multi_modal_projector
    optimizer = torch.optim.SGD([p for p in projector.parameters() if p.requires_grad], lr=1.0)
    before = projector.linear_1.weight.clone()
    projector(torch.randn(5, 32)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(projector.linear_1.weight, before)
    assert torch.equal(projector.linear_2.weight, torch.eye(32))
    assert not projector.linear_2.bias.any()


@pytest.mark.parametrize("kind", ["linear", "mlp2x_gelu"])
def test_saved_connector_loads_in_transformers(llava, processor, tmp_path, kind):
    set_connector(llava, kind, reset=True)
    state = llava.state_dict()
    folder = write_checkpoint(
        tmp_path / "hf", state=state, config=llava.config, processor=processor, dtype=torch.float32
    )
    loaded = LlavaForConditionalGeneration.from_pretrained(folder).eval()
    assert connector_type(loaded.config) == kind
    assert torch.equal(image_features(loaded), image_features(llava))


def test_same_kind_keeps_the_weights(llava):
    before = image_features(llava)
    set_connector(llava, "mlp2x_gelu")
    assert torch.equal(image_features(llava), before)
    set_connector(llava, "mlp2x_gelu", reset=True)
    assert not torch.allclose(image_features(llava), before)


def test_back_from_linear_trains_both_layers(llava):
    set_connector(llava, "linear")
    set_connector(llava, "mlp2x_gelu")
    assert all(parameter.requires_grad for parameter in llava.model.multi_modal_projector.parameters())
    assert connector_type(llava.config) == "mlp2x_gelu"


def test_unknown_kind(llava):
    with pytest.raises(ConfigError, match=r"connector\.type is 'mlp3x'; expected one of mlp2x_gelu, linear"):
        set_connector(llava, "mlp3x")
    llava.config.projector_hidden_act = "silu"
    with pytest.raises(ConfigError, match="projector_hidden_act='silu'"):
        connector_type(llava.config)
