"""A model behind an endpoint is probed by "A or B?" in both orders; what is no choice is counted as none."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from llavapose.config.endpoint import EndpointConfig
from llavapose.config.evaluating import ProbeConfig
from llavapose.errors import LlavaPoseError
from llavapose.evaluation.answerers.endpoint import EndpointAnswerer
from llavapose.evaluation.answerers.protocol import ChoosingAnswerer, ProbedAnswerer
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.probe.choice import Chosen
from llavapose.evaluation.probe.items import build_probe
from llavapose.evaluation.probe.probing import probe
from llavapose.evaluation.probe.public.letters import letter_of
from llavapose.evaluation.probe.score import probe_table
from llavapose.files import read_jsonl
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.coco import SceneSet, read_scenes
from tests.evaluation.probe.choice_replies import REPLIES, A, B
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion, text_of

SAMPLE = Path(__file__).parents[3] / "../shared/data/coco_val2017_sample"


@pytest.mark.parametrize(("reply", "letter"), REPLIES, ids=lambda one: repr(one)[:40])
def test_a_reply_is_a_letter_or_nothing(reply, letter):
    assert letter_of(reply, A, B) == letter


def test_what_two_orders_come_to():
    assert [Chosen(first=a, second=b).right for a, b in ((True, True), (True, False), (False, None), (None, None))] == [
        1.0, 0.5, 0.0, None,
    ]  # fmt: skip
    assert Chosen(first=None, second=True).num_unanswered == 1


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


@pytest.fixture
def told(scenes, tmp_path):
    """48 scenes whose pictures are there, each another shade."""
    few = scenes[:48]
    (tmp_path / "pictures").mkdir()
    for scene in few:
        Image.new("RGB", (8, 8), (5 * scene.id, 80, 90)).save(tmp_path / "pictures" / scene.image)
    return SceneSet(scenes=few, images=tmp_path / "pictures")


def endpoint(server, **changes) -> EndpointConfig:
    return EndpointConfig(base_url=server.url, model="m", max_tokens=5, max_tries=2, name="lab", **changes)


def statements(asked) -> dict[str, str]:
    return dict(re.findall(r"^([AB]): (.*)$", text_of(asked.body["messages"][-1]["content"]), re.MULTILINE))


def shown(asked) -> bytes | None:
    content = asked.body["messages"][-1]["content"]
    parts = [] if isinstance(content, str) else [part for part in content if part["type"] == "image_url"]
    return base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2]) if parts else None


def arm_of(told, answerer, out, **settings) -> Arm:
    benchmark: Any = SimpleNamespace(name="x", questions=(), scenes=told)
    config = ProbeConfig(num_asked=60, **settings)
    return Arm(name="lab", out=out, benchmark=benchmark, answerer=answerer, judges=(), probe=config)


def rows_of(out) -> list[dict]:
    return [row for _, row in read_jsonl(out / "probe" / "lab.jsonl", what="rows")]


def test_each_pair_is_asked_in_both_orders_in_three_passes(server, told, tmp_path, monkeypatch):
    """Who always says A is right in one order and wrong in the other: half, whatever is shown."""
    pictures = []

    def behave(asked):
        pictures.append(shown(asked))
        return Served(body=completion("A"))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    assert isinstance(answerer, ChoosingAnswerer) and not isinstance(answerer, ProbedAnswerer)
    probe(arm_of(told, answerer, tmp_path))
    rows = rows_of(tmp_path)
    num = len(rows) // 3
    assert num >= 20 and [row["pictures"] for row in rows[::num]] == ["true", "shuffled", "no_picture"]
    assert all(row["chosen"] == [True, False] and row["right"] == 0.5 for row in rows)
    blind = pictures.count(None)
    assert 0 < blind < 2 * num, "equal questions without a picture are asked once"
    assert pictures[-blind:] == [None] * blind and len(set(pictures[:-blind])) >= 20
    for row in probe_table(rows):
        assert row["balanced_accuracy"] == pytest.approx(0.5) and row["unanswered"] == 0
    total = server.asked.total()
    probe(arm_of(told, answerer, tmp_path))
    assert server.asked.total() == total, "kept"


def test_one_who_knows_has_all_skill_and_one_who_refuses_is_counted_as_unanswered(server, told, tmp_path):
    items = build_probe(told.scenes, 0, num_items=60)
    true = {item.true for item in items} - {item.flipped for item in items}

    def behave(asked):
        said = statements(asked)
        right = [letter for letter, text in said.items() if text in true]
        return Served(body=completion(right[0] if len(right) == 1 else "I cannot tell."))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    probe(arm_of(told, answerer, tmp_path, shuffled=False, no_picture=False))
    rows = rows_of(tmp_path)
    answered = [row for row in rows if row["right"] is not None]
    assert {row["right"] for row in answered} <= {1.0} and len(answered) < len(rows)
    whole = [row for row in probe_table(rows) if row["group"] == "all"]
    assert not whole or whole[0]["unanswered"] == len(rows) - len(answered)


def test_unanswered_items_leave_the_score_and_are_counted():
    row = {"arm": "a", "pictures": "true", "group": "arms", "kind": "elbow", "part": None, "num_people": 1}
    rows = [
        row | {"scene_id": n, "value": v, "flipped_value": f, "right": right}
        for n, (v, f, right) in enumerate([("x", "y", 1.0), ("y", "x", 1.0), ("x", "y", None), ("y", "x", 0.5)])
    ]
    (found,) = [one for one in probe_table(rows) if one["group"] == "all"]
    assert (found["n"], found["unanswered"], found["balanced_accuracy"]) == (3, 1, pytest.approx(0.875))


def test_an_endpoint_is_not_probed_unless_told_so(server, told, tmp_path, caplog):
    caplog.set_level("INFO")
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    silent = replace(arm_of(told, answerer, tmp_path), probe=ProbeConfig())
    probe(silent)
    assert not server.asked and "no probe, probe.num_asked=200 asks an endpoint" in caplog.text


def test_a_cap_stops_the_probe_and_the_same_command_goes_on(server, told, tmp_path):
    server.behave = lambda asked: Served(body=completion("B"))
    priced = endpoint(server, price_in=1000.0, price_out=1000.0)
    with pytest.raises(LlavaPoseError, match=r"choices are there, stopped: .*with a higher answerer.max_usd goes on"):
        probe(arm_of(told, EndpointAnswerer(priced, tmp_path / "l.sqlite", max_usd=10), tmp_path))
    asked = server.asked.total()
    assert asked
    probe(arm_of(told, EndpointAnswerer(priced, tmp_path / "l.sqlite", max_usd=10_000), tmp_path))
    rows = rows_of(tmp_path)
    assert {json.dumps(row["chosen"]) for row in rows} == {"[false, true]"}


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample of COCO val2017 is not here")
def mirrored(scene):
    """What the annotation of the mirrored picture would be, under another id."""
    traded = {a: b for pair in COCO17.pairs for a, b in (pair, pair[::-1])}

    def person(one):
        x1, y1, x2, y2 = one.box_xyxy
        turned = [one.keypoints[traded.get(i, i)] for i in range(len(one.keypoints))]
        return replace(one, box_xyxy=(1 - x2, y1, 1 - x1, y2),
                       keypoints=tuple((scene.width - x if v else x, y, v) for x, y, v in turned))  # fmt: skip

    return replace(scene, id=scene.id + 10_000_000, people=tuple(map(person, scene.people)))


def test_real_photographs_are_probed_by_their_keypoint_file_alone(server, tmp_path):
    """Four photographs with 14 people and each once more in a mirror, a keypoint file, no captions, no benchmark."""
    real = read_scenes(images=SAMPLE / "images", keypoints=SAMPLE / "person_keypoints.json", split="val")
    real = replace(real, scenes=(*real.scenes, *map(mirrored, real.scenes)))
    server.behave = lambda asked: Served(body=completion("A" if "sitting" in statements(asked)["B"] else "B"))
    probe(arm_of(real, EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite"), tmp_path))
    rows = rows_of(tmp_path)
    assert rows and {row["pictures"] for row in rows} == {"true", "shuffled", "no_picture"}


def test_arms_that_are_probed_about_other_facts_are_told_at_once(server, told, tmp_path, caplog):
    server.behave = lambda asked: Served(body=completion("A"))
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    few = replace(arm_of(told, answerer, tmp_path, shuffled=False, no_picture=False), name="few")
    probe(replace(few, probe=replace(few.probe, num_asked=20)))
    assert "probed about" not in caplog.text
    probe(arm_of(told, answerer, tmp_path, shuffled=False, no_picture=False))
    assert "probe/few.jsonl lacks" in caplog.text and "probe both with the same settings; until then" in caplog.text


def test_pictures_without_two_sided_facts_leave_no_probe(server, told, tmp_path, caplog):
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    probe(arm_of(told, answerer, tmp_path, num_images=1))
    assert "no fact of the 1 held-out pictures has its opposite" in caplog.text and not (tmp_path / "probe").exists()
