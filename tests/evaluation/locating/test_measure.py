"""What an arm's answers about joints come to: truth is 1, another's picture nothing, files that survive a kill."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from llavapose.cli.ending import say_tables
from llavapose.config.compose import composed, typed
from llavapose.config.scenes import ScenesConfig
from llavapose.config.start import conf_folder
from llavapose.config.teaching import LocateConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.answerers.protocol import JointAnswer, PersonTold, Place
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.locating.matching import assigned
from llavapose.evaluation.locating.measure import locate
from llavapose.evaluation.locating.people import people_asked
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_json
from llavapose.locate.replies import Pointed, Spot
from llavapose.locate.results import read_results
from llavapose.locate.score import keypoint_scores
from llavapose.locate.shown import Query
from llavapose.report.tables import read_table
from llavapose.scenes.open import keypoint_file
from tests.locate.datasets.files import crowdpose, gt_valid, mpii


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ScenesConfig:
    return ScenesConfig(name="world", root=tmp_path_factory.mktemp("w"), num_train=12, num_val=8, image_size=96)


class Seer:
    """Knows where everything is in each picture, whoever is asked about; ``blur`` is added to what it says."""

    controls = ()
    batch_size = 17
    was_taught: ClassVar[dict] = {}

    def __init__(self, scenes: ScenesConfig, config: LocateConfig, crops: Path, *, blur: float = 0.0, die: int = 10**9):
        self.asked = people_asked(scenes, config, crops)
        self.blur, self.die, self.num = blur, die, 0

    def identity(self):
        return ["seer", self.blur]

    def lacks(self, words):
        return bool(words) and self.blur == 1

    def taught(self):
        return self.was_taught

    def answers(self, questions, images, arm):
        raise AssertionError("nothing else is asked")

    def places(self, queries: Sequence[Query], images: Path, coding) -> Iterator[JointAnswer]:
        people = {one.image: one for one in self.asked.people}
        for query in queries:
            self.num += 1
            if self.num > self.die:
                raise KeyboardInterrupt
            if query.everyone:
                yield self._everyone(query)
                continue
            spots = people[query.question.image].spots
            places = {
                name: Place(*(value + self.blur for value in spots[name].place or (0.5, 0.5)), 0.9)
                for name in query.joints
            }
            yield JointAnswer(text="", spots={name: spots[name] for name in query.joints}, places=places, num_tokens=3)

    def _everyone(self, query: Query) -> JointAnswer:
        here = [one for one in self.asked.people if one.scene.image == query.question.image]
        told = []
        for one in here:
            x1, y1, x2, y2 = one.scene.people[one.index].box_xyxy
            corners = [one.view.inwards(x * one.scene.width, y * one.scene.height) for x, y in ((x1, y1), (x2, y2))]
            pointed = Pointed(corners=(corners[0], corners[1]), spots=one.spots)
            placed = {name: Place(0.5, 0.5, 0.1) for name, spot in one.spots.items() if spot.place is None}
            told.append(PersonTold(pointed=pointed, sure=0.8, sure_of={}, places=placed))
        return JointAnswer(text="", spots={}, places={}, num_tokens=9, people=tuple(told))


def arm(world: ScenesConfig, out: Path, config: LocateConfig, answerer, name: str = "seer") -> Arm:
    return Arm(
        name=name, out=out, benchmark=None, answerer=answerer, judges=(), probe=None, locate=config, scenes=world  # type: ignore
    )  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        LocateConfig(size=32),
        LocateConfig(size=32, asking="json", margin=1.5),  # type: ignore[arg-type]
        LocateConfig(view="picture", asking="json"),  # type: ignore[arg-type]
    ],
    ids=["crop each", "crop json", "picture everyone"],
)
def test_truth_is_worth_one_and_anothers_picture_nothing(world, config, tmp_path):
    locate(arm(world, tmp_path, config, Seer(world, config, tmp_path / "crops")))
    told = read_json(tmp_path / "located" / "seer.json", what="scores")
    true, shuffled = told["rows"]["true"], told["rows"]["shuffled"]
    assert true["AP"]["value"] == pytest.approx(1, abs=0.03) and shuffled["AP"]["value"] < 0.1
    assert true["parsed"] == 1 and told["num_people"] == len(Seer(world, config, tmp_path / "crops").asked.people)
    assert true["not_visible_precision"] in (1, None) and true["hidden_recall"] in (1, None)
    if config.view != "picture":
        assert told["rows"]["mean_pose"]["AP"]["value"] < 0.2
    results = read_results(tmp_path / "located" / "seer.results.json")
    assert keypoint_scores(keypoint_file(world, "val"), results)["AP"] == pytest.approx(true["AP"]["value"], abs=1e-6)


@pytest.mark.parametrize("name", ["crowdpose", "mpii"])
def test_people_of_other_sets_are_asked_about(tmp_path, name):
    """Zero-shot: no sigmas (MPII), no areas (both), other joints; from the questions to the files."""
    people = {"crowdpose": crowdpose, "mpii": mpii}[name](tmp_path / "set")
    if name == "mpii":
        gt_valid(tmp_path / "set" / "annot" / "gt_valid.mat", people)
    scenes = typed("train", composed("train", conf_folder(), [f"scenes={name}", f"scenes.root={tmp_path}/set"])).scenes
    config = LocateConfig(size=32)
    locate(arm(scenes, tmp_path, config, Seer(scenes, config, tmp_path / "crops")))
    told = read_json(tmp_path / "located" / "seer.json", what="scores")["rows"]["true"]
    worth = told["PCKh"]["mean"] if name == "mpii" else told["AP"]["value"]
    assert worth == pytest.approx(1, abs=0.03)
    assert read_json(tmp_path / "located" / "seer.people.json", what="people")
    if name == "mpii":
        with pytest.raises(ConfigError, match=r"use locate\.asking=each"):
            people_asked(scenes, EVERYONE, tmp_path / "crops")


EVERYONE = LocateConfig(view="picture", asking="json")  # type: ignore[arg-type]


class Odd(Seer):
    """Tells everyone in a picture as ``told_of`` has it: people whose truth it knows -> those that it tells."""

    def __init__(self, *words, told_of, **more):
        super().__init__(*words, **more)
        self.told_of = told_of

    def _everyone(self, query: Query) -> JointAnswer:
        told = super()._everyone(query)
        return replace(told, people=tuple(self.told_of(told.people)))


def everyone(world: ScenesConfig, out: Path, told_of) -> tuple[dict, list[dict]]:
    odd = Odd(world, EVERYONE, out / "crops", told_of=told_of)
    locate(arm(world, out, EVERYONE, odd))
    told = read_json(out / "located" / "seer.json", what="scores")
    return told["rows"]["true"], read_json(out / "located" / "seer.people.json", what="people")


def unplaced(one: PersonTold) -> PersonTold:
    """Every joint said not to be visible, and its true place written under constraint."""
    named = {name: spot.place for name, spot in one.pointed.spots.items() if spot and spot.place}
    pointed = replace(one.pointed, spots=dict.fromkeys(one.pointed.spots, Spot()))
    return replace(one, pointed=pointed, places={n: Place(*named.get(n, (0.5, 0.5)), 0.7) for n in pointed.spots})


def test_whom_an_answer_means_its_boxes_say(world, tmp_path):
    """The truth in another order is the truth; who is meant by nobody is missed with all joints."""
    told, _ = everyone(world, tmp_path / "turned", lambda people: reversed(people))
    shares = [told[f"{name}_{end}"] for name in ("not_visible", "hidden") for end in ("precision", "recall")]
    assert shares.count(1) + shares.count(None) == 4 and 1 in shares and told["parsed"] == 1
    fewer, people = everyone(world, tmp_path / "fewer", lambda people: people[:1])
    assert fewer["hidden_precision"] in (1, None) and 0 < fewer["hidden_recall"] < 1
    asked = Seer(world, EVERYONE, tmp_path / "crops").asked.people
    missed = [one for one in people if one["keypoints"] is None]
    assert len(people) == len(asked) and people[: len(missed)] == missed and missed[0]["similarity"] == 0
    assert len(list((tmp_path / "fewer" / "located" / "seer").glob("*.jpg"))) == min(24, len(people))
    far = ((0.9, 0.9), (0.95, 0.95))
    other, _ = everyone(
        world, tmp_path / "far", lambda people: (replace(p, pointed=replace(p.pointed, corners=far)) for p in people)
    )
    assert other["AP"]["value"] == pytest.approx(1, abs=0.03) and other["hidden_recall"] in (0, None)


def test_forced_places_are_scored_and_unread_joints_counted(world, tmp_path):
    told, _ = everyone(world, tmp_path / "a", lambda people: map(unplaced, people))
    assert told["AP"]["value"] == pytest.approx(1, abs=0.03), "forced places are what COCO scores"
    assert told["not_visible_recall"] in (1, None) and told["parsed"] == 1

    def unread(people):
        for one in map(unplaced, people):
            yield replace(one, pointed=replace(one.pointed, spots=dict.fromkeys(one.pointed.spots)))

    told, _ = everyone(world, tmp_path / "b", unread)
    assert told["AP"]["value"] == pytest.approx(1, abs=0.03) and told["parsed"] == 0


def test_a_match_that_does_not_count_takes_nobodys_place():
    worth = np.array([[0.9, 0.5], [0.45, 0.0]])
    assert assigned(worth, least=0.5) == {0: 0} and assigned(worth) == {0: 1, 1: 0}
    assert assigned(np.zeros((2, 3))) == {} == assigned(np.zeros((0, 3)))


def test_the_further_off_the_less_and_the_worst_first(world, tmp_path):
    config, found = LocateConfig(size=32), []
    for blur in (0.0, 0.02, 0.05, 0.2):
        name = f"off{int(blur * 100)}"
        locate(arm(world, tmp_path, config, Seer(world, config, tmp_path / "c", blur=blur), name))
        told = read_json(tmp_path / "located" / f"{name}.json", what="scores")["rows"]["true"]
        joints = told["similarity"]["joint"]
        found.append((told["AP"]["value"], sum(joints.values()) / len(joints)))
    assert found == sorted(found, reverse=True) and found[0][0] > 0.97 and found[-1][0] < 0.05
    people = read_json(tmp_path / "located" / "off5.people.json", what="people")
    assert [one["similarity"] for one in people] == sorted(one["similarity"] for one in people)
    drawn = sorted(path.name for path in (tmp_path / "located" / "off5").glob("*.jpg"))
    assert drawn == [f"{number:02}.jpg" for number in range(min(24, len(people)))]


def test_killed_and_gone_on_with_the_files_are_the_same(world, tmp_path):
    config, whole, killed = LocateConfig(size=32), tmp_path / "whole", tmp_path / "killed"
    locate(arm(world, whole, config, Seer(world, config, tmp_path / "c")))
    with pytest.raises(KeyboardInterrupt):
        locate(arm(world, killed, config, Seer(world, config, tmp_path / "c", die=40)))
    again = Seer(world, config, tmp_path / "c")
    locate(arm(world, killed, config, again))
    rows = (whole / "located" / "seer.jsonl").read_bytes()
    # The pictures' folder is in the fingerprint and not in the rows.
    assert (killed / "located" / "seer.jsonl").read_bytes() == rows
    assert again.num == len(rows.splitlines()) - 34, "whole people stay"
    before = again.num
    locate(arm(world, killed, config, again))
    assert again.num == before, "nothing has changed"
    # The same questions in another coding are other answers.
    coded = replace(config, coding="bins")
    locate(arm(world, killed, coded, Seer(world, coded, tmp_path / "c")))
    assert read_json(killed / "located" / "seer.json", what="scores")["coding"] == "bins"
    assert json.loads((killed / "located" / "seer.jsonl").read_text().splitlines()[0])["coding"] == "bins"
    other = replace(config, margin=1.2)
    locate(arm(world, killed, other, Seer(world, other, tmp_path / "c")))
    assert (killed / "located" / "seer.jsonl").read_bytes() != rows


def test_the_table_and_the_page(world, tmp_path, capsys, plain_plots):
    config = LocateConfig(size=32)
    for name, blur in (("near", 0.01), ("far", 0.3)):
        locate(arm(world, tmp_path, config, Seer(world, config, tmp_path / "c", blur=blur), name))
    summarise(tmp_path)
    say_tables(tmp_path)
    said = capsys.readouterr().out
    assert "Where joints are" in said and "LocLLM" in said and "77.8" in said and "Ablation" not in said
    rows = read_table(tmp_path, "located.csv")
    assert [(row["arm"], row["shown"]) for row in rows] == [
        ("far", "true"), ("far", "shuffled"), ("near", "true"), ("near", "shuffled"), ("mean_pose", "mean_pose"),
    ]  # fmt: skip
    people = people_asked(world, config, tmp_path / "c").people
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert html.count("data:image/jpeg") == 2 * len(people) and "worst first" in html and 'href="#located"' in html


def test_several_seeds_are_averaged_with_students_interval(world, tmp_path):
    config, folders = LocateConfig(size=32), []
    for seed, blur in enumerate((0.01, 0.02, 0.03)):
        folders.append(tmp_path / str(seed))
        locate(arm(world, folders[-1], config, Seer(world, config, tmp_path / "c", blur=blur), "a"))
    summarise(tmp_path, ["a"], folders={"a": folders})
    values = [json.loads((f / "located" / "a.json").read_text())["rows"]["true"]["AP"]["value"] for f in folders]
    row = read_table(tmp_path, "located.csv")[0]
    mean = sum(values) / 3
    deviation = (sum((value - mean) ** 2 for value in values) / 2) ** 0.5
    assert row["ap"] == pytest.approx(mean, abs=1e-4) and row["num_runs"] == 3
    assert mean - row["ap_low"] == pytest.approx(4.3027 * deviation / 3**0.5, abs=1e-3)


def test_who_cannot_be_asked_says_so(world, tmp_path):
    class Mute:
        controls, batch_size = (), 1

    with pytest.raises(ConfigError, match=r"^locate: seer is answered by Mute, which is not asked for joints; use "):
        locate(arm(world, tmp_path, LocateConfig(size=32), Mute()))
    locate(arm(world, tmp_path, LocateConfig(num_people=0), Mute()))
    assert not (tmp_path / "located").exists()


def test_whole_pictures_until_there_are_as_many(world, tmp_path):
    some = people_asked(world, LocateConfig(size=32, num_people=3), tmp_path)
    every = people_asked(world, LocateConfig(size=32), tmp_path)
    assert 3 <= len(some.people) < len(every.people) and some.people == every.people[: len(some.people)]
    last = some.people[-1].scene.id
    assert sum(one.scene.id == last for one in every.people) == sum(one.scene.id == last for one in some.people)


def test_a_coding_that_it_was_not_taught(world, tmp_path, caplog):
    config = LocateConfig(size=32, coding="tokens")  # type: ignore[arg-type]
    untaught = Seer(world, config, tmp_path / "c", blur=1)
    with pytest.raises(ConfigError, match=r"^locate: seer cannot write <loc000>: it was not taught"):
        locate(arm(world, tmp_path, config, untaught))
    with caplog.at_level("INFO"):
        locate(arm(world, tmp_path, config, untaught, "baseline"))
    assert "it is not asked" in caplog.text and not (tmp_path / "located").exists()


def test_it_is_asked_as_it_was_taught(world, tmp_path):
    config = LocateConfig(size=32)
    seer = Seer(world, config, tmp_path / "c")
    seer.was_taught = {"coding": "bins", "view": "crop", "size": 48}
    with pytest.raises(ConfigError, match=r"^locate: seer was taught locate\.coding=bins; ask it as it was"):
        locate(arm(world, tmp_path, config, seer))
    locate(arm(world, tmp_path, config, seer, "baseline"))
    assert not (tmp_path / "located").exists(), "a base that was taught otherwise is left out of a grid"
    seer.was_taught = {"coding": "decimal", "view": "crop", "asking": "each", "size": 48}
    locate(arm(world, tmp_path, config, seer))
