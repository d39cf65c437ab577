"""Which checkpoint is gone on from: what is damaged is passed over with a word, and left as it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch

from llavapose.errors import CheckpointError
from llavapose.manifest import File, Manifest, checkpoints_in, has_checkpoint, set_aside, write_manifest
from llavapose.training.checkpoints.prune import prune
from llavapose.training.checkpoints.ranks import Ranks
from llavapose.training.checkpoints.resume import first_proven, found_checkpoints
from llavapose.training.checkpoints.save import hashed

STRATEGY = "SingleDeviceStrategy"


def write(output_dir: Path, step: int, *, run: str = "a", files: tuple[str, ...] = ("state.ckpt", "rng-0.pt")) -> Path:
    """A checkpoint as a run leaves it."""
    folder = output_dir / "checkpoints" / f"step-{step:06}"
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).write_bytes(f"{name} of step {step}".encode() * 20)
    written: tuple[File, ...] = tuple(hashed(folder, sorted(folder.iterdir())))
    write_manifest(
        folder,
        Manifest(
            run=run,
            step=step,
            epoch=0,
            samples=8 * step,
            plan="p",
            strategy=STRATEGY,
            world_size=1,
            state="state.ckpt",
            written="2026-01-31T12:00:00+00:00",
            versions={"torch": "2.13.0"},
            files=written,
        ),
    )
    return folder


def choose(output_dir: Path, **settings: object) -> Path:
    found = found_checkpoints(output_dir, **{"strategy": STRATEGY, "world_size": 1, **settings})  # type: ignore[arg-type]
    return first_proven(found, Ranks(), plan="p").folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _cut(folder: Path) -> None:
    path = folder / "state.ckpt"
    path.write_bytes(path.read_bytes()[:-7])


def _flip(folder: Path) -> None:
    path = folder / "state.ckpt"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


DAMAGES = {
    "truncated": (_cut, r"state\.ckpt has 413 bytes, expected 420"),
    "one bit": (_flip, r"state\.ckpt is damaged: its hash is not the manifest's"),
    "missing shard": (lambda folder: (folder / "rng-0.pt").unlink(), r"rng-0\.pt is missing"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "it has no manifest"),
    "torn manifest": (lambda folder: (folder / "manifest.json").write_text('{"format": 1, "run'), "is damaged"),
    "another format": (lambda folder: (folder / "manifest.json").write_text('{"format": 2}'), "not of format 1"),
    "a list": (lambda folder: (folder / "manifest.json").write_text("[1]"), "not of format 1"),
    "a field less": (lambda folder: (folder / "manifest.json").write_text('{"format": 1}'), "is damaged"),
    "moved": (lambda folder: folder.rename(folder.with_name("step-000777")), "its manifest is of step 20"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_damaged_is_passed_over_and_left_alone(tmp_path, capsys, name):
    damage, why = DAMAGES[name]
    good = write(tmp_path, 10)
    damage(write(tmp_path, 20))
    before = everything(tmp_path)
    assert choose(tmp_path) == good
    said = [line for line in capsys.readouterr().out.splitlines() if "passes over" in line]
    assert len(said) == 1 and re.search(why, said[0]), said
    assert everything(tmp_path) == before


def test_the_newest_whole_one_needs_no_words_about_older_ones(tmp_path, capsys):
    _cut(write(tmp_path, 10))
    newest = write(tmp_path, 20)
    assert choose(tmp_path) == newest
    assert capsys.readouterr().out == f"resume: goes on from step 20 ({newest})\n"


def test_nothing_whole_is_an_error(tmp_path):
    _flip(write(tmp_path, 10))
    with pytest.raises(CheckpointError, match=r"resume: no whole checkpoint \(step-000010: state\.ckpt is damaged"):
        choose(tmp_path)


def test_files_of_another_run_are_not_gone_on_from(tmp_path, capsys):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "run.json").write_text('{"run": "a"}')
    mine = write(tmp_path, 10)
    write(tmp_path, 20, run="b")
    assert choose(tmp_path) == mine
    assert "step-000020: it is of another run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"world_size": 2}, "was written by 1 ranks of SingleDeviceStrategy, this run has 2 of SingleDeviceStrategy"),
        ({"strategy": "FSDP2Strategy"}, "this run has 1 of FSDP2Strategy"),
    ],
)
def test_other_ranks_and_strategies_are_refused(tmp_path, settings, said):
    write(tmp_path, 10)
    with pytest.raises(CheckpointError, match=said):
        choose(tmp_path, **settings)


def test_another_plan_is_refused(tmp_path):
    write(tmp_path, 10)
    found = found_checkpoints(tmp_path, strategy=STRATEGY, world_size=1)
    with pytest.raises(CheckpointError, match=r"step-000010 was trained on another plan: samples, pictures, tokenizer"):
        first_proven(found, Ranks(), plan="q")


def test_what_is_being_written_is_no_checkpoint(tmp_path):
    shutil.move(write(tmp_path, 10), tmp_path / "checkpoints" / ".step-000010.a.writing")
    assert checkpoints_in(tmp_path / "checkpoints") == [] and not has_checkpoint(tmp_path)


def test_old_ones_go_but_never_the_last_whole_one(tmp_path):
    folders = {step: write(tmp_path, step) for step in (10, 20, 30, 40)}
    others = write(tmp_path, 5, run="b")
    _cut(folders[40])
    (tmp_path / "checkpoints" / ".step-000050.a.writing").mkdir()
    (tmp_path / "checkpoints" / ".step-000050.b.writing").mkdir()
    assert prune(tmp_path / "checkpoints", run="a", keep=1) == [folders[20], folders[10]]
    left = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert left == {"step-000030", "step-000040", others.name, ".step-000050.b.writing"}
    assert prune(tmp_path / "checkpoints", run="a", keep=0) == [], "the last one stays whatever is asked"


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path):
    """Somebody moved a checkpoint to another disk."""
    for step in (10, 20):
        write(tmp_path, step)
    old, elsewhere = tmp_path / "checkpoints" / "step-000010", tmp_path / "elsewhere"
    old.rename(elsewhere)
    old.symlink_to(elsewhere)
    prune(tmp_path / "checkpoints", run="a", keep=1)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000020"]
    assert (elsewhere / "state.ckpt").is_file()


def test_a_run_that_begins_anew_moves_them_aside(tmp_path):
    assert set_aside(tmp_path) is None
    write(tmp_path, 10)
    write(tmp_path, 20)
    assert set_aside(tmp_path) == tmp_path / "checkpoints-earlier-1"
    write(tmp_path, 10)
    assert set_aside(tmp_path) == tmp_path / "checkpoints-earlier-2"


def test_lightnings_own_files_are_still_read(tmp_path, capsys):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    torch.save({"weights": torch.zeros(5000)}, folder / "epoch=0-step=500.ckpt")
    whole = (folder / "epoch=0-step=500.ckpt").read_bytes()
    (folder / "last.ckpt").write_bytes(whole[:-3000])
    assert choose(tmp_path) == folder / "epoch=0-step=500.ckpt"
    said = capsys.readouterr().out
    assert "passes over" in said and "last.ckpt: it cannot be read (" in said and "random states are not kept" in said


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04" + b"x" * 500, b"\x80\x02cnowhere\nThing\n."])
def test_a_file_of_lightnings_that_cannot_be_read_is_one_line(tmp_path, capsys, content):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(content)
    assert found_checkpoints(tmp_path, strategy=STRATEGY, world_size=1) == []
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 1 and "last.ckpt: it cannot be read (" in said


def test_shards_of_lightnings_cannot_be_proven(tmp_path, capsys):
    (tmp_path / "checkpoints" / "last.ckpt" / "checkpoint").mkdir(parents=True)
    assert found_checkpoints(tmp_path, strategy=STRATEGY, world_size=1) == []
    assert "shards without a manifest may be of two steps" in capsys.readouterr().out
