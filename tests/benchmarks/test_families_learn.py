"""benchmarks/families_learn.py: a base that sees pictures passes, and one that does not is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks import families_learn
from benchmarks.families_learn import Learnt, exchange, main
from llavapose.files import write_jsonl
from tests import warm

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 220), "white": (250, 250, 250)}
RIGHT = Learnt(
    family="llava", parameters=1, start=np.array([9.0, 9.0, 9.0]), start_other=np.array([9.0, 9.1, 8.9]),
    told=[6.0, 4.0], end=np.array([3.9, 4.0, 4.1]), end_other=np.array([6.0, 6.2, 6.1]),
)  # fmt: skip
NOISE = np.array([0.1, -0.1, 0.1])


def test_none_keeps_its_own_and_none_is_lost(tmp_path):
    names = [f"{number}.jpg" for number in range(7)]
    for name in names:
        (tmp_path / name).write_text(name)
    exchange(tmp_path, names, tmp_path / "other")
    moved = {name: (tmp_path / "other" / name).read_text() for name in names}
    assert sorted(moved.values()) == names and all(name != other for name, other in moved.items())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, []),
        ({"end_other": RIGHT.end + NOISE}, ["llava: exchanged pictures cost nothing: +0.03 [-0.25, +0.32]"]),
        ({"end_other": RIGHT.end - 1}, ["llava: exchanged pictures cost nothing: -1.00 [-1.00, -1.00]"]),
        ({"start": RIGHT.start - 2}, ["llava: held-out loss 7.00 -> 4.00: not halved"]),
        ({"end": RIGHT.end * np.nan}, ["llava: held-out loss 9.00 -> nan: not halved",
                                       "llava: exchanged pictures cost nothing: +nan [+nan, +nan]"]),
    ],
    ids=["right", "blind", "better with others' pictures", "learns little", "no number"],
)  # fmt: skip
def test_what_is_not_as_it_should_be_is_said(wrong, told):
    assert replace(RIGHT, **wrong).faults() == told


@pytest.mark.parametrize(("loss", "right"), [(4.0, True), (4.005, True), (4.02, False), (9.0, False), (np.nan, False)])
def test_the_exported_base_must_have_the_loss_that_training_told(loss, right):
    assert (replace(RIGHT, told=[6.0, loss]).misread() == []) is right


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """One colour a picture, told in the first sentence; ``train.py`` starts warm."""
    made, images = tmp_path / "made-96", tmp_path / "made-96/world/plain/train"
    images.mkdir(parents=True)
    rows = []
    for number in range(96):
        colour, name = list(COLOURS)[number % len(COLOURS)], f"{number:03}.png"
        Image.new("RGB", (64, 64), COLOURS[colour]).save(images / name)
        turns = [{"from": "human", "value": "<image>\nWhich?"}, {"from": "gpt", "value": f"It is {colour}. A picture."}]
        rows.append({"id": str(number), "image": name, "kind": "detail", "conversations": turns})
    write_jsonl(made / "samples.jsonl", rows)
    monkeypatch.setattr(families_learn, "subprocess", warm)
    return ["llava", "--out", str(tmp_path), "--pictures", "96", "--held-out", "24", "--epochs", "8"]


def test_colours_are_seen(plain, capsys):
    assert main(plain) == 0
    told = capsys.readouterr().out
    (row,) = [line for line in told.splitlines() if line.startswith("| `llava` |")]
    assert len(row.split("|")[4].split(",")) == 8 and "exchanged pictures cost nothing" not in told


@pytest.mark.long
def test_a_base_that_was_shown_other_pictures_is_told(plain, capsys):
    assert main([*plain, "--blind"]) == 1
    told = capsys.readouterr().out
    assert "trained on exchanged pictures" in told and "llava: exchanged pictures cost nothing" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["qwen9"], "no random base of qwen9; there are qwen3_vl, llava"),
        (["--held-out", "1"], "--held-out needs two pictures at least"),
        (["--held-out", "30", "--pictures", "30"], "fewer than --pictures"),
        (["--epochs", "0"], "--epochs 1 at least"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_line(words, told, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([*words, "--out", str(tmp_path)])
    assert told in capsys.readouterr().err
