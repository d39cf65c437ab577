"""The built-in world: real COCO files, the same for the same settings, whoever draws them; and its card."""

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from llavapose.errors import ConfigError, DataError
from llavapose.pose.vocabulary import VALUES
from llavapose.scenes.world.card import contact_sheet, main, world_card
from llavapose.scenes.world.drawn.props import COCO_IDS
from llavapose.scenes.world.world import SPLITS, WorldSettings, draw, ensure_world, read_truth, read_world

SETTINGS = WorldSettings(num_train=360, num_val=40, seed=0)
SMALL = WorldSettings(num_train=6, num_val=3, seed=5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 pictures, drawn by as many processes as the machine has cores."""
    return ensure_world(tmp_path_factory.mktemp("worlds"), SETTINGS, progress=False)


@pytest.fixture(scope="module")
def card(world: Path) -> dict[str, Any]:
    return world_card(world)


def _opened(path: Path) -> COCO:
    with redirect_stdout(io.StringIO()):
        return COCO(str(path))


# pycocotools' compiled masks have no `copy` argument in __array__, which numpy 2 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("split", SPLITS)
def test_pycocotools_loads_every_file(world: Path, split: str) -> None:
    kinds = ("instances", "person_keypoints", "captions")
    instances, keypoints, captions = (_opened(world / "annotations" / f"{kind}_{split}.json") for kind in kinds)
    assert sorted(instances.imgs) == sorted(keypoints.imgs) == sorted(captions.imgs)
    for number, image in keypoints.imgs.items():
        with Image.open(world / split / image["file_name"]) as picture:
            assert (picture.size, picture.format) == ((image["width"], image["height"]), "JPEG")
        texts = [annotation["caption"] for annotation in captions.imgToAnns[number]]
        assert len(set(texts)) == 5
    for annotation in instances.anns.values():
        (x, y, wide, tall), side = annotation["bbox"], instances.imgs[annotation["image_id"]]["width"]
        rows, columns = np.nonzero(instances.annToMask(annotation))
        assert 0 <= x < x + wide <= side and 0 <= y < y + tall <= side
        assert 0 < annotation["area"] <= wide * tall
        if min(wide, tall) > 6:  # the outline of something seen through a gap has no pixel of its own
            assert x - 1 <= columns.min() <= columns.max() <= x + wide and y - 1 <= rows.min() <= rows.max() <= y + tall
    assert {category["name"]: category["id"] for category in instances.cats.values()} == COCO_IDS


@pytest.mark.parametrize("split", SPLITS)
def test_joints_are_flagged_honestly(world: Path, split: str) -> None:
    keypoints = _opened(world / "annotations" / f"person_keypoints_{split}.json")
    flags: Counter[int] = Counter()
    for annotation in keypoints.anns.values():
        size = keypoints.imgs[annotation["image_id"]]["width"]
        joints = list(zip(*[iter(annotation["keypoints"])] * 3, strict=True))
        assert len(joints) == 17
        assert annotation["num_keypoints"] == sum(v > 0 for _, _, v in joints)
        for x, y, v in joints:
            assert (x, y) == (0, 0) if v == 0 else 0 <= x <= size and 0 <= y <= size
            flags[v] += 1
    assert min(flags[v] for v in (0, 1, 2)) > 0.01 * flags.total()


def test_a_face_is_visible_from_the_front_only(world: Path) -> None:
    people = _opened(world / "annotations" / "person_keypoints_train.json").anns
    noses: dict[str, Counter[int]] = {"front": Counter(), "back": Counter()}
    for picture in read_truth(world, "train"):
        for person in picture["people"]:
            if person["facing"] in noses and person["hidden_by"].get("nose", "self") == "self":
                noses[person["facing"]][people[person["annotation_id"]]["keypoints"][2]] += 1
    front, back = noses["front"], noses["back"]
    assert front[2] > 0.85 * (front[1] + front[2])
    assert back[2] == 0 < back[1]


@pytest.mark.parametrize("split", SPLITS)
def test_the_reader_joins_all_of_it(world: Path, split: str) -> None:
    scene_set = read_world(world, split)
    truth = {picture["image_id"]: picture for picture in read_truth(world, split)}
    assert [scene.id for scene in scene_set.scenes] == sorted(truth)
    for scene in scene_set.scenes:
        assert len(scene.captions) == 5
        known = [person["annotation_id"] for person in truth[scene.id]["people"]]
        assert [person.id for person in scene.people] == known
        assert (scene_set.images / scene.image).is_file()
    assert any(scene.things for scene in scene_set.scenes)


def test_splits_share_no_picture(world: Path) -> None:
    ids = [{scene.id for scene in read_world(world, split).scenes} for split in SPLITS]
    assert [len(found) for found in ids] == [SETTINGS.num_train, SETTINGS.num_val]
    assert not ids[0] & ids[1]
    bytes_of = [{path.read_bytes() for path in (world / split).iterdir()} for split in SPLITS]
    assert not bytes_of[0] & bytes_of[1]


def test_several_processes_draw_what_one_draws(world: Path) -> None:
    for number in (1, 200, 360):
        assert (world / "train" / f"{number:012d}.jpg").read_bytes() == draw(number, SETTINGS)[0]


def test_equal_settings_give_equal_files(tmp_path: Path) -> None:
    folders = [ensure_world(tmp_path / name, SMALL, progress=False) for name in ("one", "two")]
    contents = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders]
    assert contents[0] == contents[1]
    assert folders[0].name == folders[1].name


def test_a_world_is_drawn_once(tmp_path: Path) -> None:
    folder = ensure_world(tmp_path, SMALL, progress=False)
    marked = folder / "train" / "000000000001.jpg"
    before = marked.stat().st_mtime_ns
    assert ensure_world(tmp_path, SMALL, progress=False) == folder
    assert marked.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]  # no draft is left behind


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    other = WorldSettings(num_train=6, num_val=3, seed=6)
    one, two = (ensure_world(tmp_path, settings, progress=False) for settings in (SMALL, other))
    assert one != two
    pictures = [{path.read_bytes() for path in folder.rglob("*.jpg")} for folder in (one, two)]
    assert [len(found) for found in pictures] == [9, 9]
    assert not pictures[0] & pictures[1]


def test_pictures_do_not_depend_on_how_many_there_are(world: Path) -> None:
    few = WorldSettings(num_train=6, num_val=3, seed=SETTINGS.seed)
    assert draw(3, few)[0] == (world / "train" / "000000000003.jpg").read_bytes()


@pytest.mark.parametrize("wrong", [{"num_train": -1}, {"num_train": 1_000_001}, {"image_size": 8}])
def test_settings_that_cannot_be_drawn_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        ensure_world(tmp_path, WorldSettings(**wrong), progress=False)
    assert not list(tmp_path.iterdir())


def test_card_crowds_and_occlusion(card: dict[str, Any]) -> None:
    assert card["num_pictures"] == 400
    assert card["several_people"] >= 0.40
    assert card["occluded_or_cut"] >= 0.25
    assert len(card["actions"]) >= 12


def test_card_facings(card: dict[str, Any]) -> None:
    assert set(card["facing"]) == {"front", "back", "image left", "image right"}
    assert min(card["facing"].values()) >= 0.15


def test_card_people_are_20_to_90_percent_tall(card: dict[str, Any]) -> None:
    assert round(card["height"]["least"], 2) >= 0.20
    assert round(card["height"]["greatest"], 2) <= 0.90


def test_card_stated_facts_cover_every_kind(card: dict[str, Any]) -> None:
    assert set(card["stated"]) == set(VALUES)


SIDED = ("elbow bent", "knee bent", "arm raised", "arm out, not across")
WHOLE = (
    "standing", "trunk upright", "standing, a leg lifted", "standing, legs apart, not together", "front, not back",
    "image left, not image right", "left half of the picture",
)  # fmt: skip
TWO_WAY = (*(f"{side} {fact}" for side in ("left", "right") for fact in SIDED), *WHOLE)


@pytest.mark.parametrize("fact", TWO_WAY)
def test_card_two_way_facts_are_balanced(card: dict[str, Any], fact: str) -> None:
    assert 0.35 <= card["two_way"][fact] <= 0.65


def test_card_names_every_two_way_fact(card: dict[str, Any]) -> None:
    assert set(card["two_way"]) == set(TWO_WAY)


def test_card_of_no_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="holds no world"):
        world_card(tmp_path)
    assert main([str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_contact_sheet_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ensure_world(tmp_path, SMALL, progress=False)
    assert main([str(folder), "--sheet", str(tmp_path / "sheet.png")]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[: out.rindex("}") + 1])["num_pictures"] == 9
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == contact_sheet(folder).size == (8 * 224, 224)
