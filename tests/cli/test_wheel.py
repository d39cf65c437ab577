"""The wheel as a user has it: built, installed apart from this checkout, and run from an empty folder."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
SMALL = ["scenes.num_train=8", "scenes.num_val=4", "teacher.num_samples=40"]
ONE_STEP = [
    *SMALL,
    "data.num_val=4",
    "batch_size=2",
    "trainer.max_steps=1",
    "trainer.accelerator=cpu",
    "evaluate=false",
]
TWO_RANKS = ["strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(ROOT)], check=True
    )
    (path,) = folder.glob("llavapose-*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    """Folder that the wheel alone is installed into; everything that it needs comes from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel)], check=True)
    return folder


@pytest.fixture
def run(installed, tmp_path) -> Run:
    """Runs words in an empty folder with the installed package."""

    def of(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
        return subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=400)

    return of


@pytest.fixture
def module(run) -> Run:
    return lambda *words: run(sys.executable, "-m", "llavapose", *words)


@pytest.fixture
def command(run, installed) -> Run:
    """Runs a console script."""
    return lambda name, *words: run(str(installed / "bin" / name), *words)


def test_all_that_is_not_python_travels(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in ((ROOT / "llavapose", "llavapose"), (ROOT / "conf", "llavapose/conf")):
        files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
        assert {f"{inside}/{path.as_posix()}" for path in files} <= names
    assert not {name.partition("/")[0] for name in names} - {"llavapose", f"{wheel.name.split('-py3')[0]}.dist-info"}


def test_the_commands_are_listed(module):
    said = module("--help")
    assert said.returncode == 0, said.stderr
    assert all(f"  {name} " in said.stdout for name in ("generate", "train", "evaluate", "ask"))


def test_an_unknown_command_is_one_line(module):
    said = module("trane")
    assert (said.returncode, said.stderr) == (
        1, "error: trane: no such command; expected one of generate, train, evaluate, export, ask, locate, ledger\n",
    )  # fmt: skip


def test_help_names_the_command_and_the_installed_files(module, command, installed):
    for said, called in (
        (module("generate", "--help"), "python -m llavapose generate"),
        (command("llavapose-generate", "--help"), "llavapose-generate"),
    ):
        assert said.returncode == 0, said.stderr
        assert f"{called} audit=samples.json" in said.stdout
        assert str(installed / "llavapose" / "conf") in said.stdout
    for name in ("train", "evaluate", "ask"):
        assert command(f"llavapose-{name}", "--help").returncode == 0


def test_settings_are_composed(module):
    said = module("train", "--cfg", "job", "experiment=paper_7b")
    assert said.returncode == 0, said.stderr
    assert yaml.safe_load(said.stdout)["model"]["name"] == "llava15_7b"


def test_samples_are_made(module, tmp_path):
    small = ["teacher.num_samples=20", "scenes.num_train=8", "scenes.num_val=4", "num_page_scenes=2"]
    said = module("generate", *small, "output_dir=made")
    assert said.returncode == 0, said.stderr
    assert len((tmp_path / "made" / "samples.jsonl").read_text().splitlines()) == 20
    assert (tmp_path / "made" / "page" / "index.html").is_file()
    plan = module("generate", *small, "teacher=gpt4o", "dry_run=true")
    assert plan.returncode == 0, plan.stderr
    assert "requests" in plan.stdout


@pytest.mark.long
def test_two_ranks_start_from_a_console_script(command, tmp_path):
    said = command("llavapose-train", *ONE_STEP, *TWO_RANKS)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "outputs" / "train" / "full" / "hf" / "model.safetensors").is_file()


@pytest.mark.long
def test_a_sweep_of_two_ranks_starts_from_the_module(module, tmp_path):
    said = module("train", "-m", "data=detail", "sweep_dir=sweep", *ONE_STEP, *TWO_RANKS)
    assert said.returncode == 0, said.stderr
    (job,) = json.loads((tmp_path / "sweep" / "jobs.json").read_text())
    assert (job["arm"], job["exit_code"]) == ("detail", 0)
    assert (tmp_path / "sweep" / "runs" / "detail" / "hf" / "model.safetensors").is_file()
