"""The worked examples, executed: each section in a copy of the checkout, its blocks in order."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.docs.pages import PAGES, ROOT, Part, commands, parts
from tests.llm.chat_server import Answer, Asked, ChatServer, completion

SERVER = "http://localhost:8000/v1"
"""The address of a server in the examples; one is there while they run."""

REPLY = (
    "Question: What might the people in the picture do after this, and why?\n"
    "Answer: They will probably go on with what they are doing, since nothing in the picture seems to disturb them."
)


def steps(page: str, section: str) -> list[Part]:
    """The parts of a section that are acted on: those that are tagged, and CONTRIBUTING's Python."""
    return [
        part
        for part in parts(page)
        if part.section == section
        and (
            part.tag[1].split(" ")[0] in ("run", "file", "append", "leaves")
            or (page, part.language) == ("CONTRIBUTING.md", "python")
        )
    ]


SECTIONS = [
    (page, section)
    for page in PAGES
    for section in dict.fromkeys(part.section for part in parts(page))
    if steps(page, section)
]


def checkout(folder: Path) -> Path:
    """The scripts, settings and package as a reader has them, to be changed; the large files are only linked."""
    for name in ("train.py", "generate.py", "evaluate.py"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "conf", folder / "conf")
    left_out = shutil.ignore_patterns("__pycache__", "assets")
    shutil.copytree(ROOT / "llavapose", folder / "llavapose", ignore=left_out)
    (folder / "llavapose" / "assets").symlink_to(ROOT / "llavapose" / "assets")
    return folder


def behave(asked: Asked) -> Answer:
    """A teacher's or a judge's reply, whichever is asked for."""
    return Answer(body=completion(REPLY))


@pytest.mark.parametrize("page, section", SECTIONS, ids=[" - ".join(one) for one in SECTIONS])
def test_the_example_runs(page: str, section: str, tmp_path):
    folder = checkout(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "LAB_KEY": "sk-of-a-test"}
    with ChatServer(behave) as server:
        for part in steps(page, section):
            text = part.text.replace(SERVER, server.url)
            how, _, path = part.tag[1].partition(" ")
            if how == "file":
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text + "\n")
            elif how == "append":
                with (folder / path).open("a") as stream:
                    stream.write(f"\n\n{text}\n")
            elif how == "leaves":
                assert not [name for name in path.split() if not (folder / name).is_file()], part.where
            elif part.language == "python":
                run(part, [sys.executable, "-c", text], folder, environment)
            else:
                for words in commands(text):
                    assert words[0] == "python", f"{part.where}: only Python is run here"
                    run(part, [sys.executable, *words[1:]], folder, environment)


def run(part: Part, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = warm.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{part.where}: {' '.join(command)[:300]}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"


def test_what_is_added_is_shown_by_an_example():
    sections = {section for page, section in SECTIONS if page == "CONTRIBUTING.md"}
    assert sections == {"A kind of sample", "A data set", "A teacher endpoint", "A benchmark", "A judge"}
