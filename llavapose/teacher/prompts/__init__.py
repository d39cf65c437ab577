"""The prompts as text files beside this one, and the number of their wording.

``detail_instructions.txt`` holds the papers' 16 instructions (LLaVA-Pose, Sensors 2025, Table 4), word for word.
"""

from functools import cache
from importlib.resources import files

PROMPT_VERSION = "1"
"""Kept with every sample; counts up with each edit of a prompt or of the offline teacher's wording."""


@cache
def prompt(name: str) -> str:
    """The text of one prompt file, without the trailing newline."""
    return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


DETAIL_INSTRUCTIONS: tuple[str, ...] = tuple(prompt("detail_instructions").splitlines())
