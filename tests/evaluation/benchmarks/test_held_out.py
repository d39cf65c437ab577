"""What a benchmark asks about is trained on by nobody: not generated from, not taken from samples made elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from llavapose.config.compose import composed, typed
from llavapose.data.choose import without_pictures
from llavapose.data.index.records import ensure_records
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.building.write import build_benchmark_file
from llavapose.evaluation.benchmarks.frozen import read_frozen
from llavapose.evaluation.benchmarks.held_out import FROZEN, held_out_ids
from llavapose.samples import read_samples
from llavapose.scenes.open import excluded_ids, frozen_ids, open_scenes
from llavapose.teacher.make import ensure_samples
from tests.drawn_by_hand import offline
from tests.evaluation.benchmarks.coco_files import lay_out, scenes_of
from tests.evaluation.benchmarks.test_hpaub import run, settings

CONF = Path(__file__).parents[3] / "conf"


@pytest.fixture(scope="module")
def coco(tmp_path_factory) -> Path:
    """COCO with a benchmark of val2014 built, and a 2017 whose training pictures are val2014's: as it is in truth."""
    folder = tmp_path_factory.mktemp("coco")
    root = lay_out(folder / "coco", folder / "world", num_val=16)
    shutil.copytree(root / "val2014", root / "train2017")
    for path in (root / "annotations").glob("*_val2014.json"):
        content = json.loads(path.read_text())
        for image in content["images"]:
            name = image["file_name"].removeprefix("COCO_val2014_")
            (root / "train2017" / image["file_name"]).rename(
                root / "train2017" / name
            ) if "captions" in path.name else 0
            image["file_name"] = name
        (root / "annotations" / path.name.replace("val2014", "train2017")).write_text(json.dumps(content))
    build_benchmark_file(settings(folder / "benchmarks", num=4), run(root, folder))
    return folder


def held(coco: Path) -> set[int]:
    return {scene.id for scene in read_frozen(coco / "benchmarks" / "hpaub.jsonl").scenes}


def test_nothing_is_written_about_a_benchmarks_pictures(coco, tmp_path):
    scenes = scenes_of(coco / "coco", 2017, held_out=coco / "benchmarks")
    found = open_scenes(scenes, "train")
    ids = {scene.id for scene in found.scenes}
    assert ids and not ids & held(coco) and any("4 of 16 scenes left out: held-out image ids" in n for n in found.notes)
    made = ensure_samples(scenes, offline(num_samples=40), tmp_path)
    told = {sample.provenance["scene"] for sample in read_samples(made.samples, made.images)}
    assert told and not told & held(coco)
    open_too = {scene.id for scene in open_scenes(scenes_of(coco / "coco", 2017), "train").scenes}
    assert open_too >= held(coco), "without the folder they are training pictures as others"


def test_a_new_benchmark_makes_other_samples_and_none_keeps_the_folder(coco, tmp_path):
    teacher = offline(num_samples=10)
    without = ensure_samples(scenes_of(coco / "coco", 2017), teacher, tmp_path).folder
    empty = ensure_samples(scenes_of(coco / "coco", 2017, held_out=tmp_path / "none"), teacher, tmp_path).folder
    held_out = ensure_samples(scenes_of(coco / "coco", 2017, held_out=coco / "benchmarks"), teacher, tmp_path).folder
    assert without == empty != held_out


def test_the_settings_of_coco_name_the_folder_that_benchmarks_are_built_in():
    for name in ("coco2014", "coco2017"):
        assert typed("generate", composed("generate", CONF, [f"scenes={name}"])).scenes.held_out == FROZEN
    assert typed("generate", composed("generate", CONF, [])).scenes.held_out is None
    for name in ("hpaub", "e_hpaub", "e_hpaub_clean", "e_hpaub_xl"):
        config = typed("generate", composed("generate", CONF, [f"benchmark={name}", "scenes=coco2014"]))
        assert config.benchmark.path == FROZEN / f"{name}.jsonl"


def test_a_run_holds_out_the_chosen_benchmark_and_all_that_lie_in_the_folder(coco, tmp_path, monkeypatch):
    """Also of samples that somebody else made of COCO, with the world for everything else."""
    (tmp_path / "data").mkdir()
    shutil.copytree(coco / "benchmarks", tmp_path / "data" / "benchmarks")
    monkeypatch.chdir(tmp_path)
    elsewhere = ["data.path=samples.jsonl", "data.images=pictures", "evaluate=false"]
    config = typed("train", composed("train", CONF, elsewhere))
    assert held_out_ids(config) == held(coco)
    chosen = [
        "scenes=coco2014", f"scenes.root={coco / 'coco'}", "benchmark=hpaub", "benchmark.num_images=4",
        f"benchmark.path={coco / 'benchmarks' / 'hpaub.jsonl'}", "scenes.held_out=null",
    ]  # fmt: skip
    assert held_out_ids(typed("train", composed("train", CONF, chosen))) == held(coco)
    made = ensure_samples(scenes_of(coco / "coco", 2017), offline(), tmp_path)
    records = ensure_records(made.samples, made.images, kind=None, folder=tmp_path / "index")
    kept = list(records.read(without_pictures(records, held_out_ids(config))))
    assert 0 < len(kept) < len(records) and not {one.provenance["scene"] for one in kept} & held(coco)


def test_ids_of_the_file_and_of_the_folder_add_up(coco, tmp_path):
    (tmp_path / "ids.txt").write_text("42\n")
    scenes = scenes_of(coco / "coco", excluded_ids=tmp_path / "ids.txt", held_out=coco / "benchmarks")
    assert excluded_ids(scenes) == held(coco) | {42}
    assert frozen_ids(tmp_path / "none") == frozen_ids(None) == frozenset()


@pytest.mark.parametrize(
    ("lines", "said"),
    [(['{"id": 1}'], ":1 has no `benchmark`"), (['{"benchmark": "x"}', '{"id": 1}'], ":2 has no `scene_id`")],
)
def test_another_file_in_the_folder_is_refused(tmp_path, lines, said):
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=said):
        frozen_ids(tmp_path)
