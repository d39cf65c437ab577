"""People in photographs: other sets' forms, marks read back, the page for marking, facts under annotators' errors."""

import json
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.people.jitter import MOST_FLIPS, flips_by_kind, shaken, spreads_px
from benchmarks.people.marks import read_marks, table
from benchmarks.people.page import made_page
from benchmarks.people.readers import read_people
from llavapose.errors import DataError
from llavapose.pose.facts import limbs
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.people import references
from llavapose.pose.skeleton import COCO17, CROWDPOSE14, MPII16
from llavapose.pose.thresholds import HINGE
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from tests.report.browser import browser, kept_by_browser, needs_browser

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "../shared/data/coco_val2017_sample"
MARKS = Path(__file__).with_name("coco_val2017.jsonl")
HOSTILE = '<img src=x onerror=alert(1)>&"</script>.jpg'


def _flat(figures, joints, third=2):
    named = dict(zip(COCO17.joints, figures.person().keypoints, strict=True))
    extra = {"head top": (0.5, 0.08, 2), "neck": (0.5, 0.2, 2), "thorax": (0.5, 0.22, 2), "pelvis": (0.5, 0.5, 2)}
    points = [(named | extra)[joint] for joint in joints]
    return [value for x, y, _ in points for value in (x * 400, y * 400, third)]


def _coco(folder: Path, keypoints, *, name="1.jpg", more=None) -> Path:
    (folder / "images").mkdir()
    Image.new("RGB", (400, 400), "white").save(folder / "images" / name)
    person = {"id": 5, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 9000.0, "bbox": [140, 20, 120, 370]}
    content = {
        "images": [{"id": 1, "file_name": name, "width": 400, "height": 400}],
        "annotations": [person | {"keypoints": keypoints, "num_keypoints": len(keypoints) // 3} | (more or {})],
        "categories": [{"id": 1, "name": "person"}],
    }
    path = folder / "people.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("joints", "repeat", "name"),
    [(COCO17.joints, 1, "coco17"), (CROWDPOSE14.joints, 1, "crowdpose14"), (MPII16.joints, 1, "mpii16"),
     (COCO17.joints, 133, "coco17")],
)  # fmt: skip
def test_a_file_tells_its_skeleton_and_its_people_have_facts(figures, tmp_path, joints, repeat, name):
    flat = _flat(figures, joints)
    flat += [0] * (3 * repeat - len(flat)) if repeat > 1 else []
    read = read_people(_coco(tmp_path, flat), images=tmp_path / "images")
    (scene,) = read.scenes
    assert scene.skeleton == name
    assert read.areas == {5: 9000.0}
    sure = {(f.kind, f.value) for f in scene_facts(scene) if f.sure}
    assert {("knee", "straight"), ("stance", "standing"), ("arm_height", "lowered")} <= sure


def test_whole_body_in_its_own_form_keeps_the_body(figures, tmp_path):
    more = {"foot_kpts": [0] * 18, "face_kpts": [0] * 204, "lefthand_kpts": [0] * 63, "righthand_kpts": [0] * 63}
    read = read_people(_coco(tmp_path, _flat(figures, COCO17.joints), more=more), images=None)
    assert [f.value for f in scene_facts(read.scenes[0]) if f.kind == "stance"] == ["standing"]


def test_mpii_in_its_own_form(figures, tmp_path):
    flat = _flat(figures, MPII16.joints)
    _coco(tmp_path, flat)
    joints = [[x + 1, y + 1] for x, y in zip(flat[::3], flat[1::3], strict=True)]
    record = {"image": "1.jpg", "center": [200, 200], "scale": 1.9, "joints": joints, "joints_vis": [1] * 16}
    (tmp_path / "valid.json").write_text(json.dumps([record]))
    read = read_people(tmp_path / "valid.json", images=tmp_path / "images")
    assert read.scenes[0].skeleton == "mpii16"
    with pytest.raises(DataError, match="--images"):
        read_people(tmp_path / "valid.json", images=None)


@pytest.mark.parametrize(
    ("change", "told"),
    [(lambda c: c["annotations"][0].update(keypoints=[1, 2]), "2 numbers"),
     (lambda c: c.update(annotations=[]), "nobody"),
     (lambda c: c.pop("images"), "images")],
)  # fmt: skip
def test_files_that_are_none_are_told_in_one_line(figures, tmp_path, change, told):
    path = _coco(tmp_path, _flat(figures, COCO17.joints))
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=told) as caught:
        read_people(path, images=None)
    assert "\n" not in str(caught.value)


