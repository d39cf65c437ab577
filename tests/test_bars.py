"""Kept in a file, a bar is a line a minute: whoever draws it, and however often it is told to."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The clock runs ten seconds a step: sixty steps are ten minutes, and take no time.
BARS = """
import time
clock = [0.0]
time.time = lambda: clock[0]
{before}
from tqdm import tqdm
{after}
from {module} import {name} as bar
with bar(total=60, desc="Loading weights", {arguments}) as shown:
    for step in range(60):
        clock[0] += 10
        shown.update()
        shown.set_postfix_str(f"step {{step}}")
        shown.refresh()
    shown.clear()
tqdm.write("behind", file=__import__("sys").stderr)
"""
TAME = "from llavapose.bars import tame_bars; tame_bars(); tame_bars()"


def in_a_file(module: str, name: str, *, early: bool = True, arguments: str = "") -> str:
    code = BARS.format(
        module=module, name=name, arguments=arguments, before=TAME if early else "", after="" if early else TAME
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("tqdm", "tqdm"),
        ("tqdm.auto", "tqdm"),
        ("huggingface_hub.utils", "tqdm"),
        pytest.param("transformers.utils.logging", "tqdm", marks=pytest.mark.slow),
        pytest.param("lightning.pytorch.callbacks.progress.tqdm_progress", "Tqdm", marks=pytest.mark.slow),
    ],
)
def test_a_line_a_minute(module, name):
    said = in_a_file(module, name)
    assert not set(said) & set("\r\x1b")
    *lines, behind = said.splitlines()
    assert behind == "behind"
    assert len(lines) == 11 and all(line.startswith("Loading weights") for line in lines)  # ten minutes, and the end
    assert "60/60" in lines[-1]


def test_where_tqdm_was_imported_before():
    assert len(in_a_file("tqdm", "tqdm", early=False).splitlines()) == 12


def test_a_bar_that_is_not_to_stay_leaves_its_lines_alone():
    said = in_a_file("tqdm", "tqdm", arguments="leave=False")
    assert len(said.splitlines()) == 11 and "\r" not in said


def test_a_short_bar_leaves_nothing():
    code = f"{TAME}\nfrom tqdm import tqdm\nfor _ in tqdm(range(1000), desc='reading replies'): pass"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("size", [(24, 80), (0, 0)], ids=["of a size", "of none"])
def test_on_a_screen_it_is_drawn_as_ever(size):
    """Many programs that open a terminal tell it no size: tqdm alone would draw nothing there."""
    code = f"{TAME}\nimport time\nfrom tqdm import tqdm\nfor _ in tqdm(range(30), desc='drawn'): time.sleep(0.06)"
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, size)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        assert process.wait() == 0
    os.close(ours)
    assert b"\rdrawn: " in seen and b"30/30" in seen
