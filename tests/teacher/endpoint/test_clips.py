"""Clips by an endpoint: what is sent of their frames, what becomes of the replies, what it costs."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.config.choices import Context, Quality
from llavapose.config.teaching import EndpointConfig, TeacherConfig
from llavapose.errors import ConfigError
from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.scripted import Scripted
from llavapose.pose.facts.scene import scene_facts
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.endpoint.plan import plan_of
from llavapose.teacher.endpoint.write import assignment_of, write_by_endpoint
from llavapose.teacher.offline.motion.teacher import MotionTeacher
from llavapose.teacher.offline.teacher import Request
from tests.teacher.offline.motion.clips import raising

ENDPOINT = EndpointConfig(base_url="http://localhost:9/v1", model="scripted", price_in=2.5, price_out=10.0)
TEACHER = TeacherConfig(name="scripted", endpoint=ENDPOINT, num_samples=24, motion_share=1.0)


@pytest.fixture
def clips(tmp_path: Path) -> SceneSet:
    scenes = tuple(replace(raising(number), captions=(f"Clip number {number} of a woman.",)) for number in range(1, 9))
    for scene in scenes:
        for frame in scene.frames:
            (tmp_path / frame.image).parent.mkdir(exist_ok=True)
            Image.new("RGB", (30, 30), (90, 120, 150)).save(tmp_path / frame.image)
    return SceneSet(scenes=scenes, images=tmp_path)


def asked_with(clips: SceneSet, teacher: TeacherConfig, tmp_path: Path, says: str = "") -> tuple[list, list]:
    """The samples, and the requests; the teacher answers with what the offline one knows, or always with ``says``."""
    asked: list[ChatRequest] = []

    def answer(request: ChatRequest) -> Completion:
        asked.append(request)
        said = "\n".join(message.text for message in request.messages)
        scene = next(one for one in clips.scenes if one.captions[0] in said)
        kind = request.tag.partition(":")[0]
        wanted = Request(scene=scene, facts=scene_facts(scene), kind=kind, num=3 if kind == "conv" else 1, seed=1)
        told = MotionTeacher().write(wanted)
        text = "\n\n".join(f"Question: {turns[0].text}\nAnswer: {says or turns[1].text}" for turns in told)
        if kind == "detail":
            text = says or told[0][1].text
        return Completion(text=text, model="scripted-2026", num_prompt_tokens=10, num_completion_tokens=10)

    assert teacher.endpoint is not None
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        door = Door(
            endpoint=teacher.endpoint, owner="teacher.endpoint", ledger=ledger, progress=False,
            model=lambda: Scripted(answer),
        )  # fmt: skip
        summary = write_by_endpoint(assignment_of(clips, teacher), door, tmp_path / "out")
    found = list(read_samples(Path(summary.path), clips.images)) if summary.path != "none yet" else []
    return found, asked


def test_samples_show_all_frames(clips: SceneSet, tmp_path: Path) -> None:
    samples, asked = asked_with(clips, TEACHER, tmp_path)
    assert len(samples) == 24
    for sample in samples:
        assert len(sample.images) == len(sample.times_s) == 16
        assert sample.provenance["about"] == "motion"
        assert sample.provenance["prompt"] == "motion 1"
        assert sample.provenance["contradicted"] == 0
    assert sum(sample.provenance["supported"] for sample in samples) >= 20
    for request in asked:
        said = "\n".join(message.text for message in request.messages)
        assert "given as frames in the order of time" in said
        assert said.count("keypoints: [") == 8, "eight of sixteen frames"
        assert [line for line in said.splitlines() if line.endswith(" s:")][::7] == ["0.0 s:", "3.0 s:"]


def test_the_other_samples_are_about_the_middle(clips: SceneSet, tmp_path: Path) -> None:
    samples, asked = asked_with(clips, replace(TEACHER, motion_share=0.5, quality=Quality.report), tmp_path)
    about = Counter(sample.provenance["about"] for sample in samples)
    assert about["motion"] and about["still"]
    for sample in samples:
        still = sample.provenance["about"] == "still"
        assert len(sample.images) == 16
        assert still == all("the middle of the clip" in turn.text for turn in sample.turns[::2]), sample.turns
    assert any("an AI visual assistant, and you are seeing a single image" in one.messages[0].text for one in asked)


def test_a_false_motion_is_found(clips: SceneSet, tmp_path: Path) -> None:
    says = "The person lowers the left hand past the shoulder."
    samples, _ = asked_with(clips, replace(TEACHER, quality=Quality.report), tmp_path, says)
    assert samples and all(sample.provenance["contradicted"] for sample in samples)
    assert not any(sample.provenance["supported"] for sample in samples)


def test_longer_contexts_cost_more(clips: SceneSet) -> None:
    few, many = (
        sum(row.tokens_in for row in plan_of(assignment_of(clips, replace(TEACHER, frames=num)), None).rows)
        for num in (2, 16)
    )
    assert few < many < 8 * few


def test_wording_hangs_on_the_frames(clips: SceneSet) -> None:
    one, two = (assignment_of(clips, replace(TEACHER, frames=num)) for num in (4, 8))
    assert one.tags["conv"] != two.tags["conv"]


@pytest.mark.parametrize("context", ["captions", "boxes", "other_keypoints"])
def test_other_contexts(clips: SceneSet, context: str) -> None:
    teacher = replace(TEACHER, context=dict.fromkeys(("conv", "detail", "complex"), Context(context)))
    assignment = assignment_of(clips, teacher)
    slot_scene = next(iter(assignment.orders["detail"]))
    from llavapose.teacher.order import Slot

    said = "\n".join(
        message.text for message in assignment.request(Slot(kind="detail", scene_id=slot_scene, turn=0)).messages
    )
    assert said.count("keypoints: [") == (8 if context == "other_keypoints" else 0)
    assert said.count("person: [") == (0 if context == "captions" else 8)


def test_pictures_have_no_frames_to_send(clips: SceneSet) -> None:
    pictures = replace(clips, scenes=tuple(replace(scene, frames=(), video="") for scene in clips.scenes))
    with pytest.raises(ConfigError, match=r"teacher\.frames=4 is read by nothing: these scenes are pictures"):
        assignment_of(pictures, replace(TEACHER, motion_share=0.75, frames=4))
