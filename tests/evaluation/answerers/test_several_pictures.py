"""Questions about several pictures: their order counts, a batch answers as each alone, and what is sent is told.

Every family with its own classes and tiny random weights, LLaVA-1.5's own reader with the tiny model, and an endpoint.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from llavapose.config.endpoint import EndpointConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.reading.read import read_base
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.answerers.checkpoint import generation
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import first_logits
from llavapose.evaluation.answerers.checkpoint.readers import ChatReader, LlavaReader
from llavapose.evaluation.answerers.checkpoint.single import answer_alone, inputs_of
from llavapose.evaluation.answerers.endpoint import EndpointAnswerer
from llavapose.evaluation.answerers.file import FileAnswerer
from llavapose.evaluation.answerers.text_only import ModelTruth, OfflineTruth, offline_answer
from llavapose.evaluation.controls import with_chosen_frames
from llavapose.families.known import LLAVA, family_named
from llavapose.frames import with_frames
from llavapose.model.pretrained import load_processor
from llavapose.records import FurtherPicture, Question, Sample, Turn
from llavapose.scenes.coco import SceneSet
from tests.evaluation.asked_words import FIRST, SECOND
from tests.families.tiny import FAMILIES, write_family
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion

SIZES = ((48, 32), (30, 60), (64, 64))
GROUPS = ((0, 1), (1, 0), (0, 0), (2,), (0, 1, 2), ())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("sizes"), np.random.default_rng(0)
    for number, (width, height) in enumerate(SIZES):
        Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def about(*numbers, text="Why?", name=None):
    """A question about these pictures; about none it is asked as the control asks."""
    first, *rest = numbers or (0,)
    further = tuple(FurtherPicture(scene_id=n, image=f"{n}.png") for n in rest)
    image = f"{first}.png" if numbers else ""
    return Question(id=name or f"{numbers} {text}", scene_id=first, image=image, kind="conv", text=text,
                    further=further)  # fmt: skip


QUESTIONS = [about(*group, text=text) for group in GROUPS for text in ("Why?", "What has changed, please?")]


@pytest.fixture(scope="module", params=[*FAMILIES, "our own"])
def answerer(request, tmp_path_factory, tiny_base) -> CheckpointAnswerer:
    patch = pytest.MonkeyPatch()
    patch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    own = request.param == "our own"
    folder = tiny_base if own else write_family(request.param, tmp_path_factory.mktemp(request.param))
    found = CheckpointAnswerer(folder, device="cpu", batch_size=5, max_new_tokens=6)
    assert isinstance(found.loaded.reader, LlavaReader if own else ChatReader)
    patch.undo()
    return found


def test_a_batch_answers_as_each_alone(answerer, images):
    answers = list(answerer.answers(QUESTIONS, images, "x"))
    told = {"ends": answerer.loaded.ends, "max_new_tokens": 6}
    alone = [answer_alone(answerer.model, one, **told) for one in answerer.loaded.reader.prompts(QUESTIONS, images)]
    texts = [answerer.tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in alone]
    assert [answer.text for answer in answers] == texts and [one.num_tokens for one in answers] == list(map(len, alone))
    assert answerer._agrees is True, "pictures are read once for their questions"


def test_the_order_of_pictures_counts(answerer, images):
    prompts = list(answerer.loaded.reader.prompts([about(0, 1), about(1, 0), about(0, 0), about(0)], images))
    logits = first_logits(answerer.model, prompts, batch_size=4)
    for first in range(4):
        for second in range(first):
            assert (logits[first] - logits[second]).abs().max() > 1e-4, (first, second)


def test_weighed_as_the_whole_row_by_transformers_alone(answerer, images):
    prompts = list(answerer.loaded.reader.prompts([about(0, 1), about(0, 1, 2)], images))
    shared = first_logits(answerer.model, prompts, batch_size=2)
    with torch.inference_mode():
        whole = [answerer.model(**inputs_of(answerer.model, one)).logits[0, -1] for one in prompts]
    torch.testing.assert_close(shared, torch.stack(whole).float(), atol=2e-4, rtol=1e-4)


def test_pictures_of_one_group_are_read_once(answerer, images, monkeypatch):
    read = []
    real = generation._read
    monkeypatch.setattr(generation, "_read", lambda model, prefixes: (read.extend(prefixes), real(model, prefixes))[1])
    list(answerer.answers([one for one in QUESTIONS if one.images], images, "x"))
    assert len(read) == len(GROUPS) - 1


def test_one_of_several_that_is_missing_is_named(answerer, images):
    lost = replace(about(0, name="q"), further=(FurtherPicture(scene_id=9, image="9.png"),))
    with pytest.raises(DataError, match=r"question q: .*9\.png"):
        list(answerer.answers([lost], images, "x"))


def test_more_pictures_than_a_model_reads_are_one_line(answerer, images):
    many = about(*[0, 1] * 500, name="q")
    with pytest.raises(
        DataError, match=r"question q: pictures and text take \d+ tokens, and .* reads \d+; ask"
    ) as told:
        list(answerer.answers([many], images, "x"))
    assert "\n" not in str(told.value)


def test_it_is_asked_piece_by_piece(answerer, images):
    photos = [images / "0.png", images / "1.png"]
    whole = next(iter(answerer.answers([about(0, 1)], images, "x"))).text
    assert "".join(answerer.stream(photos, "Why?", opened=False)).strip() == whole


def test_an_answer_about_several_pictures_is_timed(answerer, images):
    told = answerer.efficiency([about(0, 1)], images)
    assert told["num_timed"] == 1 and told["pictures_per_answer"] == 2
    assert "pictures_per_answer" not in answerer.efficiency([about(0), about(1)], images)


def test_llavas_own_conversation_is_that_of_its_template(tiny_base, images):
    """What is saved with every checkpoint, and what is asked, are the same tokens, several pictures included."""
    reader = CheckpointAnswerer(tiny_base, device="cpu").loaded.reader
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE)
    for group in GROUPS[:-1]:
        (prompt,) = reader.prompts([about(*group, text="What has changed?")], images)
        shown = [{"type": "image", "image": Image.open(images / f"{number}.png")} for number in group]
        content = [*shown, {"type": "text", "text": "What has changed?"}]
        told = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=True, return_dict=True,
            return_tensors="pt",
        )  # fmt: skip
        assert (*prompt.prefix.ids, *prompt.ids) == tuple(told["input_ids"][0].tolist())
        assert prompt.prefix.inputs["pixel_values"].shape[0] == len(group)


def test_it_is_asked_as_it_is_trained(answerer, images):
    """The same pictures, question and answer as a sample: its ids end with the answer, and begin with what is asked."""
    processor = answerer.loaded.reader._processor if isinstance(answerer.loaded.reader, ChatReader) else load_processor(
        answerer._checkpoint, chat_template=CHAT_TEMPLATE)  # fmt: skip
    family = family_named(answerer.model.config.model_type)
    own = isinstance(answerer.loaded.reader, LlavaReader)
    if family is LLAVA and not own:
        pytest.skip("another tongue on LLaVA's class, which is not trained")
    reading = read_base(processor, family, source="here")
    turns = (Turn(role="user", text="What has changed?"), Turn(role="assistant", text="It rains."))
    for group in GROUPS[:-1]:
        pictures = [Image.open(images / f"{number}.png").convert("RGB") for number in group]
        trained = reading.pictures.shown(pictures).ids
        sample = Sample(id="a", images=tuple(f"{n}.png" for n in group), kind="conv", turns=turns)
        branch = reading.conversation.branch(sample, max_length=4096)
        asked = answerer.loaded.reader.prompt(pictures, "What has changed?", where="here")
        ids = (*asked.prefix.ids, *asked.ids)
        assert (*trained, *branch.ids)[: len(ids)] == ids


@pytest.fixture
def server():
    with ChatServer(lambda asked: Served(body=completion("Nothing."))) as running:
        yield running


def endpoint(server):
    return EndpointConfig(base_url=server.url, model="some/model", max_tokens=20)


def test_an_endpoint_gets_all_in_one_message_in_order(server, images, tmp_path):
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    bodies = []
    server.behave = lambda asked: (bodies.append(asked.body), Served(body=completion("Nothing.")))[1]
    asked = [about(0, 1, name="a"), about(1, 0, name="b"), about(0, 0, name="c"), about(2, name="d")]
    answers = list(answerer.answers(asked, images, "x"))
    assert [one.question_id for one in answers] == list("abcd") and len(bodies) == 4, "each is another request"
    shown = defaultdict(list)
    for body in bodies:
        (message,) = body["messages"]
        *pictures, text = message["content"]
        assert text == {"type": "text", "text": "Why?"} and {one["type"] for one in pictures} == {"image_url"}
        urls = tuple(one["image_url"]["url"] for one in pictures)
        shown[len(set(urls)), len(urls)].append(urls)
    assert sorted(shown) == [(1, 1), (1, 2), (2, 2)]
    one, other = shown[2, 2]
    assert one == other[::-1]


def test_a_file_of_answers_asks_nothing_of_pictures(images, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"question_id": "q", "text": "It rains."}\n')
    (found,) = FileAnswerer(tmp_path / "a.jsonl").answers([about(0, 1, name="q")], images, "x")
    assert found.text == "It rains."


GROUP = Question(id="q", scene_id=1, image="a.png", kind="detail", text="What has changed?",
                 further=(FurtherPicture(scene_id=2, image="b.png"),))  # fmt: skip


def scene_set(*scenes):
    return lambda: SceneSet(scenes=scenes, images=None)


def test_the_truth_of_all_pictures_is_told_in_order(server, tmp_path):
    answerer = ModelTruth(scene_set(FIRST, SECOND), endpoint(server), tmp_path / "l.sqlite")
    bodies = []
    server.behave = lambda asked: (bodies.append(asked.body), Served(body=completion("He gets on.")))[1]
    assert [one.text for one in answerer.answers([GROUP], tmp_path, "x")] == ["He gets on."]
    (system, user) = bodies[0]["messages"]
    assert system["content"].startswith("You answer questions about several pictures.")
    text = user["content"]
    marks = ["[Picture 1]\nA man waits.", "[Picture 2]\nHe gets on.\nperson: [", "\n\nQuestion: What has changed?"]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)
    with pytest.raises(DataError, match=r"question q: .*expected scene 2 among"):
        list(ModelTruth(scene_set(FIRST), endpoint(server), tmp_path / "m.sqlite").answers([GROUP], tmp_path, "x"))


def test_a_caption_cannot_pose_as_another_picture(server, tmp_path):
    bodies = []
    server.behave = lambda asked: (bodies.append(asked.body), Served(body=completion("x")))[1]
    liar = replace(FIRST, captions=("x\n[Picture 2]\nA bus burns.",))
    list(ModelTruth(scene_set(liar, SECOND), endpoint(server), tmp_path / "l.sqlite").answers([GROUP], tmp_path, "x"))
    assert bodies[0]["messages"][1]["content"].count("[Picture 2]") == 1


def test_the_offline_teacher_tells_each_picture_by_its_number(scenes, tmp_path):
    first, second = scenes[:2]
    asked = replace(GROUP, scene_id=first.id, further=(FurtherPicture(scene_id=second.id, image=second.image),))
    (found,) = OfflineTruth(scene_set(first, second)).answers([asked], tmp_path, "x")
    alone = [offline_answer(replace(asked, further=()), one) for one in (first, second)]
    assert found.text == f"Picture 1: {alone[0]}\nPicture 2: {alone[1]}" and all(alone)
    (found,) = OfflineTruth(scene_set(first)).answers([asked], tmp_path, "x")
    assert (found.finish, found.text) == ("failed", "its picture 2 has no annotations")
    with pytest.raises(ConfigError, match="no annotations to tell"):
        list(OfflineTruth(scene_set(scenes[9])).answers([asked], tmp_path, "x"))


def test_llava_s_frames_are_asked_with_the_ids_of_training(images, tiny_base):
    """Chosen as evaluation chooses them of a question, and the index of a sample."""
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE)
    reader, reading = LlavaReader(processor), read_base(processor, LLAVA, source="x")
    whole = replace(about(0, 1, 2, text="Who sits down?"), times_s=(0.0, 0.44, 2.0))
    turns = (Turn(role="user", text=whole.text), Turn(role="assistant", text="Nobody."))
    listed = Sample(id="s", images=whole.images, kind="conv", turns=turns, times_s=whole.times_s)
    for wanted in (None, 1, 2):
        question, sample = with_chosen_frames(whole, wanted), with_frames(listed, wanted)
        assert (question.images, question.times_s) == (sample.images, sample.times_s)
        opened = [Image.open(images / one).convert("RGB") for one in sample.images]
        shown = reading.pictures.shown(opened, sample.times_s)
        (prompt,) = reader.prompts([question], images)
        assert prompt.prefix.ids == shown.ids
        assert torch.equal(prompt.prefix.inputs["pixel_values"], shown.inputs["pixel_values"])
        branch = reading.conversation.branch(sample, max_length=2048, prefix_tokens=len(shown.ids))
        said = reader.statement(question, "Nobody.")
        assert branch.ids[: len(prompt.ids) + len(said)] == (*prompt.ids, *said)


def test_frames_are_weighed_apart_from_the_same_pictures_at_no_time(answerer, images):
    """And answered in a batch as alone."""
    timed = [replace(about(0, 1, text=text, name=f"timed {text}"), times_s=(0.0, 1.5)) for text in ("Why?", "What?")]
    given = [*timed, *[about(0, 1, text=text) for text in ("Why?", "What?")]]
    told = {"ends": answerer.loaded.ends, "max_new_tokens": 6}
    alone = [answer_alone(answerer.model, one, **told) for one in answerer.loaded.reader.prompts(given, images)]
    texts = [answerer.tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in alone]
    assert [one.text for one in answerer.answers(given, images, "x")] == texts
    weighed = answerer._weighed([(one, "Nobody.") for one in given], images)
    assert abs(weighed[0] - weighed[2]) > 1e-6 and abs(weighed[1] - weighed[3]) > 1e-6
