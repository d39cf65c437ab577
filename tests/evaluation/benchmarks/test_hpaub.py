"""Benchmarks are built by one seeded command from COCO's files, frozen, and asked as they were built."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.config.choices import Context, Quality
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.evaluating import BenchmarkConfig
from llavapose.config.schema import GenerateConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.benchmarks.building.build import asked_of, build, order_of_lot
from llavapose.evaluation.benchmarks.building.candidates import Candidate
from llavapose.evaluation.benchmarks.building.write import build_benchmark_file
from llavapose.evaluation.benchmarks.frozen import read_frozen
from llavapose.evaluation.benchmarks.hpaub import HpaubBenchmark
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.benchmarks.questions.check import fault_of
from llavapose.evaluation.judges.pose.judge import is_judgeable
from llavapose.files import sha256
from llavapose.llm.ledger.ledger import Ledger
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask_open, state
from llavapose.scenes.open import open_scenes
from llavapose.teacher.make import StoppedEarly
from llavapose.teacher.order import Slot
from tests.drawn_by_hand import offline
from tests.evaluation.benchmarks.coco_files import lay_out, scenes_of
from tests.evaluation.benchmarks.marked_questions import SURFER
from tests.llm.chat_server import MODEL, ChatServer, completion, text_of
from tests.llm.chat_server import Answer as Served

TARGET = "llavapose.evaluation.benchmarks.hpaub.HpaubBenchmark"
NUM = 6


@pytest.fixture(scope="module")
def coco(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    return lay_out(folder / "coco", folder / "world")


def settings(
    folder: Path, *, name: str = "hpaub", num: int = NUM, seed: int = 0, clean: bool = False
) -> BenchmarkConfig:
    also_in = Path("annotations/person_keypoints_val2017.json") if clean else None
    path = folder / f"{name}.jsonl"
    return BenchmarkConfig(_target_=TARGET, num_images=num, seed=seed, path=path, also_in=also_in)


def run(coco: Path, tmp_path: Path, teacher: TeacherConfig | None = None, **changes) -> GenerateConfig:
    return GenerateConfig(scenes=scenes_of(coco), teacher=teacher or offline(), data_dir=tmp_path / "data", **changes)


def built(config: BenchmarkConfig, coco: Path, tmp_path: Path) -> Path:
    build_benchmark_file(config, run(coco, tmp_path))
    assert config.path is not None
    return config.path


@pytest.fixture(scope="module")
def frozen(coco, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    return built(settings(folder), coco, folder)


def test_a_question_of_each_kind_about_each_picture_each_of_which_can_be_asked(frozen):
    found = read_frozen(frozen)
    assert len(found.scenes) == NUM and len(found.questions) == 3 * NUM
    scenes = {scene.id: scene for scene in found.scenes}
    for number, one in enumerate(found.written):
        scene = scenes[one.question.scene_id]
        assert one.question.kind == ("conv", "detail", "complex")[number % 3]
        facts = scene_facts(scene)
        assert fault_of(one.question.text, one.answer, one.question.kind, scene, facts) is None
        assert one.question.image == f"COCO_val2014_{scene.id:012}.jpg"
        if one.question.asked:
            assert is_judgeable(one.question, facts)
        assert one.provenance["teacher"] == "offline" and one.provenance["prompt"]
    assert sum(one.question.asked is not None for one in found.written) >= NUM - 1


def test_the_file_says_what_it_was_made_of_and_holds_no_pixel(frozen, coco):
    card = read_frozen(frozen).card
    assert card["benchmark"] == "hpaub" and card["num_questions"] == 3 * NUM and card["scenes"] == "coco2014"
    assert card["hash"] == questions_hash(read_frozen(frozen).questions)
    files = {f"annotations/{kind}_val2014.json" for kind in ("person_keypoints", "instances", "captions")}
    assert card["files"] == {name: sha256(coco / name) for name in files}
    row = json.loads(frozen.read_text().splitlines()[1])
    assert row["captions"] and len(row["people"][0]["keypoints"]) == 17 and row["questions"][0]["provenance"]
    assert {path.name for path in frozen.parent.rglob("*") if path.is_file()} == {"hpaub.jsonl"}


def test_what_was_replaced_is_kept_with_its_reason(frozen):
    rows = [json.loads(line) for line in (frozen.parent / "replaced" / frozen.name).read_text().splitlines()]
    assert len(rows) == read_frozen(frozen).card["num_replaced"] > 0
    assert {row["replaced_by"] for row in rows} <= {"the next question", "the next picture"}
    assert all(row["reason"] and row["question"] for row in rows if row["replaced_by"] == "the next question")
    asked = {(one.question.scene_id, one.question.text) for one in read_frozen(frozen).written}
    assert not asked & {(row["scene_id"], row.get("question")) for row in rows}


def test_the_same_seed_builds_the_same_bytes_and_another_seed_other_pictures(frozen, coco, tmp_path):
    again = built(settings(tmp_path), coco, tmp_path)
    assert again.read_bytes() == frozen.read_bytes()
    other = built(settings(tmp_path, name="other", seed=1), coco, tmp_path)
    assert {s.id for s in read_frozen(other).scenes} != {s.id for s in read_frozen(frozen).scenes}


def test_more_pictures_leave_the_order_of_the_others():
    few, more = order_of_lot(range(10), 0), order_of_lot(range(30), 0)
    assert [one for one in more if one < 10] == list(few) and few != tuple(range(10))


def test_what_is_there_is_kept_and_never_written_over(frozen, coco, tmp_path, capsys):
    copy = tmp_path / "hpaub.jsonl"
    shutil.copy(frozen, copy)
    built(settings(tmp_path), coco, tmp_path)
    assert "built before, settings unchanged" in capsys.readouterr().out
    with pytest.raises(ConfigError, match=r"built by other settings \(seed 0 there, 1 here\); give another"):
        built(settings(tmp_path, seed=1), coco, tmp_path)
    assert copy.read_bytes() == frozen.read_bytes()


def test_pictures_without_a_caption_or_enough_joints_are_not_asked_about(coco, tmp_path, capsys):
    root = tmp_path / "coco"
    shutil.copytree(coco, root)
    scenes = open_scenes(scenes_of(root), "val", pictures=False).scenes
    bare, hidden = {one.id for one in scenes[::4]}, {one.id for one in scenes[1::4]}
    for kind, change in (("captions", bare), ("person_keypoints", hidden)):
        path = root / "annotations" / f"{kind}_val2014.json"
        content = json.loads(path.read_text())
        if kind == "captions":
            content["annotations"] = [one for one in content["annotations"] if one["image_id"] not in change]
        for one in content["annotations"]:
            if kind != "captions" and one["image_id"] in change:
                one["keypoints"], one["num_keypoints"] = one["keypoints"][:12] + [0] * 39, 4
        path.write_text(json.dumps(content))
    config = settings(tmp_path, num=4)
    build_benchmark_file(config, replace(run(root, tmp_path), scenes=scenes_of(root, min_labelled_joints=5)))
    found = read_frozen(tmp_path / "hpaub.jsonl")
    assert not {scene.id for scene in found.scenes} & (bare | hidden)
    assert found.card["num_qualifying"] == len(scenes) - len(bare | hidden)
    assert f"{len(bare)} scenes left out: no caption" in capsys.readouterr().out


def test_a_clean_benchmark_has_only_pictures_of_both_years(coco, tmp_path):
    path = built(settings(tmp_path, name="e_hpaub_clean", clean=True), coco, tmp_path)
    found = read_frozen(path)
    assert len(found.scenes) == NUM and all(scene.id % 2 for scene in found.scenes)
    assert "annotations/person_keypoints_val2017.json" in found.card["files"]
    also_in = Path("annotations/person_keypoints_val2017.json")
    # The same pictures under 2017's names: asked there, too, and by the same hash.
    old = HpaubBenchmark(path, scenes_of(coco), NUM, also_in=also_in)
    new = HpaubBenchmark(path, scenes_of(coco, 2017), NUM, also_in=also_in)
    assert [one.image for one in new.questions] == [one.image.removeprefix("COCO_val2014_") for one in old.questions]
    assert questions_hash(old.questions) == questions_hash(new.questions) == found.card["hash"]
    for benchmark in (old, new):
        assert all((benchmark.scenes.images / one.image).is_file() for one in benchmark.questions)


def test_the_judged_annotations_are_those_of_the_file(frozen, coco, tmp_path):
    """Annotations on the disk that have been changed since change no verdict."""
    changed = shutil.copytree(coco, tmp_path / "coco")
    path = changed / "annotations" / "captions_val2014.json"
    content = json.loads(path.read_text())
    for one in content["annotations"]:
        one["caption"] = "Nobody is here."
    path.write_text(json.dumps(content))
    benchmark = HpaubBenchmark(frozen, scenes_of(changed), NUM)
    truth = {scene.id: scene for scene in read_frozen(frozen).scenes}
    shown = {scene.id: scene for scene in benchmark.scenes.scenes}
    assert len(shown) > NUM, "the probe asks about all that is held out"
    assert all(shown[number].captions == scene.captions for number, scene in truth.items())
    assert all("Nobody is here." in scene.captions for number, scene in shown.items() if number not in truth)
    assert benchmark.scenes.images == changed / "val2014"


def test_a_missing_picture_says_where_to_get_it_and_where_it_goes(frozen, coco, tmp_path):
    emptied = shutil.copytree(coco, tmp_path / "coco")
    gone = emptied / "val2014" / read_frozen(frozen).scenes[0].image
    gone.unlink()
    benchmark = HpaubBenchmark(frozen, scenes_of(emptied), NUM)
    said = rf"1 of its {NUM} pictures are not in .*val2014: {gone.name}; download http.*val2014.zip and unpack below "
    with pytest.raises(DataError, match=said):
        _ = benchmark.scenes


def test_the_wrong_years_pictures_are_refused_with_the_right_ones_named(frozen, coco):
    benchmark = HpaubBenchmark(frozen, scenes_of(coco, 2017), NUM)
    with pytest.raises(DataError, match=r"not among the held-out ones of scenes=coco2017.*choose scenes=coco2014"):
        _ = benchmark.questions


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_images": 7}, "num_images is 7; .* was built with 6"),
        ({"seed": 1}, "seed is 1; .* was built with 0"),
        ({"also_in": Path("x.json")}, "also_in is x.json; .* was built with None"),
    ],
)
def test_settings_that_the_file_was_not_built_by_are_refused(frozen, coco, change, said):
    with pytest.raises(ConfigError, match=said):
        HpaubBenchmark(**{"path": frozen, "scenes": scenes_of(coco), "num_images": NUM, **change})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"text": "', '"text": "Well, ', "was changed since it was built: its hash is"),
        ('"captions": ["', '"captions": ["Once ', "was changed since it was built: its truth is"),
        ('"version": 1', '"version": 9', "has version 9"),
        ('"benchmark": "hpaub"', '"benchmark": 1', "has no card in its first line"),
        ('"people": [', '"people": [7, ', "is no picture of a benchmark"),
    ],
)
def test_a_file_that_was_changed_is_refused(frozen, tmp_path, old, new, said):
    path = tmp_path / "hpaub.jsonl"
    text = frozen.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=said):
        read_frozen(path)


def test_too_few_pictures_are_said(coco, tmp_path):
    with pytest.raises(ConfigError, match=r"of \d+ pictures that qualify can be asked about; expected 500"):
        built(settings(tmp_path, num=500), coco, tmp_path)
    assert not (tmp_path / "hpaub.jsonl").exists()


def test_a_teacher_of_other_keypoints_and_what_is_not_built_are_refused(coco, tmp_path):
    with pytest.raises(ConfigError, match="other_keypoints are not the picture's"):
        teacher = offline(Context.other_keypoints.value)
        build_benchmark_file(settings(tmp_path), run(coco, tmp_path, teacher))
    world = BenchmarkConfig(_target_="llavapose.evaluation.benchmarks.world.WorldBenchmark", num_images=3)
    with pytest.raises(ConfigError, match="nothing to build; expected hpaub"):
        build_benchmark_file(world, run(coco, tmp_path))


GOOD = {
    "conv": ("What is the man doing?", "The man is riding a wave."),
    "detail": ("Narrate the actions and poses of people in the image with precision.", "The man is riding a wave."),
    "complex": ("How does the surfer keep his balance?", "His knees are bent."),
}


class Scripted:
    """Offers what it is told, and remembers what it was asked."""

    def __init__(self, bad: dict[tuple[int, str, int], list[tuple[str, str]]]) -> None:
        self.bad, self.asked = bad, []

    def offered(self, slots):
        self.asked += slots
        return {slot: self._of(slot) for slot in slots}

    def _of(self, slot: Slot) -> tuple[Candidate, ...]:
        pairs = self.bad.get((slot.scene_id, slot.kind, slot.turn), [GOOD[slot.kind]])
        return tuple(Candidate(question=q, answer=a) for q, a in pairs)


def surfers(num: int):
    return [replace(SURFER, id=number, image=f"{number}.png") for number in range(num)]


COLOUR, KNEES = ("What color is the surfboard?", "White."), ("Does he have bent knees?", "Yes, both knees are bent.")


def test_a_refused_question_is_replaced_by_the_next_then_by_another_asking():
    first = order_of_lot(range(3), 0)[0]
    teacher = Scripted({(first, "conv", 0): [COLOUR, KNEES], (first, "conv", 1): [COLOUR, GOOD["conv"]]})
    found = build(surfers(3), teacher, num_images=2, seed=0)
    assert len(found.scenes) == 2 and first in {scene.id for scene in found.scenes}
    assert [(row["scene_id"], row["reason"], row["replaced_by"]) for row in found.replaced] == [
        (first, "not about pose or action", "the next question"),
        (first, "gives its answer away: yes or no would do", "the next question"),
        (first, "not about pose or action", "the next question"),
    ]
    assert [slot for slot in teacher.asked if slot.turn] == [Slot(kind="conv", scene_id=first, turn=1)]


def test_a_picture_without_a_question_gives_its_place_to_the_next():
    first, second, third = order_of_lot(range(3), 0)
    teacher = Scripted({(first, "complex", turn): [] for turn in range(3)})
    found = build(surfers(3), teacher, num_images=2, seed=0)
    assert {scene.id for scene in found.scenes} == {second, third} and len(found.written) == 6
    assert [(row["scene_id"], row["kind"], row["replaced_by"]) for row in found.replaced] == [
        (first, "complex", "the next picture")
    ]
    with pytest.raises(ConfigError, match="2 of 3 pictures that qualify can be asked about; expected 3"):
        build(surfers(3), Scripted(teacher.bad), num_images=3, seed=0)


def test_of_two_good_questions_one_for_a_single_fact_is_taken():
    facts = scene_facts(SURFER)
    known = next(one for one in facts if one.sure and one.kind == "facing")
    fact = (ask_open(known, SURFER, 1), state(known, SURFER))
    teacher = Scripted({(5, "conv", 0): [GOOD["conv"], fact]})
    found = build([SURFER], teacher, num_images=1, seed=0)
    assert found.written[0].question.text == fact[0] and found.written[0].question.asked == asked_of(
        fact[0], SURFER, facts
    )
    assert found.written[0].question.asked is not None and asked_of("What?", SURFER, facts) is None


def reply_to(asked) -> str:
    """A model's reply: one bad and one good conversation pair, a description, or a question with its answer."""
    system, *others = asked.body["messages"]
    system, told = system["content"], [text_of(one["content"]) for one in others]
    caption = next((text for one, text in zip(others, told, strict=True) if one["role"] == "assistant"), told[0])
    caption = caption.splitlines()[0]
    if "Design a conversation" in system:
        pairs = [COLOUR, ("What are the people in the image doing?", caption)]
        return "\n===\n".join(f"Question: {q}\n===\nAnswer: {a}" for q, a in pairs)
    if "plausible question" in system:
        return f"Question: What might happen next?\n===\nAnswer: {caption} So it goes on."
    return caption


