"""Manifests that say what is not so: none is gone on from, exported, or counted among the whole ones that stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llavapose.cli.export import chosen
from llavapose.errors import CheckpointError
from llavapose.manifest import checkpoints_in, run_of
from llavapose.training.checkpoints.prune import prune
from llavapose.training.checkpoints.ranks import Ranks
from llavapose.training.checkpoints.resume import first_proven, found_checkpoints, lay_aside
from llavapose.training.checkpoints.trained import read_trained
from tests.training.checkpoints.test_choice import STRATEGY, everything, write


def _change(**fields: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return change


def _change_file(**fields: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        files = json.loads((folder / "manifest.json").read_text())["files"]
        _change(files=[{**files[0], **fields}, *files[1:]])(folder)

    return change


def _and_file(path: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        files = json.loads((folder / "manifest.json").read_text())["files"]
        _change(files=[*files, {**files[0], "path": path}])(folder)

    return change


def _without(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        files = json.loads((folder / "manifest.json").read_text())["files"]
        _change(files=[file for file in files if file["path"] != name])(folder)

    return change


def _shards_unnamed(folder: Path) -> None:
    """A folder of shards, of which the manifest names one."""
    (folder / "state").mkdir()
    shutil.move(folder / "state.ckpt", folder / "state" / "a.pt")
    (folder / "state" / "b.pt").write_bytes(b"b")
    _change_file(path="rng-0.pt")(folder)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    whole = {"path": "state/a.pt", "size": (folder / "state" / "a.pt").stat().st_size, "sha256": "0" * 64}
    _change(state="state", files=[files[-1], whole])(folder)


def _rename(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        folder.rename(folder.with_name(name))

    return change


LIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no files": (_change(files=[]), "its manifest names no files"),
    "files are no list": (_change(files={"path": "state.ckpt"}), "files is {'path': 'state.ckpt'}; expected a list"),
    "a file is no object": (_change(files=[3]), "files holds 3; expected objects of path, size, sha256"),
    "climbs": (
        _change_file(path="../step-000010/state.ckpt"),
        "'../step-000010/state.ckpt' is no path inside its folder",
    ),
    "climbs within": (_change_file(path="state/../state.ckpt"), "'state/../state.ckpt' is no path inside its folder"),
    "absolute": (_change_file(path="/etc/hostname"), "'/etc/hostname' is no path inside its folder"),
    "empty path": (_change_file(path=""), "'' is no path inside its folder"),
    "dot": (_change_file(path="."), "'.' is no path inside its folder"),
    "null byte": (_change_file(path="a\x00b"), r"'a\x00b' is no path inside its folder"),
    "line break": (_and_file("a\nerror: b"), r"'a\nerror: b' is missing"),
    "surrogate": (_change_file(path="a\ud800"), "half a surrogate pair"),
    "a name that no disk holds": (_and_file("a" * 300), "is no path inside its folder"),
    "path is a number": (_change_file(path=7), "path is 7; expected text"),
    "size is text": (_change_file(size="420"), "size is '420'; expected a whole number of at least 0"),
    "size is below 0": (_change_file(size=-1), "size is -1; expected a whole number of at least 0"),
    "hash is none": (_change_file(sha256=None), "sha256 is None; expected text"),
    "the state climbs": (
        _change(state="../step-000010/state.ckpt"),
        "'../step-000010/state.ckpt' is no path inside its folder",
    ),
    "the state is elsewhere": (_change(state="/etc/hostname"), "'/etc/hostname' is no path inside its folder"),
    "the state is the folder": (_change(state="."), "'.' is no path inside its folder"),
    "the state is a number": (_change(state=5), "state is 5; expected text"),
    "the state is not named": (_without("state.ckpt"), "state.ckpt is not among the files that its manifest names"),
    "a shard is not named": (_shards_unnamed, "state/b.pt is not among the files that its manifest names"),
    "a rank's states are not named": (_without("rng-0.pt"), "rng-0.pt is not among the files that its manifest names"),
    "no ranks": (_change(world_size=0), "world_size is 0; expected a whole number of at least 1"),
    "very many ranks": (_change(world_size=10**18), "rng-1.pt is not among the files that its manifest names"),
    "step is text": (_change(step="20"), "step is '20'; expected a whole number of at least 0"),
    "step is true": (_change(step=True), "step is True; expected a whole number of at least 0"),
    "another step": (_change(step=8), "its manifest is of step 8"),
    "renamed": (_rename("step-000080"), "its manifest is of step 20"),
    "renamed alike": (_rename("step-0000020"), "its folder has another name than step-000020"),
    "run is a path": (_change(run="../a"), "run is '../a'; expected letters and digits"),
    "run is a pattern": (_change(run="*"), "run is '*'; expected letters and digits"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_manifest_that_lies_is_passed_over_and_laid_aside(tmp_path, capsys, name):
    lie, why = LIES[name]
    good = write(tmp_path, 10)
    lie(write(tmp_path, 20))
    folder, before = tmp_path / "checkpoints", everything(tmp_path)
    found = found_checkpoints(tmp_path, strategy=STRATEGY, world_size=1)
    one = first_proven(found, Ranks(), plan="p")
    assert one.folder == good
    said = [line for line in capsys.readouterr().out.splitlines() if "goes on" not in line]
    assert len(said) == 1 and "passes over" in said[0] and why in said[0], said
    assert everything(tmp_path) == before
    lay_aside(folder, one)
    assert [path.name for path in folder.iterdir() if path.name.startswith("step-") and "passed" not in path.name] == [
        good.name
    ]
    assert ".passed-1" in capsys.readouterr().out
    assert sorted(everything(tmp_path).values()) == sorted(before.values()), "nothing is lost"


@pytest.mark.parametrize("name", LIES)
def test_it_is_not_exported(tmp_path, capsys, name):
    lie, why = LIES[name]
    lie(write(tmp_path, 20))
    (folder,) = list((tmp_path / "checkpoints").iterdir())
    with pytest.raises(CheckpointError) as raised:
        read_trained(folder)
    assert why in str(raised.value) and "\n" not in str(raised.value)
    with pytest.raises(CheckpointError, match="none that is whole") as raised:
        chosen(tmp_path)
    assert why in str(raised.value) and "\n" not in str(raised.value)
    good = write(tmp_path, 10)
    assert chosen(tmp_path) == good


@pytest.mark.parametrize("name", LIES)
def test_it_does_not_count_among_those_that_stay(tmp_path, name):
    lie, _ = LIES[name]
    whole = [write(tmp_path, step) for step in (5, 10)]
    lie(write(tmp_path, 20))
    (liar,) = {path.name for path in (tmp_path / "checkpoints").iterdir()} - {path.name for path in whole}
    assert prune(tmp_path / "checkpoints", run="a", keep=1) == [whole[0]]
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"step-000010", liar}


def test_a_name_of_a_run_that_is_a_path_or_a_pattern_is_none(tmp_path):
    for name in ("*", "../x", "", 5, None):
        (tmp_path / "run.json").write_text(json.dumps({"run": name}))
        assert run_of(tmp_path) == ""
    (tmp_path / "run.json").write_text(json.dumps({"run": "3f0c91d2a4b6"}))
    assert run_of(tmp_path) == "3f0c91d2a4b6"


def test_what_a_run_itself_leaves_is_whole(places, tmp_path):
    from tests.training.runs import run

    run(**places, output_dir=str(tmp_path), save_every=2)
    found = checkpoints_in(tmp_path / "checkpoints")
    assert found and [one.fault for one in found] == [""] * len(found)
