"""A whole assignment against a scripted teacher: nothing asked twice, faults named and mended, counts that add up."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.config.choices import Context, Quality
from llavapose.config.teaching import EndpointConfig, TeacherConfig
from llavapose.errors import ConfigError
from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.counts import State
from llavapose.llm.failures import RequestFailed, StopAsking
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.pictures import Picture
from llavapose.llm.scripted import Scripted
from llavapose.llm.tokens import num_picture_tokens, num_prompt_tokens
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import flipped, state
from llavapose.pose.people import references
from llavapose.records import Scene
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.checks.audit import audit
from llavapose.teacher.context import context_text, with_keypoints_of
from llavapose.teacher.endpoint.plan import plan_of
from llavapose.teacher.endpoint.rounds import Assignment
from llavapose.teacher.endpoint.write import EndpointSummary, assignment_of, write_by_endpoint
from llavapose.teacher.offline.teacher import OfflineTeacher, Request
from llavapose.teacher.order import slots_between
from tests.drawn_by_hand import standing

ENDPOINT = EndpointConfig(base_url="http://localhost:9/v1", model="scripted", price_in=2.5, price_out=10.0)
TEACHER = TeacherConfig(name="scripted", endpoint=ENDPOINT, num_samples=40)
Reply = Callable[[str, Scene, ChatRequest], str | None]


def truth(kind: str, scene: Scene, request: ChatRequest) -> str:
    """What the offline teacher would say, in the form of an endpoint's reply."""
    wanted = Request(scene=scene, facts=scene_facts(scene), kind=kind, num=5 if kind == "conv" else 1, seed=1)
    told = OfflineTeacher().write(wanted)
    if kind == "detail":
        return told[0][1].text
    return "\n\n".join(f"Question: {turns[0].text}\nAnswer: {turns[1].text}" for turns in told)


class Desk:
    """Answers from a script behind a real door, and remembers what it answered."""

    def __init__(self, scenes: SceneSet, reply: Reply = truth, most: int | None = None) -> None:
        self.scenes, self.reply, self.most = scenes, reply, most
        self.asked: list[ChatRequest] = []

    def answer(self, request: ChatRequest) -> Completion | Exception:
        if self.most is not None and len(self.asked) >= self.most:
            return StopAsking("no money left at the endpoint", reason="quota")
        self.asked.append(request)
        text = self.reply(request.tag.partition(":")[0], self._scene(request), request)
        if text is None:
            return RequestFailed("refused for its content", reason="content policy")
        num = num_prompt_tokens(request.messages)
        return Completion(text=text, model="scripted-2026", num_prompt_tokens=num, num_completion_tokens=1000)

    def _scene(self, request: ChatRequest) -> Scene:
        """The scene whose captions and boxes the messages show: each of the test's scenes has its own."""
        said = "\n".join(message.text for message in request.messages)
        return max(self.scenes.scenes, key=lambda scene: said.count(f"Picture number {scene.id}."))


def door_of(ledger: Ledger, teacher: TeacherConfig, desk: Desk) -> Door:
    assert teacher.endpoint is not None
    model = lambda: Scripted(desk.answer)  # noqa: E731
    return Door(endpoint=teacher.endpoint, owner="teacher.endpoint", ledger=ledger, progress=False, model=model)


@pytest.fixture
def told(scene_set: SceneSet) -> SceneSet:
    scenes = tuple(replace(s, captions=(f"Picture number {s.id}.", *s.captions)) for s in scene_set.scenes)
    return replace(scene_set, scenes=scenes)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def run(
    told: SceneSet,
    ledger: Ledger,
    out: Path,
    teacher: TeacherConfig = TEACHER,
    reply: Reply = truth,
    most: int | None = None,
) -> tuple[EndpointSummary, Desk]:
    desk = Desk(told, reply, most)
    return write_by_endpoint(assignment_of(told, teacher), door_of(ledger, teacher, desk), out), desk


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def num_requests(summary: EndpointSummary) -> int:
    return sum(number for ends in summary.requests.values() for number in ends.values())


