"""A checkpoint is written whole, beside training; one that cannot be written ends the run and leaves the last one."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import time
from pathlib import Path

import lightning as L
import pytest
import torch

from llavapose.errors import CheckpointError, DiskError
from llavapose.files import sha256
from llavapose.manifest import MANIFEST, checkpoints_in
from llavapose.training.checkpoints import save, state
from llavapose.training.checkpoints.callback import Checkpoints
from llavapose.training.checkpoints.state import on_host
from tests.training.runs import lines, run

SHORT = {"batch_size": 4, "accumulate": 2, "save_every": 2, "check": False}
"""Five steps."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def test_what_a_run_leaves(places, tmp_path):
    run(**places, **SHORT, output_dir=str(tmp_path), num_val=4)
    assert names(tmp_path) == ["run.json", "step-000004", "step-000005"], "the last one is written before the export"
    folder = tmp_path / "checkpoints" / "step-000004"
    told = json.loads((folder / MANIFEST).read_text())
    assert {file["path"]: (file["size"], file["sha256"]) for file in told["files"]} == {
        path.name: (path.stat().st_size, sha256(path)) for path in folder.iterdir() if path.name != MANIFEST
    }
    assert (told["step"], told["epoch"], told["samples"], told["world_size"]) == (4, 0, 32, 1)
    assert told["strategy"] == "SingleDeviceStrategy" and told["versions"]["torch"] == torch.__version__
    assert told["run"] == json.loads((tmp_path / "checkpoints" / "run.json").read_text())["run"]
    later = json.loads((tmp_path / "checkpoints" / "step-000005" / MANIFEST).read_text())
    assert later["samples"] == 36 and later["plan"] == told["plan"] and later["run"] == told["run"]


def test_more_are_kept_when_asked_for(places, tmp_path):
    run(**places, **SHORT, output_dir=str(tmp_path), keep=9)
    assert names(tmp_path) == ["run.json", "step-000002", "step-000004", "step-000005"]


def test_training_goes_on_while_one_is_written_and_waits_for_it_before_the_next(places, tmp_path, monkeypatch):
    """Writing takes a second: two steps pass beside it, the step that would save again waits."""
    written: list[tuple[int, float]] = []
    plain = state.save_file

    def slow(value: dict, path: Path) -> None:
        begun = len(lines(tmp_path))
        time.sleep(1.0)
        written.append((begun, len(lines(tmp_path))))
        plain(value, path)

    monkeypatch.setattr(state, "save_file", slow)
    run(**places, **{**SHORT, "batch_size": 2, "save_every": 3}, output_dir=str(tmp_path))
    assert [begun for begun, _ in written][:3] == [3, 6, 9]
    assert all(reached > begun for begun, reached in written[:2]), "steps were trained while it was written"
    assert all(reached <= begun + 3 for begun, reached in written)


def test_a_copy_is_not_what_training_goes_on_to_change():
    weight = torch.ones(3)
    copied = on_host({"a": weight, "tied": weight.detach(), "other": torch.ones(3), "step": 3})
    weight.add_(1)
    assert copied["a"].tolist() == [1, 1, 1] and copied["step"] == 3
    assert copied["a"].data_ptr() == copied["tied"].data_ptr() != copied["other"].data_ptr()


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["save_file", "write_states", "write_manifest"])
def test_a_full_disk_ends_the_run_and_leaves_the_last_whole_one(places, tmp_path, monkeypatch, place):
    """In the thread, before it, and at its very end."""
    room = state if place == "save_file" else save
    plain, count = getattr(room, place), [0]

    def full(*arguments: object) -> None:
        count[0] += 1
        if count[0] == 2:
            (arguments[-1] if isinstance(arguments[-1], Path) else Path(str(arguments[0])) / "x").write_bytes(b"half")
            raise FULL
        plain(*arguments)

    monkeypatch.setattr(room, place, full)
    with pytest.raises(DiskError) as caught:
        run(**places, **SHORT, output_dir=str(tmp_path))
    said = str(caught.value)
    assert "\n" not in said and said.startswith(f"checkpoint {tmp_path}/checkpoints/step-000004: cannot write: ")
    assert "the disk is full; free some space" in said and said.endswith(
        f"the last whole one is {tmp_path}/checkpoints/step-000002"
    )
    assert names(tmp_path) == ["run.json", "step-000002"] and not (tmp_path / "hf").exists()
    monkeypatch.undo()
    run(**places, **SHORT, output_dir=str(tmp_path), resume=True)
    assert names(tmp_path) == ["run.json", "step-000004", "step-000005"]


