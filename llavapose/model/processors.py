"""Processors of any family, with what reads pictures and without what reads videos."""

from typing import Any

from transformers import AutoProcessor, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING


def family_processor(source: str, config: Any) -> Any:
    """The processor of a folder or hub id, its family's own.

    PIL reads the pictures, so that they are the same with torchvision and without.
    """
    if type(config) not in PROCESSOR_MAPPING:
        return AutoProcessor.from_pretrained(source, backend="pil", trust_remote_code=False)
    family: Any = PROCESSOR_MAPPING[type(config)]
    return pictures_only(family).from_pretrained(source, backend="pil")


def pictures_only(family: type[ProcessorMixin]) -> Any:
    """A family's processor without the part that reads videos, which would need torchvision."""
    names = family.get_attributes()
    if "video_processor" not in names:
        return family
    kept = [name for name in names if name != "video_processor"]

    def read(cls: Any, *args: Any, **kwargs: Any) -> list[Any]:
        # The constructor still has a place for it, which is the last.
        return [*super(found, cls)._get_arguments_from_pretrained(*args, **kwargs), None]

    own = {
        "get_attributes": classmethod(lambda _: kept),
        "_get_arguments_from_pretrained": classmethod(read),
        "video_processor": _NoVideos(),
        "__module__": __name__,
    }
    found: Any = type(family.__name__, (family,), own)
    return found


class _NoVideos:
    """What is looked up in it is not set; SmolVLM's template asks for frames even where there is no video."""

    def __getattr__(self, name: str) -> None:
        return None