def test_the_samples_are_as_many_as_asked_for_and_know_where_they_come_from(told, ledger, tmp_path):
    summary, desk = run(told, ledger, tmp_path / "out")
    assert summary.counts == summary.wanted == {"conv": 23, "detail": 9, "complex": 8}
    samples = read_samples(tmp_path / "out" / "samples.jsonl", told.images)
    assert len(samples) == 40 and len({sample.id for sample in samples}) == 40
    images = [sample.image for sample in samples]
    assert len([i for i, image in enumerate(images) if i == 0 or images[i - 1] != image]) == len(set(images))
    one = samples[0].provenance
    assert one["model"] == "scripted-2026" and one["context"] == "keypoints" and len(one["prompt_sha256"]) == 64
    assert summary.after.supported > 20 and summary.after.contradicted == 0
    assert num_requests(summary) == len(desk.asked) == ledger.num_replies()
    prompts = sum(num_prompt_tokens(request.messages) for request in desk.asked)
    assert summary.usd == pytest.approx(0.01 * len(desk.asked) + prompts * 2.5e-6)


def test_a_second_run_asks_nothing_and_writes_the_same(told, ledger, tmp_path):
    first, _ = run(told, ledger, tmp_path / "a")
    again, desk = run(told, ledger, tmp_path / "b")
    assert not desk.asked
    assert (tmp_path / "a" / "samples.jsonl").read_bytes() == (tmp_path / "b" / "samples.jsonl").read_bytes()
    assert again.requests == first.requests


def test_more_samples_pay_only_what_is_new(told, ledger, tmp_path):
    run(told, ledger, tmp_path / "a")
    had = ledger.num_replies()
    summary, desk = run(told, ledger, tmp_path / "b", replace(TEACHER, num_samples=60))
    assert sum(summary.counts.values()) == 60
    assert ledger.num_replies() == had + len(desk.asked)
    assert 0 < len(desk.asked) < num_requests(summary)


def test_a_contradiction_is_named_and_mended(told, ledger, tmp_path):
    def wrong_first(kind: str, scene: Scene, request: ChatRequest) -> str:
        kinds = ("elbow", "knee", "facing", "leg_lift", "legs", "arm_side")
        named = references(scene)
        fact = next(one for one in scene_facts(scene) if one.sure and one.kind in kinds and named[one.person or 0])
        false = flipped(fact, scene, random.Random(1))
        assert false is not None
        wrong = f"{state(false, scene)} All is calm and quiet around them in the picture today, and the light is soft."
        return wrong if kind == "detail" and not request.attempt else truth(kind, scene, request)

    summary, desk = run(told, ledger, tmp_path / "out", reply=wrong_first)
    mended = [request for request in desk.asked if request.attempt]
    assert len(mended) == 9 and all("is wrong" in request.messages[-1].text for request in mended)
    assert all(request.messages[-2].role == "assistant" for request in mended)
    assert summary.counts["detail"] == 9 and summary.requests["detail"]["kept"] == 9
    assert summary.requests["detail"]["rejected: contradicts the keypoints"] == 9
    assert summary.before.with_contradiction == 9 and summary.after.contradicted == 0
    kept = rows(tmp_path / "out" / "repairs.jsonl")
    assert len(kept) == 9 and [ask["reason"] for ask in kept[0]["asks"]] == ["contradicts the keypoints", None]


@pytest.mark.parametrize(("quality", "num_leaking"), [(Quality.report, 9), (Quality.reject, 0)])
def test_leaks_are_reported_or_rejected(told, ledger, tmp_path, quality, num_leaking):
    def leaking(kind: str, scene: Scene, request: ChatRequest) -> str:
        if kind == "detail" and not request.attempt:
            return "The keypoints show that the person in the picture is doing something or other in the open air."
        return truth(kind, scene, request)

    summary, desk = run(told, ledger, tmp_path / "out", replace(TEACHER, quality=quality), leaking)
    texts = [s.turns[1].text for s in read_samples(tmp_path / "out" / "samples.jsonl", told.images)]
    assert sum("keypoints" in text for text in texts) == num_leaking
    assert summary.before.with_leak == 9
    plain = [request for request in desk.asked if request.attempt]
    assert len(plain) == (0 if quality == Quality.report else 9)
    assert all(request.messages[-1].role == "user" and "wrong" not in request.messages[-1].text for request in plain)


