"""Packages that a base's processor needs are asked for before anything is made, by what its configuration says."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from llavapose.cli.plan import forecast
from llavapose.config.checks.machine import packages
from llavapose.config.checks.machine.ability import machine_problems
from llavapose.config.checks.machine.packages import package_problems
from llavapose.config.compose import composed, typed
from llavapose.families.known import FAMILIES

ROOT = Path(__file__).parents[2]
SMOL = "HuggingFaceTB/SmolVLM2-2.2B-Instruct"


@pytest.fixture
def bare(monkeypatch):
    """A machine without either package."""
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name in ("num2words", "torchvision") else True)


def folder(where: Path, **config: object) -> str:
    where.mkdir()
    (where / "config.json").write_text(json.dumps(config))
    return str(where)


def line_of(base: str, package: str) -> str:
    return (
        f"model.base: {base} cannot be read without the package {package}, which is not installed; "
        "pip install 'llavapose[families]'"
    )


@pytest.mark.parametrize(
    ("base", "package"),
    [
        (SMOL, "num2words"),
        ("mistralai/Mistral-Small-3.1-24B-Instruct-2503", "torchvision"),
        ("allenai/Molmo2-8B", "torchvision"),
    ],
)
def test_a_published_base_names_its_package(bare, base, package):
    assert package_problems("model.base", base) == [line_of(base, package)]


def test_a_folder_says_of_which_family_it_is(bare, tmp_path):
    smol, llava = folder(tmp_path / "a", model_type="smolvlm"), folder(tmp_path / "b", model_type="llava")
    assert package_problems("model.base", smol) == [line_of(smol, "num2words")]
    assert package_problems("model.base", llava) == []


def test_a_cached_base_says_of_which_family_it_is(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = tmp_path / "models--me--my"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc")
    (model / "snapshots").mkdir()
    folder(model / "snapshots" / "abc", model_type="lfm2_vl")
    assert package_problems("model.base", "me/my") == [line_of("me/my", "torchvision")]
    assert package_problems("model.base", "me/other") == []


@pytest.mark.parametrize("text", ["", "[]", '{"model_type": 3}', '{"model_type": "none such"}', "{}"])
def test_a_file_that_says_nothing_is_left_to_those_who_read_it(bare, tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    assert package_problems("model.base", str(tmp_path)) == []
    assert package_problems("model.base", "tiny") == package_problems("model.base", "no/where/at all") == []


def test_what_is_installed_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: True)
    assert package_problems("model.base", SMOL) == []


def test_every_script_asks_before_it_makes_anything(bare, tmp_path):
    smol = folder(tmp_path / "smol", model_type="smolvlm")
    train = typed("train", composed("train", ROOT / "conf", [f"model.base={smol}", f"output_dir={tmp_path}"]))
    assert line_of(smol, "num2words") in machine_problems(train)
    asked = typed(
        "evaluate", composed("evaluate", ROOT / "conf", [f"checkpoint={smol}", "arm=smol", f"output_dir={tmp_path}"])
    )
    assert line_of(smol, "num2words").replace("model.base", "checkpoint") in machine_problems(asked)


def test_a_plan_is_made_and_notes_it(bare):
    config = typed("train", composed("train", ROOT / "conf", ["model=smolvlm2", "dry_run=true"]))
    assert machine_problems(config) == []
    assert line_of(SMOL, "num2words") in forecast(config).epoch.notes


def test_the_extra_has_what_families_need():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["families"]
    assert set(extras) == {package for one in FAMILIES for package in one.needs}
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert set(extras) <= pinned


@pytest.mark.skipif(find_spec("num2words") is not None, reason="num2words is installed")
def test_smolvlm_s_processor_asks_for_it_indeed(tmp_path):
    from llavapose.errors import CheckpointError
    from llavapose.model.bases import told
    from llavapose.model.processors import family_processor
    from tests.families.tiny import made

    model, processor = made("smolvlm")
    processor.save_pretrained(tmp_path)
    model.config.save_pretrained(tmp_path)
    from transformers.models.smolvlm import processing_smolvlm

    with pytest.MonkeyPatch.context() as patch, pytest.raises(CheckpointError, match="num2words"):
        patch.setattr(processing_smolvlm, "num2words", None)
        with told(str(tmp_path)):
            family_processor(str(tmp_path), model.config)
