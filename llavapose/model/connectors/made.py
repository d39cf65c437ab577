"""The connector of a configuration, and the class of its model."""

from typing import Any

from transformers import LlavaConfig, LlavaForConditionalGeneration
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from llavapose.model.connectors.configured import connector_type, parts_of
from llavapose.model.connectors.frames import FrameAttention, told_groups
from llavapose.model.connectors.own import MultiBranch, OwnProjector, PoseAttention

_FURTHER: dict[str, type[OwnProjector]] = {
    "multi_branch": MultiBranch,
    "pose_attention": PoseAttention,
    "frame_attention": FrameAttention,
}


class ConnectorLlava(LlavaForConditionalGeneration):
    """A LLaVA with the connector that its configuration tells: what our own folders load into."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        connect(self, projector_of(config))

    def _supports_mm_encoder_outputs(self) -> bool:
        """Whether ``generate`` may read pictures before the forward: not where rows say which belong together."""
        parent: Any = super()
        by_rows = isinstance(self.model.multi_modal_projector, FrameAttention)
        return not by_rows and parent._supports_mm_encoder_outputs()


def connect(model: LlavaForConditionalGeneration, projector: LlavaMultiModalProjector) -> None:
    """Give a LLaVA the connector of its configuration, in place, and the class that goes with it.

    One that asks which pictures belong together is told from now on.
    """
    model.model.multi_modal_projector = projector
    # Neither class has a state of its own: a base that was loaded whole need not be loaded again.
    model.__class__ = class_of(model.config)
    if isinstance(projector, FrameAttention):
        told_groups(model.model)


def projector_of(config: LlavaConfig) -> LlavaMultiModalProjector:
    """The connector of a configuration; its weights are no start."""
    if not parts_of(config):
        return LlavaMultiModalProjector(config)
    return _FURTHER.get(connector_type(config), OwnProjector)(config)


def class_of(config: LlavaConfig) -> type[LlavaForConditionalGeneration]:
    """The class of a configuration's model."""
    return ConnectorLlava if parts_of(config) else LlavaForConditionalGeneration
