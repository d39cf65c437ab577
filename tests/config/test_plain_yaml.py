"""What Hydra prints and saves is YAML that any tool reads; the scripts get real paths all the same."""

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from llavapose.config.compose import composed, typed
from llavapose.config.register import SCHEMAS, with_text_for_paths

TINY = ["scenes.num_train=8", "scenes.num_val=6"]
SAMPLES = ["teacher.num_samples=30", "num_page_scenes=0", "output_dir=samples"]


@pytest.mark.parametrize(
    ("script", "overrides"),
    [
        ("train", []),
        ("train", ["experiment=paper_7b", "data=detail", "scenes.excluded_ids=ids.txt"]),
        ("generate", ["experiment=paper_data", "output_dir=here"]),
        ("evaluate", ["checkpoint=tiny", "arm=x"]),
    ],
)
def test_settings_are_shown_as_plain_yaml(run_script, script, overrides):
    said = run_script(script, "--cfg", "job", *overrides)
    assert said.exit_code == 0, said.err
    shown = yaml.safe_load(said.out)
    assert shown["scenes"]["root"] == ("data/coco" if overrides and "experiment" in overrides[0] else "outputs/world")
    assert shown["scenes"]["source"] in ("world", "coco")
    if "scenes.excluded_ids=ids.txt" in overrides:
        assert shown["scenes"]["excluded_ids"] == "ids.txt"
        assert shown["output_dir"] == "outputs/paper_7b/${data.name}"


@pytest.mark.slow
def test_a_run_saves_plain_yaml(run_script, tmp_path):
    made = run_script("generate", *TINY, *SAMPLES)
    assert made.exit_code == 0, made.err
    answers = ["answerer=file", "answerer.path=none.jsonl", "benchmark.num_images=0"]
    (tmp_path / "none.jsonl").touch()
    run_script("evaluate", "arm=other", *answers, *TINY)
    # It stops before the first step, with its settings saved.
    data = ["data=detail", "data.path=samples/samples.jsonl", "data.images=samples", "data.num_val=10000"]
    run_script("train", *data, *TINY)
    for folder in ("outputs/evaluate/other/settings/other", "outputs/train/detail/.hydra"):
        saved = {path.name: yaml.safe_load(path.read_text()) for path in (tmp_path / folder).glob("*.yaml")}
        assert set(saved) == {"config.yaml", "hydra.yaml", "overrides.yaml"}
        assert saved["config.yaml"]["scenes"]["root"] == "outputs/world"


@pytest.mark.parametrize("script", sorted(SCHEMAS))
def test_no_setting_is_lost_and_no_path_is_left(script):
    def both(schema: type, text: Any) -> None:
        assert [item.name for item in fields(schema)] == [item.name for item in fields(text)]
        assert not any("pathlib" in str(item.type) for item in fields(text))
        for item, other in zip(fields(schema), fields(text), strict=True):
            if is_dataclass(item.type):
                both(item.type, other.type)  # type: ignore[arg-type]

    both(SCHEMAS[script], with_text_for_paths(SCHEMAS[script]))


def test_scripts_get_paths(conf):
    config = typed("train", composed("train", conf, ["experiment=paper_7b", "data.path=a.jsonl", "data.images=b"]))
    assert (config.data.path, config.output_dir) == (Path("a.jsonl"), Path("outputs/paper_7b/full"))
    assert config.scenes.val.captions == Path("annotations/captions_val2014.json")
    assert config.scenes.excluded_ids is None


def test_paths_with_a_default_of_their_own():
    @dataclass(kw_only=True)
    class Inner:
        folder: Path = Path("a/b")

    @dataclass(kw_only=True)
    class Outer:
        inner: Inner = field(default_factory=Inner)
        other: Inner | None = None
        file: Path | None = Path("c")
        count: int | None = 3

    text = with_text_for_paths(Outer)()
    assert (text.inner.folder, text.other, text.file, text.count) == ("a/b", None, "c", 3)


def test_a_wrong_type_is_one_line(run_script):
    said = run_script("train", "output_dir=[a,b]", "scenes.source=moon", "data.path={a: 1}")
    assert said.exit_code == 1
    assert len(said.errors) == 3
    assert all("output_dir" in line or "moon" in line or "data.path" in line for line in said.errors)
