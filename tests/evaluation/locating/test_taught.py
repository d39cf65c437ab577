"""training.json as a run leaves it, and as no run can have left it: a line, never a traceback or another picture."""

import json

import pytest

from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.locating.taught import SETTINGS, asking_as_taught, taught_settings

TAUGHT = {"view": "crop", "asking": "json", "coding": "bins", "margin": 1.25, "size": 112, "described": False}


def told(folder, **settings):
    whole = {"data": {"kinds": {"locate": 1}}, "scenes": {"joints": "crowdpose14"}, "locate": TAUGHT} | settings
    (folder / "training.json").write_text(json.dumps({"settings": whole}))
    return taught_settings(folder)


def test_a_run_tells_how_it_asked(tmp_path):
    assert taught_settings(tmp_path) == {}
    found = told(tmp_path)
    assert found == TAUGHT | {"joints": "crowdpose14"}
    asking = asking_as_taught(found)
    assert {name: getattr(asking, name) for name in SETTINGS} == TAUGHT
    assert told(tmp_path, data={"kinds": {"conv": 1}}) == {}


@pytest.mark.parametrize("settings", [
    {"data": []}, {"data": None}, {"data": {"kinds": 3}}, {"locate": "crop"}, {"locate": ["a"]}, {"locate": None},
])  # fmt: skip
def test_what_is_no_mapping_taught_nothing(tmp_path, settings):
    with pytest.raises(ConfigError, match="tells no kind locate"):
        asking_as_taught(told(tmp_path, **settings))


@pytest.mark.parametrize(("name", "value"), [
    ("view", "x"), ("view", ["crop"]), ("asking", 3), ("coding", None), ("coding", []), ("margin", "wide"),
    ("margin", 0), ("margin", 1e300), ("size", 0), ("size", 64.5), ("size", {}), ("size", 60000),
    ("described", "maybe"),
])  # fmt: skip
def test_a_value_that_no_run_had_is_named(tmp_path, name, value):
    with pytest.raises(ConfigError, match=r"training\.json: .*; no run can have had that"):
        told(tmp_path, locate=TAUGHT | {name: value})
    with pytest.raises(ConfigError, match="no run can have had that"):
        told(tmp_path, scenes={"joints": ["hands"]})


def test_what_another_version_had_besides_is_passed_over(tmp_path):
    assert told(tmp_path, locate=TAUGHT | {"of_tomorrow": 1, "boxes": 3}) == TAUGHT | {"joints": "crowdpose14"}


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(DataError, match=r"training\.json"):
        taught_settings(tmp_path)