def test_what_is_refused_again_and_again_is_set_aside_for_a_person(told, ledger, tmp_path):
    def refuses(kind: str, scene: Scene, request: ChatRequest) -> str:
        return "I'm sorry, but I can't help with that." if scene.id == 3 else truth(kind, scene, request)

    summary, desk = run(told, ledger, tmp_path / "out", replace(TEACHER, num_samples=120), refuses)
    aside = rows(tmp_path / "out" / "set_aside.jsonl")
    assert aside and {row["image"] for row in aside} == {"003.png"}
    assert all([ask["reason"] for ask in row["asks"]] == ["refusal"] * 3 for row in aside)
    assert summary.num_set_aside == len(aside)
    assert num_requests(summary) == len(desk.asked)


def test_requests_that_the_endpoint_refuses_are_counted_as_failed(told, ledger, tmp_path):
    def forbids(kind: str, scene: Scene, request: ChatRequest) -> str | None:
        return None if scene.id == 3 else truth(kind, scene, request)

    summary, desk = run(told, ledger, tmp_path / "out", replace(TEACHER, num_samples=120), forbids)
    failed = sum(ends.get("failed: content policy", 0) for ends in summary.requests.values())
    assert failed == len(rows(tmp_path / "out" / "set_aside.jsonl")) > 0
    assert num_requests(summary) == len(desk.asked)


def test_a_stopped_job_goes_on_where_it_was(told, ledger, tmp_path):
    stopped, desk = run(told, ledger, tmp_path / "out", most=7)
    assert stopped.state == State.stopped and len(desk.asked) == 7
    assert stopped.stopped == "quota: no money left at the endpoint [teacher.endpoint]"
    assert sum(ends.get("open", 0) for ends in stopped.requests.values()) > 0
    done, rest = run(told, ledger, tmp_path / "out")
    assert done.state == State.done and done.stopped is None and done.counts == done.wanted
    assert not {request.key for request in desk.asked} & {request.key for request in rest.asked}
    alone = tmp_path / "alone"
    with Ledger(tmp_path / "other.sqlite") as other:
        run(told, other, alone)
    assert (alone / "samples.jsonl").read_bytes() == (tmp_path / "out" / "samples.jsonl").read_bytes()


def test_replies_that_another_prompt_would_leave_unused_are_said_first(told, ledger, tmp_path):
    run(told, ledger, tmp_path / "out")
    captions = replace(TEACHER, context={"conv": Context.captions})
    with pytest.raises(ConfigError, match=r"paid replies .*conv:.* teacher\.run=NAME.*teacher\.leave_replies=true"):
        run(told, ledger, tmp_path / "out", captions)
    summary, desk = run(told, ledger, tmp_path / "out", replace(captions, leave_replies=True))
    assert {request.tag.partition(":")[0] for request in desk.asked} == {"conv"}
    assert summary.counts == summary.wanted


def test_pictures_that_are_used_up_end_the_job_with_a_note(told, ledger, tmp_path):
    few = replace(told, scenes=told.scenes[:2])
    summary, _ = run(few, ledger, tmp_path / "out", replace(TEACHER, num_samples=300))
    assert summary.stopped is None and summary.counts["detail"] == 6
    assert any("detail: the pictures are used up" in note for note in summary.notes)


def test_the_plan_counts_what_is_answered(told, ledger, tmp_path):
    assignment = assignment_of(told, TEACHER)
    before = plan_of(assignment, ledger)
    assert sum(row.num_samples for row in before.rows) == 40 and before.usd > 0
    assert [row.num_requests for row in before.rows] == [5, 9, 8]
    run(told, ledger, tmp_path / "out")
    after = plan_of(assignment, ledger)
    assert after.usd == 0 and after.spent_usd > 0
    assert all(row.num_answered == row.num_requests for row in after.rows)
    assert "22" in "\n".join(after.lines())


