"""A base's processor -> how its samples are read: words and pictures, LLaVA-1.5's own way or the base's."""

from dataclasses import dataclass
from typing import Any

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.reading.bounds import bound_pixels
from llavapose.data.reading.native import NativePictures
from llavapose.data.reading.shown import Pictures, SquarePictures
from llavapose.data.reading.template import conversation_of
from llavapose.data.template import check_template
from llavapose.families.family import Family


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How samples are read.

    Attributes:
        conversation: words.
        pictures: what stands in front of them.
        bound: what an index of tokens is found by beside its tokenizer, of pictures in the base's own way; "": LLaVA's.
    """

    conversation: Conversation
    pictures: Pictures
    bound: str = ""


def read_base(processor: Any, family: Family, *, source: str, max_pixels: int | None = None) -> Reading:
    """How a base reads.

    Args:
        processor: the base's; bounded in place.
        family: the base's.
        source: the base, for messages.
        max_pixels: most pixels that a picture is shown with; None: as the processor says.

    Raises:
        ConfigError: nothing of this base reads ``max_pixels``.
        DataError: a tokenizer or chat template that cannot be trained with.
    """
    bound_pixels(processor, family, max_pixels)
    if family.own_pictures:
        check_template(processor.tokenizer)
    conversation = conversation_of(processor, own_words=family.own_pictures, source=source)
    if family.own_pictures:
        return Reading(conversation=conversation, pictures=square_pictures(processor, conversation))
    words = conversation.wording
    pictures = NativePictures(processor, family, words.head, marker=words.marker)
    return Reading(conversation=conversation, pictures=pictures, bound=f"max_pixels={max_pixels}")


def square_pictures(processor: Any, conversation: Conversation) -> SquarePictures:
    """LLaVA-1.5's pictures, behind the conversation's system sentence."""
    return SquarePictures(
        processor.image_processor,
        tokenizer=processor.tokenizer,
        wording=conversation.wording,
        image_id=conversation.image_id,
        num_image_tokens=num_image_tokens(processor),
    )
