"""Processors of any family, with what reads pictures and without what reads videos."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from transformers import AutoProcessor, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from llavapose.errors import CheckpointError

_VIDEOS = "video_processor"


def family_processor(source: str, config: Any) -> Any:
    """The processor of a folder or hub id, its family's own.

    PIL reads the pictures where it can, so that they are the same with torchvision and without.

    Raises:
        CheckpointError: pictures that torchvision alone reads, where it is missing.
    """
    with _asked_for(source):
        if type(config) not in PROCESSOR_MAPPING:
            return AutoProcessor.from_pretrained(source, backend="pil", trust_remote_code=False)
        family: Any = PROCESSOR_MAPPING[type(config)]
        return pictures_only(family).from_pretrained(source, backend="pil")


@contextmanager
def _asked_for(source: str) -> Iterator[None]:
    """Transformers' own words fill a page, and name what was tried before what is missing."""
    try:
        yield
    except (ImportError, ValueError, OSError) as error:
        if "torchvision" not in str(error).lower() or find_spec("torchvision") is not None:
            raise
        raise CheckpointError(
            f"checkpoint {source}: transformers reads its pictures with torchvision alone, which is not installed; "
            "pip install torchvision, of the release beside your torch"
        ) from None


def pictures_only(family: type[ProcessorMixin]) -> Any:
    """A family's processor without the part that reads videos, which would need torchvision."""
    names = family.get_attributes()
    if _VIDEOS not in names:
        return family
    at, kept = names.index(_VIDEOS), [name for name in names if name != _VIDEOS]

    def read(cls: Any, *args: Any, **kwargs: Any) -> list[Any]:
        # The constructor still has a place for it.
        parts = super(found, cls)._get_arguments_from_pretrained(*args, **kwargs)
        return [*parts[:at], None, *parts[at:]]

    def hand_on(self: Any, *parts: Any, **named: Any) -> None:
        # The constructor hands on what it was given, in its own order; the base's wants what is kept.
        named.pop(_VIDEOS, None)
        super(between, self).__init__(*parts[:at], *parts[at + 1 :], **named)

    # Between the family's class and the one that holds its parts.
    between: Any = type("_PicturesOnly", (ProcessorMixin,), {"__init__": hand_on})
    own = {
        "get_attributes": classmethod(lambda _: kept),
        "_get_arguments_from_pretrained": classmethod(read),
        _VIDEOS: _NoVideos(),
        "__module__": __name__,
    }
    found: Any = type(family.__name__, (family, between), own)
    return found


class _NoVideos:
    """What is looked up in it is not set; SmolVLM's template asks for frames even where there is no video."""

    def __getattr__(self, name: str) -> None:
        return None
