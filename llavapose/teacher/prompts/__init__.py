"""The prompts as text files beside this one, and the number of their wording.

``KIND.CONTEXT.txt`` is the system message for a kind of sample and what the teacher is sent. These files are the
papers' own, word for word (LLaVA-Pose, Sensors 2025; line breaks are ours, as print lost them): ``conv.captions`` and
``conv.request`` (Table 1), ``detail.keypoints`` (Table 2), ``complex.keypoints`` (Table 3), ``detail_instructions``
(Table 4), and ``conv.caption_question``, which their code asks before each caption. The others are the least edits of
these that leave no word about what is not sent, and ``conv.request.dialogue``, which asks for one conversation instead
of single pairs: ``diff`` two files to see them. ``motion/`` has the prompts about clips, which are our own.
"""

import hashlib
import re
from functools import cache
from importlib.resources import files

from llavapose.errors import ConfigError

PROMPT_VERSION = "1"
"""Kept with every sample; counts up with each edit of a prompt or of the offline teacher's wording."""

NUM_CAPTIONS = 5
"""Captions of a picture that are sent, as many as the prompts speak of; COCO has a few pictures with more."""

_FILE_OF = {"other_keypoints": "keypoints"}
"""The control for style differs in its keypoints alone: to the teacher they are the picture's."""

_FURTHER = {
    "conv": ("conv.caption_question", "conv.request", "conv.request.dialogue"),
    "detail": ("detail_instructions",),
    "complex": (),
}
"""Kind -> files with what the user says."""

_NUMBER_WORDS = {2: "two", 3: "three", 4: "four"}

_WITHOUT_CAPTIONS = (
    (r" What you see are provided with five sentences, describing [^.]*\.", ""),
    (r" You receive five sentences, each describing [^.]*\.", ""),
    (r"In addition, specific", "Specific"),
    (r"the provided captions? and ", "the provided "),
    (r"from the caption and coordinates", "from the coordinates"),
    (r"is the caption or the ", "is the "),
)
"""Edits for a picture that has no captions."""


@cache
def text_of(name: str) -> str:
    """One prompt file, without the trailing newline."""
    return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@cache
def prompt(kind: str, context: str = "keypoints", num_captions: int = NUM_CAPTIONS) -> str:
    """The system message, which says how many captions come with it.

    Args:
        kind: "conv", "detail" or "complex".
        context: "captions", "boxes", "keypoints" or "other_keypoints".
        num_captions: 0 to 5; the files, and the papers, speak of five.

    Raises:
        ConfigError: a kind without prompts.
    """
    if kind not in _FURTHER:
        raise ConfigError(f"there is no prompt for {kind}; expected one of {', '.join(_FURTHER)}")
    text = text_of(f"{kind}.{_FILE_OF.get(context, context)}")
    if num_captions == NUM_CAPTIONS:
        return text
    if num_captions == 0:
        for old, new in _WITHOUT_CAPTIONS:
            text = re.sub(old, new, text)
        return text
    if num_captions == 1:
        return text.replace("five sentences, each describing", "one sentence describing").replace(
            "five sentences, describing", "one sentence, describing"
        )
    return text.replace("five sentences", f"{_NUMBER_WORDS[num_captions]} sentences")


@cache
def prompt_hash(kind: str, context: str) -> str:
    """SHA-256 of all fixed text of such requests, in hexadecimal digits."""
    texts = [prompt(kind, context), *(text_of(name) for name in _FURTHER[kind])]
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()


DETAIL_INSTRUCTIONS: tuple[str, ...] = tuple(text_of("detail_instructions").splitlines())