def test_a_named_skeleton_must_fit(figures, tmp_path):
    path = _coco(tmp_path, _flat(figures, COCO17.joints))
    assert read_people(path, images=None, skeleton="humanart17").scenes
    with pytest.raises(DataError, match="crowdpose14"):
        read_people(path, images=None, skeleton="crowdpose14")


def test_joints_move_as_far_as_annotators_differ(figures):
    scene = figures.scene(figures.person())
    spreads = spreads_px(scene, scene.people[0], 10_000.0)
    assert spreads[COCO17.joints.index("left hip")] == pytest.approx(0.107 * 100 / 2**0.5)
    rng, squares = random.Random(0), []
    for _ in range(2000):
        (x, y, _), (a, b, _) = (s.people[0].keypoints[11] for s in (scene, shaken(scene, {1: 10_000.0}, rng)))
        squares.append(((x - a) * 400) ** 2 + ((y - b) * 400) ** 2)
    assert (sum(squares) / len(squares)) ** 0.5 == pytest.approx(10.7, rel=0.05)
    assert spreads_px(replace(scene, skeleton="mpii16"), scene.people[0], None)


def test_a_rule_without_a_margin_is_seen_to_flip(figures, monkeypatch):
    """The property below is no use if it cannot fail."""
    scene = figures.scene(figures.person(left_wrist=(290, 185)))
    none = replace(HINGE, bent_sure_deg=180.0, slightly_sure_least_deg=0.0, margin_deg=0.0)
    monkeypatch.setattr(limbs, "HINGE", none)
    assert flips_by_kind([scene], {1: 30_000.0}, num_draws=200, pool=False)["elbow"].flips > MOST_FLIPS


def test_stated_facts_stand_when_joints_are_off_as_annotators_are(tmp_path):
    folder = ensure_world(tmp_path, WorldSettings(num_train=0, num_val=80, seed=5), progress=False)
    annotations = json.loads((folder / "annotations/person_keypoints_val.json").read_text())["annotations"]
    found = flips_by_kind(read_world(folder, "val").scenes, {one["id"]: one["area"] for one in annotations})
    assert {"elbow", "knee", "arm_height", "trunk", "stance", "facing"} <= set(found)
    assert {kind: one.flips for kind, one in found.items() if one.flips > MOST_FLIPS} == {}


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no sample of COCO val2017 beside the checkout")
def test_stated_facts_of_real_people_stand_too():
    read = read_people(SAMPLE / "person_keypoints.json", images=None)
    found = flips_by_kind(read.scenes, read.areas)
    assert {kind: one.flips for kind, one in found.items() if one.flips > MOST_FLIPS} == {}


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no sample of COCO val2017 beside the checkout")
def test_what_was_seen_by_looking_is_what_facts_say():
    read = read_people(SAMPLE / "person_keypoints.json", images=None)
    rows = {row.kind: row for row in table(read.scenes, read_marks(MARKS, read.scenes))}
    wrong = {kind: row.num_wrong for kind, row in rows.items() if row.num_wrong and kind != "all"}
    assert wrong == {"count": 1}  # people far behind, whom COCO does not label
    assert rows["all"].num_right >= 45
    assert rows["reference"].num_right >= 5


def test_verdicts_and_values_are_both_marks(figures, tmp_path):
    scene = figures.scene(figures.person())
    rows = [
        {"image": 7, "person": 1, "kind": "knee", "part": "left knee", "value": "straight", "mark": "right"},
        {"image": 7, "person": 1, "kind": "knee", "part": "right knee", "value": "straight", "mark": "wrong"},
        {"image": 7, "person": 1, "kind": "stance", "value": "sitting", "mark": "wrong"},
        {"image": 7, "person": 1, "kind": "trunk", "values": ["leaning", "bent over"]},
        {"image": 7, "person": 1, "kind": "facing", "value": "toward the camera", "mark": "unsure"},
        {"image": 7, "person": None, "kind": "count", "values": ["1"]},
        {"image": 7, "person": 1, "kind": "reference", "value": "the person", "mark": "right"},
    ]
    path = tmp_path / "marks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {row.kind: row for row in table([scene], read_marks(path, [scene]))}
    assert (found["knee"].num_right, found["knee"].num_wrong) == (1, 1)
    assert (found["trunk"].num_right, found["trunk"].num_wrong) == (0, 1)
    assert found["stance"].num_unmarked == 1  # a value that is no longer said was marked
    assert found["facing"].num_unsure == 1
    assert (found["count"].num_right, found["reference"].num_right) == (1, 1)
    low, high = found["knee"].interval
    assert 0 < low < 0.5 < high < 1