def test_the_plan_counts_pictures(told, monkeypatch):
    before, request = plan_of(assignment_of(told, TEACHER), None), Assignment.request
    picture = Picture(path=Path("p"), sha256="0", width=1024, height=1024)

    def seen(self, slot):
        asked = request(self, slot)
        return replace(asked, messages=(*asked.messages[:-1], replace(asked.messages[-1], images=(picture,))))

    monkeypatch.setattr(Assignment, "request", seen)
    after, num = plan_of(assignment_of(told, TEACHER), None), num_picture_tokens(picture)
    assert [row.tokens_in for row in after.rows] == [row.tokens_in + num * row.num_requests for row in before.rows]
    assert after.usd == pytest.approx(before.usd + 22 * num * 2.5e-6)


@pytest.fixture
def alone(told: SceneSet) -> SceneSet:
    """One person each, whose left arm is up in every other picture."""
    scenes = tuple(
        replace(
            scene,
            people=(standing(scene.id, 0.4, lift=(-0.12 if scene.id % 2 else 0.12) + 0.001 * scene.id),),
            things=(),
        )
        for scene in told.scenes
    )
    return replace(told, scenes=scenes)


def test_other_keypoints_send_another_picture_s(alone):
    other = replace(
        TEACHER, context={"conv": Context.captions, "detail": Context.other_keypoints}, quality=Quality.report
    )
    own = {r.key for r in (assignment_of(alone, TEACHER).request(s) for s in _slots(alone, TEACHER))}
    others = [assignment_of(alone, other).request(s) for s in _slots(alone, other)]
    assert own.isdisjoint(r.key for r in others)
    assert all("keypoints: [" in r.messages[1].text for r in others)


@pytest.mark.parametrize("sees", list(Context))
def test_what_a_teacher_sees_holds_for_every_kind(alone, sees):
    """The papers' form: lines of captions, then of boxes, then of keypoints behind each box."""
    assignment = assignment_of(alone, replace(TEACHER, sees=sees, caption_turns=False))
    assert {assignment.teacher.context_of(kind) for kind in assignment.wanted} == {sees}
    for kind in assignment.wanted:
        (slot, *_) = slots_between(assignment.orders[kind], kind, 0, 1)
        scene, sent = assignment.scenes[slot.scene_id], assignment.request(slot).messages[1].text
        assert scene.captions[0] in sent
        assert ("person: [0.3, 0.15, 0.5, 0.95]" in sent) == (sees != Context.captions)
        keypoints = context_text(scene).partition("keypoints: ")[2]
        assert (keypoints in sent) == (sees == Context.keypoints)
        assert ("keypoints: [" in sent) == (sees in (Context.keypoints, Context.other_keypoints))
    assert (
        assignment_of(alone, replace(TEACHER, sees=sees)).tags
        == assignment_of(alone, replace(TEACHER, context=dict.fromkeys(assignment.wanted, sees))).tags
    )


@pytest.mark.parametrize("quality", list(Quality))
def test_who_was_shown_another_s_keypoints_is_held_to_those(alone, ledger, tmp_path, quality):
    """Such samples are false of their own picture on purpose: none is thrown away, and what was shown counts."""
    teacher = replace(TEACHER, sees=Context.other_keypoints, quality=quality)
    assignment = assignment_of(alone, teacher)

    def as_shown(kind: str, scene: Scene, request: ChatRequest) -> str:
        return truth(kind, with_keypoints_of(scene, assignment.others[scene.id]), request)

    summary, _ = run(alone, ledger, tmp_path / "out", teacher, as_shown)
    assert summary.counts == summary.wanted
    assert summary.after.supported > 20 and summary.after.contradicted == 0
    assert all(reading.startswith("kept") for ends in summary.requests.values() for reading in ends)
    assert any("false of its own picture" in note for note in summary.notes)
    assert {s.provenance["sees"] for s in read_samples(tmp_path / "out" / "samples.jsonl", alone.images)} == {
        "other_keypoints"
    }
    report = audit(tmp_path / "out" / "samples.jsonl", None, alone)
    assert sum(found.contradicted for found in report.checked.values()) > 5


def _slots(told: SceneSet, teacher: TeacherConfig):
    assignment = assignment_of(told, teacher)
    return slots_between(assignment.orders["detail"], "detail", 0, 5)


