"""The connector of a configuration, and the class of its model."""

from transformers import LlavaConfig, LlavaForConditionalGeneration
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from llavapose.model.connectors.configured import connector_type, parts_of
from llavapose.model.connectors.own import MultiBranch, OwnProjector, PoseAttention

_FURTHER: dict[str, type[OwnProjector]] = {"multi_branch": MultiBranch, "pose_attention": PoseAttention}


class ConnectorLlava(LlavaForConditionalGeneration):
    """A LLaVA with the connector that its configuration tells: what our own folders load into."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        self.model.multi_modal_projector = projector_of(config)


def projector_of(config: LlavaConfig) -> LlavaMultiModalProjector:
    """The connector of a configuration; its weights are no start."""
    if not parts_of(config):
        return LlavaMultiModalProjector(config)
    return _FURTHER.get(connector_type(config), OwnProjector)(config)


def class_of(config: LlavaConfig) -> type[LlavaForConditionalGeneration]:
    """The class of a configuration's model."""
    return ConnectorLlava if parts_of(config) else LlavaForConditionalGeneration
