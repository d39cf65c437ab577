"""The prompts about clips, as text files beside this one; our own wording, in the form of the papers' for pictures.

A system message is ``data`` (what a clip is), one of ``captions``, ``boxes`` and ``keypoints`` (what is sent of it) and
one of ``conv``, ``detail`` and ``complex`` (what is asked for). ``request`` and ``request.dialogue`` end a request for
``conv``; ``instructions`` are the questions of descriptions, the offline teacher's too.
"""

import hashlib
from functools import cache
from importlib.resources import files

from llavapose.errors import ConfigError

MOTION_PROMPT_VERSION = "motion 1"
"""Kept with every sample about motion; counts up with each edit of these prompts or of the offline wording."""

_KINDS = ("conv", "detail", "complex")


@cache
def motion_text(name: str) -> str:
    """One prompt file, without the trailing newline."""
    return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@cache
def motion_prompt(kind: str, context: str = "keypoints") -> str:
    """The system message for samples about motion.

    Args:
        kind: "conv", "detail" or "complex".
        context: "captions", "boxes", "keypoints" or "other_keypoints", which a teacher takes for the clip's.

    Raises:
        ConfigError: a kind without prompts.
    """
    if kind not in _KINDS:
        raise ConfigError(f"there is no prompt about motion for {kind}; expected one of {', '.join(_KINDS)}")
    sent = "keypoints" if context == "other_keypoints" else context
    return f"{motion_text('data')}\n{motion_text(sent)}\n\n{motion_text(kind)}"


@cache
def motion_prompt_hash(kind: str, context: str) -> str:
    """SHA-256 of all fixed text of such requests, in hexadecimal digits."""
    further = {"conv": ("request", "request.dialogue"), "detail": ("instructions",)}.get(kind, ())
    texts = [motion_prompt(kind, context), *map(motion_text, further)]
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()


INSTRUCTIONS: tuple[str, ...] = tuple(motion_text("instructions").splitlines())