def test_no_room_is_said_before_a_byte_is_written(places, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(save.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskError, match=r"the disk is full: it takes 0\.0 GB and 0\.0 GB are free.*step-000002$"):
        run(**places, **SHORT, output_dir=str(tmp_path))
    assert names(tmp_path) == ["run.json", "step-000002"]


def test_a_small_disk(places, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        with pytest.raises(DiskError, match=r"step-00000\d: .*the disk is full.*the last whole one is .*step-000001$"):
            run(**places, **{**SHORT, "save_every": 1}, output_dir=str(small))
        assert names(small) == ["run.json", "step-000001"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_folder_that_cannot_be_written_is_told_before_the_first_step(places, tmp_path):
    (tmp_path / "checkpoints").write_text("mine")
    with pytest.raises(DiskError, match=r"checkpoints in .*: cannot write: .*a file, and a folder is needed"):
        run(**places, **SHORT, output_dir=str(tmp_path))
    assert (tmp_path / "checkpoints").read_text() == "mine"
    assert lines(tmp_path) == []


def test_nothing_of_others_is_written_over(places, tmp_path):
    other = tmp_path / "checkpoints" / "step-000004"
    run(**places, **SHORT, output_dir=str(tmp_path), stop=(2, False))
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    run(**places, **SHORT, output_dir=str(tmp_path), resume=True)
    assert (tmp_path / "checkpoints" / "step-000004.passed-1" / "notes.txt").read_text() == "mine"
    assert [one.step for one in checkpoints_in(tmp_path / "checkpoints") if not one.fault] == [5, 4]


def test_one_that_appears_meanwhile_is_not_written_over(places, tmp_path):
    other = tmp_path / "checkpoints" / "step-000004"
    with pytest.raises(DiskError, match=r"step-000004 is there already; move it away; the last whole one is .*000002"):
        run(**places, **SHORT, output_dir=str(tmp_path), extra=[_Appears(other)])
    assert list(other.iterdir()) == [] and names(tmp_path) == ["run.json", "step-000002", "step-000004"]


class _Appears(L.Callback):
    """Makes a folder behind step 3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_batch_start(self, trainer: L.Trainer, *further: object) -> None:
        if trainer.global_step == 3 and not self.folder.exists():
            self.folder.mkdir()


def test_all_of_it_is_on_the_disk_before_it_has_its_name(places, tmp_path, monkeypatch):
    done: list[tuple[str, str]] = []
    plain_sync, plain_rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        done.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
        plain_sync(handle)

    def rename(path: Path, target: Path) -> Path:
        done.append(("rename", path.name))
        return plain_rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    run(**places, **{**SHORT, "save_every": 100}, output_dir=str(tmp_path))
    final = tmp_path / "checkpoints" / "step-000005"
    named = next(at for at, (what, name) in enumerate(done) if what == "rename" and name.startswith(".step-000005"))
    writing = tmp_path / "checkpoints" / done[named][1]
    synced = {name.removeprefix(f"{writing}/") for what, name in done[:named] if what == "fsync"}
    # The manifest is written under another name, and renamed.
    assert synced >= {path.name for path in final.iterdir() if path.name != MANIFEST} | {str(writing)}
    assert any(MANIFEST in name for name in synced)
    assert ("fsync", str(final.parent)) in done[named:], "the new name itself"


def test_what_is_wrong_with_us_is_told_as_such(places, tmp_path, monkeypatch):
    def broken(*arguments: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(state, "save_file", broken)
    with pytest.raises(CheckpointError, match=r"step-000002: KeyError\('oops'\); there is none before it"):
        run(**places, **SHORT, output_dir=str(tmp_path))


@pytest.mark.parametrize("settings", [{"every_n_steps": -1}, {"keep": 0}])
def test_settings_that_mean_nothing(tmp_path, settings):
    with pytest.raises(ValueError, match="expected at least 0 and 1"):
        Checkpoints(tmp_path, **settings)
