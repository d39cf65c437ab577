"""Damaged input of every kind: only our own errors come of it, each a line that can be shown."""

import os
import random
import traceback
from collections import Counter
from pathlib import Path

import pytest

from llavapose.errors import LlavaPoseError
from tests.fuzz.targets import TARGETS, one_line

NUMBER = int(os.environ.get("LLAVAPOSE_FUZZ", "100"))
"""Mutations of each target; ``make test-all`` takes 2,000."""


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input_raises_only_our_own_errors(name: str, tmp_path: Path) -> None:
    others: Counter[str] = Counter()
    refused = 0
    number = NUMBER // 2 if name == "configs" else NUMBER  # each is a whole composition
    for seed in range(number):
        try:
            TARGETS[name](random.Random(f"{name} {seed}"), tmp_path)
        except LlavaPoseError as error:
            refused += 1
            if not one_line(str(error)):
                others[f"seed {seed}: a message that cannot be shown: {str(error)[:200]!r}"] += 1
        except Exception as error:
            frame = next(f for f in reversed(traceback.extract_tb(error.__traceback__)) if "site-p" not in f.filename)
            others[f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno} {str(error)[:90]!r}"] += 1
    print(f"{name}: {number} mutations, {refused} refused, {sum(others.values())} others")
    told = "\n".join(f"{count} x {what}" for what, count in others.most_common())
    assert not others, f"{name}: {sum(others.values())} of {number} raise others:\n{told}"
    assert 0 < refused < number, "damage that is always or never seen tells nothing"
