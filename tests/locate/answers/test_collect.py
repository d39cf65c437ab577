"""Lines of a file of replies -> people; replies written from annotated truth score as the truth does."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.locate.answers.collect import collect
from llavapose.locate.answers.lines import read_lines
from llavapose.locate.replies import write_spot, write_spots
from llavapose.locate.samples import Asking, spots_of, view_of
from llavapose.locate.score import keypoint_scores
from llavapose.pose.skeleton import COCO17
from llavapose.records import Person, Scene
from llavapose.scenes.coco import read_scenes
from tests.locate.answers.material import LINES
from tests.locate.truth import annotations  # noqa: F401 (fixture)

SEEN = (1036, 728)
"""What a processor could have made of a picture."""


def scene(number: int = 1, people: int = 2) -> Scene:
    shown = tuple(Person(id=at, box_xyxy=(0, 0, 1, 1)) for at in range(1, people + 1))
    return Scene(id=number, image="a.jpg", width=1000, height=500, people=shown)


def lines_of(tmp_path: Path, *rows: dict) -> list:
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_lines(path, COCO17.joints)


@pytest.mark.parametrize(("line", "said"), LINES)
def test_a_bad_line_is_named(tmp_path, line, said):
    path = tmp_path / "replies.jsonl"
    path.write_text('{"image_id": 1, "reply": "x"}\n' + line)
    with pytest.raises(DataError, match=rf"replies.jsonl:2.*{said}"):
        read_lines(path, COCO17.joints)


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "replies.jsonl").write_text("\n")
    with pytest.raises(DataError, match="is empty"):
        read_lines(tmp_path / "replies.jsonl", COCO17.joints)


def written(scenes: list[Scene], form: str) -> list[dict]:
    """What a model that sees all would reply, in its own form."""
    found = []
    for one in scenes:
        everybody: dict = {}
        for index, person in enumerate(one.people):
            places = {
                name: (x, y) for name, (x, y, v) in zip(COCO17.joints, person.keypoints, strict=False) if v
            }  # fmt: skip
            if not places:
                continue
            about = {"image_id": one.id, "annotation_id": person.id}
            if form == "rex_omni":
                joints = {
                    name: f" <{round(places[name][0] * 999)}> <{round(places[name][1] * 999)}> "
                    if name in places else "unvisible" for name in COCO17.joints
                }  # fmt: skip
                everybody[f"person{index + 1}"] = {"bbox": " <0> <0> <999> <999> ", "keypoints": joints}
            elif form == "molmo":
                for name, (x, y) in places.items():
                    reply = f' <point x="{x * 100:.1f}" y="{y * 100:.1f}" alt="{name}">{name}</point>'
                    found.append({**about, "joint": name, "reply": reply})
            elif form == "llavapose":
                asking = Asking()
                spots = spots_of(one, index, view_of(one, index, asking))
                if index % 2:
                    found.append({**about, "reply": write_spots(spots, asking.writes)})
                else:
                    found += [
                        {**about, "joint": name, "reply": write_spot(spot, asking.writes)}
                        for name, spot in spots.items()
                    ]
            else:
                wide, high = (1000, 1000) if form == "qwen" else SEEN
                points = [{"point_2d": [x * wide, y * high], "label": name} for name, (x, y) in places.items()]
                found.append({**about, "reply": json.dumps(points), "size": SEEN})
        if everybody:
            found.append({"image_id": one.id, "reply": f"```json\n{json.dumps(everybody)}\n```"})
    return found


@pytest.mark.parametrize("form", ["rex_omni", "qwen", "qwen_pixels", "molmo", "llavapose"])
def test_replies_from_truth_score_as_truth(annotations, tmp_path, form):  # noqa: F811
    scenes = read_scenes(images=tmp_path, keypoints=annotations).scenes
    views = {person.id: view_of(one, index, Asking()) for one in scenes for index, person in enumerate(one.people)}
    lines = lines_of(tmp_path, *written(list(scenes), form))
    found = collect(lines, scenes, form, views=views)["answers"]
    assert (found.counts.unread.total(), found.counts.unread_joints, found.counts.parsed) == (0, 0, 1.0)
    assert found.counts.replies == len(lines)
    scores = keypoint_scores(annotations, found.people)
    # Written in a thousandth of the picture: a small person's nose is as wide as that.
    assert scores["AP"] > 0.93 and scores["AP50"] == pytest.approx(1)


def test_people_of_one_picture_stay_apart_and_joints_of_one_person_come_together(tmp_path):
    point = '[{"point_2d": [500, 500], "label": "it"}]'
    rows = [
        {"image_id": 1, "annotation_id": a, "joint": j, "reply": point} for a in (1, 2) for j in ("nose", "left eye")
    ]
    found = collect(lines_of(tmp_path, *rows), [scene()], "qwen")["answers"]
    assert [one.annotation_id for one in found.people] == [1, 2]
    assert [sum(sure > 0 for *_, sure in one.keypoints) for one in found.people] == [2, 2]
    assert found.people[0].score == pytest.approx(2 / 17)
    assert found.people[0].keypoints[0] == (500.0, 250.0, 1.0) and found.people[0].keypoints[5] == (0.0, 0.0, 0.0)


def test_what_is_unread_is_counted(tmp_path):
    good = '[{"point_2d": [500, 500], "label": "nose"}]'
    rows = [
        {"image_id": 1, "annotation_id": 1, "reply": "at [500, 500]"},
        {"image_id": 1, "annotation_id": 2, "joint": "nose", "reply": "somewhere"},
        {"image_id": 9, "reply": good},
        {"image_id": 2, "annotation_id": 2, "reply": good.replace("nose", "tail")},
        {"image_id": 3, "reply": good},
    ]  # fmt: skip
    scenes = [scene(1), scene(2), scene(3)]
    (counts,) = [one.counts for one in collect(lines_of(tmp_path, *rows), scenes, "qwen").values()]
    assert (counts.replies, counts.unread.total(), counts.elsewhere) == (4, 2, 1)
    assert (counts.joints, counts.unread_joints, counts.strange, counts.nowhere) == (1, 18, 1, 1)
    assert counts.parsed == pytest.approx(1 / 19)
    assert "4 replies, 2 of them unread (2 not JSON" in counts.told() and "1 names of no joint" in counts.told()


def test_models_have_rows_of_their_own_and_nobody_answers_twice(tmp_path):
    reply = '[{"point_2d": [500, 500], "label": "nose"}]'
    rows = [{"image_id": 1, "reply": reply, "model": name} for name in ("a", "b")]
    assert list(collect(lines_of(tmp_path, *rows), [scene()], "qwen")) == ["a", "b"]
    with pytest.raises(DataError, match=r"replies.jsonl:2: a second reply of a"):
        collect(lines_of(tmp_path, rows[0], rows[0]), [scene()], "qwen")
    with pytest.raises(DataError, match=r"image 1 has no person 77"):
        collect(lines_of(tmp_path, {"image_id": 1, "annotation_id": 77, "reply": reply}), [scene()], "qwen")


def test_several_people_for_one_are_read_for_nobody(tmp_path):
    points = [{"point_2d": [500, 500], "label": "nose", "person": number} for number in (1, 2)]
    rows = [{"image_id": 1, "annotation_id": 1, "reply": json.dumps(points)}]
    found = collect(lines_of(tmp_path, *rows), [scene()], "qwen")["answers"]
    assert not found.people and dict(found.counts.unread) == {"2 people for one": 1}


def test_the_same_asked_in_two_ways_is_refused(tmp_path):
    whole, single = (
        '{"person1": {"bbox": " <1> <1> <99> <99> ", "keypoints": {"nose": " <1> <2> "}}}',
        '{"person1": {"bbox": " <1> <1> <99> <99> ", "keypoints": {"nose": " <9> <9> "}}}',
    )
    person = {"image_id": 1, "annotation_id": 1}
    for first, second in (
        ({**person, "reply": whole}, {**person, "joint": "nose", "reply": single}),
        ({**person, "joint": "nose", "reply": single}, {**person, "reply": whole}),
        ({"image_id": 1, "reply": whole}, {**person, "reply": whole}),
        ({**person, "joint": "nose", "reply": single}, {"image_id": 1, "reply": whole}),
    ):
        with pytest.raises(DataError, match=r"replies.jsonl:2.*tells of the same joints"):
            collect(lines_of(tmp_path, first, second), [scene()], "rex_omni")
    other = {"image_id": 1, "annotation_id": 2, "reply": whole}
    assert (
        len(collect(lines_of(tmp_path, {**person, "reply": whole}, other), [scene()], "rex_omni")["answers"].people)
        == 2
    )


def test_people_who_are_not_there_do_not_make_up_for_what_is_unread(tmp_path):
    box = {"bbox": " <1> <1> <99> <99> "}
    nowhere = {f"person{at}": box | {"keypoints": dict.fromkeys(COCO17.joints, "unvisible")} for at in range(1, 500)}
    here = box | {"keypoints": dict.fromkeys(COCO17.joints, " <500> <500> ")}
    keypoints = tuple((0.5, 0.5, 2) for _ in range(17))
    scenes = [scene(number) for number in (1, 2, 3, 4)]
    scenes = [replace(one, people=tuple(replace(p, keypoints=keypoints) for p in one.people)) for one in scenes]
    rows = [{"image_id": number, "reply": "I see a person."} for number in (1, 2, 3)]
    told = json.dumps({"person0": here} | nowhere)
    (found,) = collect(lines_of(tmp_path, *rows, {"image_id": 4, "reply": told}), scenes, "rex_omni").values()
    assert found.counts.parsed == pytest.approx(0.25)