@pytest.mark.parametrize(
    ("line", "told"),
    [("{", "line 1|:1"), ("[]", ":1"), ('{"image": 7}', ":1.*kind"),
     ('{"image": 7, "person": 1, "kind": "knee"}', ":1.*mark"),
     ('{"image": 7, "person": 1, "kind": "knee", "value": "bent", "mark": "yes"}', ":1.*yes"),
     ('{"image": 7, "person": 1, "kind": "nose", "values": []}', ":1.*nose"),
     ('{"image": 7, "person": 1, "kind": "knee", "part": "left knee", "values": ["crooked"]}', ":1.*crooked"),
     ('{"image": 7, "person": 99, "kind": "stance", "values": []}', ":1.*99"),
     ('{"image": 8, "person": 1, "kind": "stance", "values": []}', ":1.*8"), ("", "no mark")],
)  # fmt: skip
def test_bad_marks_are_told_in_one_line(figures, tmp_path, line, told):
    path = tmp_path / "marks.jsonl"
    path.write_text(line + "\n" if line else "")
    with pytest.raises(DataError, match=told) as caught:
        read_marks(path, [figures.scene(figures.person())])
    assert "\n" not in str(caught.value)


def test_the_page_escapes_what_it_shows_and_holds_every_stated_fact(figures, tmp_path):
    (tmp_path / "images").mkdir()
    name = HOSTILE.replace("/", "")
    Image.new("RGB", (400, 400), "white").save(tmp_path / "images" / name)
    scene = replace(figures.scene(figures.person(), figures.person(1, dx=-120)), image=name)
    text = made_page([scene], tmp_path / "images", name=HOSTILE)
    assert "<img src=x" not in text
    assert text.count("</script>") == 2
    content = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    stated = [f for f in scene_facts(scene) if f.sure]
    named = [name for name in references(scene) if name]
    assert sum(len(person["facts"]) for person in content["people"]) == len(stated) + len(named)
    assert content["pictures"][0]["src"].startswith("data:image/jpeg;base64,")
    assert "Content-Security-Policy" in text


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
@kept_by_browser
def test_facts_are_marked_by_keys_and_kept(figures, tmp_path, width):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (400, 400), "white").save(tmp_path / "images" / "7.jpg")
    scene = figures.scene(figures.person(), figures.person(1, dx=-120))
    page = tmp_path / "page.html"
    page.write_text(made_page([scene], tmp_path / "images", name=HOSTILE))
    with browser(tmp_path / "profile") as tab:
        tab.open(page.as_uri(), width=width)
        assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
        first = len(tab.texts("#facts li"))
        tab.press("1", "2", "3", "z", "u", "n", "1", "p", "s")
        assert tab.texts("#facts li b")[:4] == ["right", "wrong", "unsure", ""]
        time.sleep(0.5)  # a browser writes what a page keeps in its own time
        tab.open(page.as_uri(), width=width)
        assert tab.texts("#facts li b")[:3] == ["right", "wrong", "unsure"]
        rows = [json.loads(line) for line in tab.ask("text()").splitlines()]
        assert HOSTILE in tab.texts("#where")[0]
        assert tab.wrong == []
    assert first > 4
    assert [row["mark"] for row in rows] == ["right", "wrong", "unsure", "right"]
    marks = tmp_path / "marks.jsonl"
    marks.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (total,) = [row for row in table([scene], read_marks(marks, [scene])) if row.kind == "all"]
    assert (total.num_right, total.num_wrong, total.num_unsure) == (2, 1, 1)


def test_the_command_makes_a_page_and_reads_marks(figures, tmp_path):
    path = _coco(tmp_path, _flat(figures, COCO17.joints))
    command = [sys.executable, str(ROOT / "benchmarks/facts.py"), "--coco", str(path)]

    def run(*more):
        return subprocess.run([*command, *map(str, more)], capture_output=True, text=True, cwd=tmp_path, check=False)

    done = run("--page", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").stat().st_size > 5000
    marks = tmp_path / "marks.jsonl"
    marks.write_text('{"image": 1, "person": 5, "kind": "stance", "values": ["standing"]}\n')
    assert re.search(r"stance +1 +1 +0", run("--marks", marks).stdout)
    assert "(others)" in run("--jitter", 5).stdout
    marks.write_text("nonsense\n")
    broken = run("--marks", marks)
    assert broken.returncode == 1
    assert broken.stderr.count("\n") == 1
    assert "nonsense" in broken.stderr or "marks.jsonl" in broken.stderr
