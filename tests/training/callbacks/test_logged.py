"""Lines of a file that a resumed run keeps end with a line feed alone; the torn last one is left out."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llavapose.errors import DataError
from llavapose.training.callbacks.logged import begin_lines

RESUMED: Any = SimpleNamespace(is_global_zero=True, ckpt_path="step-000002", global_step=2)
SEPARATORS = {"line separator": "\u2028", "paragraph separator": "\u2029", "next line": "\x85", "form feed": "\x0c"}


def written(step: int, text: str) -> bytes:
    return (json.dumps({"step": step, "prediction": text}, ensure_ascii=False) + "\n").encode()


@pytest.mark.parametrize("name", SEPARATORS)
def test_a_character_that_only_looks_like_an_end_cuts_no_line(name, tmp_path):
    path = tmp_path / "predictions.jsonl"
    kept = written(2, f"He sits.{SEPARATORS[name]}She stands.")
    path.write_bytes(kept + written(4, "later"))
    begin_lines(path, RESUMED)
    assert path.read_bytes() == kept


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_last_line_that_is_torn_is_left_out(cut, tmp_path):
    """By one byte it lacks its end alone; by four and five it ends inside a character of three bytes."""
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(written(1, "whole") + written(2, "\u5de6")[:-cut])
    begin_lines(path, RESUMED)
    assert path.read_bytes() == written(1, "whole")


def test_a_line_amid_that_is_none_is_told_with_its_place(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(written(1, "whole") + b'{"step": 2, "train/l\n' + written(2, "whole"))
    with pytest.raises(DataError, match=r"^metrics: .*metrics\.jsonl:2 is not JSON [^\n]*$"):
        begin_lines(path, RESUMED)


def test_a_run_from_the_beginning_keeps_none(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(written(1, "whole"))
    begin_lines(path, SimpleNamespace(is_global_zero=True, ckpt_path=None, global_step=0))  # type: ignore[arg-type]
    assert path.read_bytes() == b""