def test_what_lies_in_batches_is_not_asked_live(told, ledger, tmp_path, monkeypatch):
    monkeypatch.setattr("llavapose.llm.batch.book.under_way", lambda _: {"a", "b"})
    line = r"teacher\.mode=live: 2 requests of this run lie in batches .*; collect them with teacher\.mode=batch first"
    with pytest.raises(ConfigError, match=line):
        run(told, ledger, tmp_path / "out")


def many(told: SceneSet, number: int) -> SceneSet:
    """The scenes again and again, each with a number of its own."""
    scenes = [
        replace(told.scenes[n % len(told.scenes)], id=n, captions=(f"Picture number {n}.",)) for n in range(number)
    ]
    return replace(told, scenes=tuple(scenes))


REFUSAL = "I'm sorry, but I can't help with \x1b[2Jthat."


def test_a_teacher_that_never_answers_usefully_is_stopped_within_the_plan_s_budget(told, ledger, tmp_path):
    """A plan of 13 requests, which went on to thousands."""
    teacher = replace(TEACHER, num_samples=24)
    summary, desk = run(many(told, 600), ledger, tmp_path / "out", teacher, lambda *_: REFUSAL)
    planned = sum(row.num_requests for row in plan_of(assignment_of(told, teacher), None).rows)
    assert len(desk.asked) == num_requests(summary) == 3 * planned == 39
    assert summary.state == State.stopped and summary.stopped is not None
    assert summary.stopped.startswith("39 requests have been asked, which is the most that was planned for")
    assert summary.goes_on_with == "teacher.max_requests=78"
    assert any(
        "replies refusal, one of them: \"I'm sorry, but I can't help with [2Jthat.\"" in n for n in summary.notes
    )
    again, more = run(many(told, 600), ledger, tmp_path / "out", teacher, lambda *_: REFUSAL)
    assert not more.asked and again.goes_on_with == summary.goes_on_with
    further, more = run(
        many(told, 600), ledger, tmp_path / "out", replace(teacher, max_requests=78), lambda *_: REFUSAL
    )
    assert len(more.asked) == 39 and further.state == State.stopped


def test_a_bad_prompt_is_noticed_by_the_first_replies_and_not_by_the_last(told, ledger, tmp_path):
    """A plan of more than a thousand requests: of the first two hundred, none can be used."""
    teacher = replace(TEACHER, num_samples=2500)
    scenes = many(told, 600)
    summary, desk = run(scenes, ledger, tmp_path / "out", teacher, lambda *_: REFUSAL)
    assert 128 <= len(desk.asked) < 300
    assert summary.stopped is not None and "0 are of use, fewer than 20%" in summary.stopped
    assert summary.goes_on_with == "teacher.min_accepted=0"
    again, more = run(scenes, ledger, tmp_path / "out", teacher, lambda *_: REFUSAL)
    assert not more.asked and again.stopped is not None
    mended, more = run(scenes, ledger, tmp_path / "out", replace(teacher, min_accepted=0.0))
    assert mended.state == State.done and mended.counts == mended.wanted


def test_one_kind_that_fails_is_enough(told, ledger, tmp_path):
    def only_pairs(kind: str, scene: Scene, request: ChatRequest) -> str:
        return REFUSAL if kind == "complex" else truth(kind, scene, request)

    summary, desk = run(many(told, 200), ledger, tmp_path / "out", replace(TEACHER, num_samples=900), only_pairs)
    assert summary.stopped is not None and "replies of complex 0 are of use" in summary.stopped
    assert summary.counts["detail"] == summary.wanted["detail"]  # what is good is kept
    assert len(desk.asked) < 700


def test_a_teacher_that_fails_half_the_time_is_no_runaway(told, ledger, tmp_path):
    def at_times(kind: str, scene: Scene, request: ChatRequest) -> str:
        return truth(kind, scene, request) if request.attempt or scene.id % 2 else REFUSAL

    summary, _ = run(many(told, 200), ledger, tmp_path / "out", replace(TEACHER, num_samples=600), at_times)
    assert summary.state == State.done and summary.counts == summary.wanted
