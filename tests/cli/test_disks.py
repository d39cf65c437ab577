"""Disks and readers that fail: a line each, nothing half written, nothing of others touched."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llavapose.config.choices import PRECISIONS
from llavapose.config.compose import composed, typed
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError, DiskError, disk_words
from tests import warm

ROOT = Path(__file__).parents[2]
SMALL = ["scenes.num_train=12", "scenes.num_val=2", "scenes.image_size=64", "teacher.num_samples=12"]


def run(folder: Path, script: str, *words: str, limit_kb: int | None = None) -> subprocess.CompletedProcess[str]:
    limited = ["bash", "-c", f'ulimit -f {limit_kb}; exec "$@"', "bash"] if limit_kb else []
    command = [*limited, sys.executable, str(ROOT / f"{script}.py"), *words]
    return warm.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if "%|" not in line]
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("generate", [*SMALL, "output_dir=taken"]),
        ("generate", [*SMALL, "data_dir=taken"]),
        ("train", ["data=detail", "output_dir=taken/below"]),
        ("train", ["-m", "data=detail,conv", "sweep_dir=taken"]),
        ("evaluate", ["checkpoint=tiny", "arm=x", "output_dir=taken"]),
    ],
)
def test_a_file_where_a_folder_is_needed(tmp_path, script, words):
    (tmp_path / "taken").write_text("mine")
    said = error_of(run(tmp_path, script, *words))
    assert "taken" in said and re.search("is a file, expected a folder|a folder is needed", said), said
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("script", ["generate", "train"])
def test_a_folder_that_cannot_be_written(tmp_path, script):
    words = SMALL if script == "generate" else ["data=detail"]
    said = error_of(run(tmp_path, script, *words, "output_dir=/sys/llavapose"))
    assert said.startswith("error: output_dir=/sys/llavapose") and "cannot be written, /sys takes no file" in said


def test_a_file_that_grows_too_large(tmp_path):
    said = error_of(run(tmp_path, "generate", *SMALL, "output_dir=out", limit_kb=4))
    assert re.search("larger than a file may be here|file too large", said)
    assert not list(tmp_path.glob("out/samples.jsonl")), "nothing that looks whole"


def test_a_full_disk(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        words = ["scenes.num_train=300", "scenes.num_val=2", "scenes.root=small/w", "output_dir=small/o"]
        said = error_of(run(tmp_path, "generate", *words))
        assert said.startswith("error: cannot write: ") and "the disk is full" in said
        assert not list(small.glob("w/world*"))
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("error", [
    RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"),
    RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"),
    ValueError('Error while serializing: I/O error: No space left on device (os error 28)'),
    OSError(28, "No space left on device", "a/last.ckpt"),
    OSError(30, "Read-only file system", "a"),
    OSError(122, "Disk quota exceeded"),
])  # fmt: skip
def test_every_writer_is_understood(error):
    words = disk_words(error)
    assert words and words.startswith("cannot write") and "\n" not in str(DiskError(words))
    try:
        try:
            raise error
        except Exception as first:
            raise KeyError("in the way of cleaning up") from first
    except KeyError as second:
        assert disk_words(second) == words


def test_our_own_mistakes_keep_their_traceback():
    assert disk_words(ValueError("x")) is None and disk_words(FileNotFoundError(2, "none", "a")) is None
    assert disk_words(ConnectionRefusedError(111, "refused")) is None


@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.6, 1.0])
def test_ctrl_c_in_the_first_second_is_a_word(tmp_path, after_s):
    process = subprocess.Popen([sys.executable, str(ROOT / "train.py"), "data=detail"], cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    # From the first line of ours on: before it, Python itself is starting.
    started = time.monotonic()
    while b"train.py" not in Path(f"/proc/{process.pid}/cmdline").read_bytes() or time.monotonic() - started < after_s:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err and len(err.splitlines()) <= 1, err
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)


def test_ctrl_c_that_a_library_tells_as_its_own_failure(tmp_path):
    code = ("import llavapose.cli\ntry:\n raise KeyboardInterrupt\n"
            "except BaseException as ours:\n raise ValueError(1) from ours")  # fmt: skip
    done = warm.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                    env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert (done.stderr, done.returncode) == ("interrupted\n", -signal.SIGINT)
    other = warm.run([sys.executable, "-c", code.replace("KeyboardInterrupt", "KeyError")], cwd=tmp_path,
                     capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert "ValueError: 1" in other.stderr and other.returncode == 1


@pytest.mark.parametrize(
    "words", [["trainer.precision=fp8"], ["trainer.precision=8"], ["-m", "trainer.precision=fp8,32"]]
)
def test_a_precision_that_there_is_not(tmp_path, words):
    said = error_of(run(tmp_path, "train", *words, "data=detail"))
    assert said.startswith("error: trainer.precision is ") and "bf16-mixed" in said
    assert not list(tmp_path.iterdir())


def test_the_precisions_are_lightnings():
    from typing import get_args

    from lightning.fabric.plugins.precision.precision import (
        _PRECISION_INPUT_INT,
        _PRECISION_INPUT_STR,
        _PRECISION_INPUT_STR_ALIAS,
    )

    theirs = [*get_args(_PRECISION_INPUT_STR), *get_args(_PRECISION_INPUT_STR_ALIAS), *get_args(_PRECISION_INPUT_INT)]
    assert {str(one) for one in theirs} - {"64", "64-true"} == set(PRECISIONS)


def test_what_lightning_refuses_is_one_line():
    from llavapose.training.trainer import build_trainer

    config = typed("train", composed("train", conf_folder(), ["data=detail", "trainer.plugins=no_such"]))
    with pytest.raises(ConfigError, match=r"^trainer: Lightning cannot be set up so .*invalid type for plugin"):
        build_trainer(config)


def test_a_reader_that_leaves_does_not_end_the_run(tmp_path):
    """``generate.py ... | head -1``: all is written, nothing is said about the pipe."""
    words = [sys.executable, str(ROOT / "generate.py"), *SMALL, "output_dir=out"]
    read, write = os.pipe()
    with subprocess.Popen(words, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True) as process:
        os.close(write)
        os.close(read)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0 and "Broken" not in err and "Traceback" not in err, err
    assert (tmp_path / "out" / "page" / "index.html").is_file()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*words[:2], "--help"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