def test_an_endpoint_asks_through_the_door_with_plan_cap_ledger_and_goes_on(coco, tmp_path, capsys):
    config, teacher = settings(tmp_path, num=3), None
    with ChatServer() as server:
        server.behave = lambda asked: Served(body=completion(reply_to(asked)))
        endpoint = EndpointConfig(
            base_url=server.url, model="m", max_tokens=50, max_tries=2, price_in=1.0, price_out=1.0, name="lab"
        )
        teacher = TeacherConfig(name="lab", endpoint=endpoint, quality=Quality.report, max_asks=1)
        data = tmp_path / "data"
        build_benchmark_file(config, run(coco, tmp_path, teacher, dry_run=True))
        planned = capsys.readouterr().out
        assert "3 pictures, model m, live" in planned and "conv                15            3            0" in planned
        assert server.asked.total() == 0 and not config.path.exists() and not data.exists()
        with pytest.raises(StoppedEarly, match=r"same command with a higher max_usd goes on and asks nothing twice"):
            build_benchmark_file(config, run(coco, tmp_path, teacher, max_usd=0.005))
        asked_before = server.asked.total()
        assert 0 < asked_before < 9 and not config.path.exists()
        capsys.readouterr()
        build_benchmark_file(config, run(coco, tmp_path, teacher, dry_run=True))
        assert f"all                 21            9 {asked_before:>12}" in capsys.readouterr().out
        build_benchmark_file(config, run(coco, tmp_path, teacher, max_usd=1))
    found = read_frozen(config.path)
    assert len(found.written) == 9 and all(one.provenance["model"] == MODEL for one in found.written)
    assert all(one.provenance["request"] and one.provenance["prompt_sha256"] for one in found.written)
    assert found.card["teacher"]["endpoint"]["model"] == "m" and (data / "ledgers" / "hpaub-lab.sqlite").is_file()
    with Ledger(data / "ledgers" / "hpaub-lab.sqlite") as ledger:
        assert ledger.num_replies() == server.asked.total(), "nothing is paid twice"
    rows = [json.loads(line) for line in (tmp_path / "replaced" / "hpaub.jsonl").read_text().splitlines()]
    assert sum(row["reason"] == "not about pose or action" for row in rows) >= 3


def test_a_build_says_which_chosen_pictures_are_not_there(tmp_path, capsys):
    coco = lay_out(tmp_path / "coco", tmp_path / "world")
    path = built(settings(tmp_path), coco, tmp_path)
    assert "are not in" not in capsys.readouterr().out
    lost = read_frozen(path).scenes[0].image
    (coco / "val2014" / lost).unlink()
    built(settings(tmp_path, name="again"), coco, tmp_path)
    said = capsys.readouterr().out
    assert f"1 of its {NUM} pictures are not in {coco}/val2014: {lost}; download http://images.cocodataset.org/" in said
    assert f"unpack below {coco}" in said


def test_a_build_where_no_picture_qualifies_says_why(coco, tmp_path):
    scenes = scenes_of(coco)
    scenes = replace(scenes, val=replace(scenes.val, captions=Path("annotations/none.json")))
    with pytest.raises(
        ConfigError, match=r"none of 24 pictures qualifies \(no captions file .*none.json.*: no caption\)"
    ):
        build_benchmark_file(settings(tmp_path), replace(run(coco, tmp_path), scenes=scenes))
