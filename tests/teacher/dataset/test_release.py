"""The card and the exports of a set are made in one pass: by any number of processes alike, whole or not at all."""

import random
import resource
import sys
from pathlib import Path

import pytest

from llavapose.config.choices import ExportFormat
from llavapose.config.schema import ScenesConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.errors import DataError
from llavapose.files import read_json, write_json
from llavapose.records import Sample, Scene, Turn
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.dataset.release import MOST_CHECKED, write_card_and_exports
from llavapose.teacher.make import Prepared

FORMS = [ExportFormat.llava, ExportFormat.messages]
NUM = MOST_CHECKED + 500
WORDS = [f"{first}{last}" for first in ("ba", "co", "du", "fe", "gi") for last in ("rel", "ver", "ton", "mp")]


@pytest.fixture
def made(three: Scene, tmp_path: Path) -> Prepared:
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS, k=30)) for _ in range(NUM // 2)]
    answers = ["There are nine people in the picture.", "The keypoints show it.", *texts, *texts]
    samples = [
        Sample(id=str(at), images=(three.image,), kind=rng.choice(("conv", "detail")),
               turns=(Turn(role="user", text=f"What is it, {at}?"), Turn(role="assistant", text=answer)))
        for at, answer in enumerate(answers)
    ]  # fmt: skip
    write_samples(tmp_path / "made" / "samples.jsonl", samples)
    write_json(tmp_path / "made" / "summary.json", {"notes": []})
    return Prepared(samples=tmp_path / "made" / "samples.jsonl", images=tmp_path, folder=tmp_path / "made")


def release(made: Prepared, scenes: SceneSet, processes: int) -> dict[str, bytes]:
    write_card_and_exports(
        made, scenes, ScenesConfig(name="mine", root=made.images), TeacherConfig(), exports=FORMS,
        benchmark=["What is it, 7?"], processes=processes,
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in made.folder.iterdir()}


def test_one_process_and_two_write_the_same_card_and_exports(made: Prepared, three: Scene) -> None:
    scenes = SceneSet(scenes=(three,), images=made.images)
    one = release(made, scenes, 1)
    assert one == release(made, scenes, 2)
    assert {"card.json", "README.md", "llava.json", "messages.jsonl", "dataset_info.json"} < set(one)
    card = read_json(made.folder / "card.json", what="card")
    assert sum(card["duplicates"]["found"][kind]["same, one picture"] for kind in ("conv", "detail")) == NUM // 2
    assert (card["after"]["conversations"], card["after"]["with_leak"], card["after"]["with_contradiction"]) == (
        MOST_CHECKED, 1, 1,
    )  # fmt: skip
    assert card["overlap"]["same"]["user"] == 1


def test_a_bad_record_leaves_what_was_there(made: Prepared, three: Scene) -> None:
    scenes = SceneSet(scenes=(three,), images=made.images)
    before = release(made, scenes, 1)
    lines = made.samples.read_text().splitlines(keepends=True)
    made.samples.write_text("".join([*lines[:1200], "{broken\n", *lines[1200:]]))
    with pytest.raises(DataError, match=r"samples\.jsonl:1201 is not JSON"):
        release(made, scenes, 2)
    after = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    assert {**after, "samples.jsonl": b""} == {**before, "samples.jsonl": b""}


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_a_disk_that_is_full_leaves_no_half_file(made: Prepared, three: Scene) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            release(made, SceneSet(scenes=(three,), images=made.images), 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in made.folder.iterdir()) == ["samples.jsonl", "summary.json"]
