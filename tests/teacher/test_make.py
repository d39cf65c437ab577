"""Samples are made once for the same settings, and again when anything that decides them changes."""

from dataclasses import replace

import pytest

from llavapose.config.choices import Context
from llavapose.config.schema import ScenesConfig, TeacherConfig
from llavapose.kinds import KINDS
from llavapose.teacher import make
from llavapose.teacher.make import ensure_samples


def of_all(context: Context) -> dict[str, Context]:
    return dict.fromkeys(KINDS, context)


@pytest.fixture
def scenes(tmp_path) -> ScenesConfig:
    return ScenesConfig(name="world", root=tmp_path / "world", num_train=4, num_val=1, image_size=64)


def test_made_once_and_found_again(tmp_path, scenes, capsys, monkeypatch):
    teacher = TeacherConfig(name="offline")
    first = ensure_samples(scenes, teacher, tmp_path / "samples")
    assert "none for these settings yet" in capsys.readouterr().out
    written = first.samples.read_bytes()
    monkeypatch.setattr(make, "generate", lambda **_: pytest.fail("made twice"))
    assert ensure_samples(scenes, teacher, tmp_path / "samples") == first
    assert "made before" in capsys.readouterr().out
    assert first.samples.read_bytes() == written
    assert first.images.is_dir()


def test_other_settings_or_a_changed_file_are_made_anew(tmp_path, scenes):
    teacher = TeacherConfig(name="offline")
    first = ensure_samples(scenes, teacher, tmp_path / "samples")
    captions = ensure_samples(scenes, replace(teacher, context=of_all(Context.captions)), tmp_path / "samples")
    fewer = ensure_samples(scenes, replace(teacher, num_samples=3), tmp_path / "samples")
    assert len({first.folder, captions.folder, fewer.folder}) == 3
    assert len(fewer.samples.read_text().splitlines()) == 3
    written = first.samples.read_bytes()
    first.samples.write_bytes(written[: len(written) // 2])
    assert ensure_samples(scenes, teacher, tmp_path / "samples").samples.read_bytes() == written


def test_what_the_teacher_sees_names_the_folder(tmp_path, scenes):
    """Sets made before there was the setting keep their folders."""
    plain = TeacherConfig(name="offline")
    folders = {sees: ensure_samples(scenes, replace(plain, sees=sees), tmp_path).folder for sees in (None, *Context)}
    assert len(set(folders.values())) == 5
    made_from = make._settings(scenes, plain, "train")
    assert "sees" not in made_from["teacher"]
    assert make._settings(scenes, replace(plain, sees=Context.boxes), "train")["teacher"]["sees"] == "boxes"


def test_a_folder_of_ones_own(tmp_path, scenes):
    made = ensure_samples(scenes, TeacherConfig(name="offline"), tmp_path / "samples", folder=tmp_path / "mine")
    assert made.samples == tmp_path / "mine" / "samples.jsonl"
    assert not (tmp_path / "samples").exists()
