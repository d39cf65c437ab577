"""A checkpoint of any family is asked, and its statements are weighed, with the ids that training would have given."""

from __future__ import annotations

import pytest

from llavapose.data.reading.template import conversation_of, encode_head
from llavapose.errors import DataError
from llavapose.evaluation.answerers.checkpoint.readers import ChatReader
from llavapose.records import FurtherPicture, Question, Sample, Turn
from tests.data.reading import spoken
from tests.families.tiny import EVERY, made


@pytest.fixture(scope="module", params=EVERY)
def base(request):
    model, processor = made(request.param)
    image_id = getattr(model.config, "image_token_id", None)
    image_id = model.config.image_token_index if image_id is None else image_id
    return request.param, processor, ChatReader(processor, image_id, source=request.param)


def question(text: str, pictures: int, times_s: tuple[float, ...] = ()) -> Question:
    further = tuple(FurtherPicture(scene_id=at, image=f"{at}.png") for at in range(1, pictures))
    image = "0.png" if pictures else ""
    return Question(id="q", scene_id=0, image=image, further=further, kind="conv", text=text, times_s=times_s)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    for at, picture in enumerate(spoken.PICTURES):
        picture.save(folder / f"{at}.png")
    return folder


@pytest.mark.parametrize("pictures", [0, 1, 2])
def test_prompt_and_statement_are_the_sample_s(base, images, pictures):
    name, processor, reader = base
    conversation = conversation_of(processor, own_words=False, source=name)
    for texts in spoken.TEXTS:
        asked = question(texts[0], pictures)
        (prompt,) = reader.prompts([asked], images)
        said = reader.statement(asked, texts[1])
        ids, labels = spoken.whole(name, processor, texts[:2], pictures)
        first = labels.index(True)
        assert [*prompt.prefix.ids, *prompt.ids] == ids[:first]
        assert list(said) == [one for one, learnt in zip(ids, labels, strict=True) if learnt]
        turns = (Turn(role="user", text=texts[0]), Turn(role="assistant", text=texts[1]))
        sample = Sample(id="s", images=asked.images, kind="conv", turns=turns)
        branch = conversation.branch(sample, max_length=4096)
        assert branch.ids[: len(prompt.ids) + len(said)] == (*prompt.ids, *said)
        assert said[-1] in reader.ends


def test_pictures_are_read_once(base, images, monkeypatch):
    name, processor, reader = base
    read = []
    monkeypatch.setattr(
        "llavapose.evaluation.answerers.checkpoint.readers.open_image",
        lambda path, where: read.append(path.name) or spoken.PICTURES[int(path.stem)],
    )
    prompts = list(reader.prompts([question(text, 2) for text in ("Why?", "Where?", "When?")], images))
    assert sorted(read) == ["0.png", "1.png"], name
    assert len({id(prompt.prefix) for prompt in prompts}) == 1 and len({prompt.ids for prompt in prompts}) == 3
    head = conversation_of(processor, own_words=False, source=name).wording.head(2)
    whole = encode_head(processor, head, spoken.PICTURES)
    assert whole[: len(prompts[0].prefix.ids)] == list(prompts[0].prefix.ids)


TIMES = (0.0, 1.44)


@pytest.mark.parametrize("num", [1, 2])
def test_frames_are_asked_behind_their_times_as_they_are_trained(base, images, num):
    name, processor, reader = base
    conversation = conversation_of(processor, own_words=False, source=name)
    for texts in spoken.TEXTS:
        asked = question(texts[0], num, TIMES[:num])
        (prompt,) = reader.prompts([asked], images)
        alone = reader.prompt(spoken.PICTURES[:num], texts[0], where="q", times_s=TIMES[:num])
        turns = (Turn(role="user", text=texts[0]), Turn(role="assistant", text=texts[1]))
        sample = Sample(id="s", images=asked.images, kind="conv", turns=turns, times_s=asked.times_s)
        head = encode_head(processor, conversation.wording.head(num, sample.times_s), spoken.PICTURES[:num])
        # Of what the processor makes of a head, what follows the marker is the branch's.
        prefix = head[: len(head) - head[::-1].index(conversation.image_id)]
        branch, said = conversation.branch(sample, max_length=4096), reader.statement(asked, texts[1])
        for one in (prompt, alone):
            assert list(one.prefix.ids) == prefix
            assert branch.ids[: len(one.ids) + len(said)] == (*one.ids, *said)


def test_the_same_pictures_at_other_times_are_another_prefix(base, images):
    given = [question("Why?", 2, times) for times in (TIMES, (), TIMES, (0.0, 2.0))]
    prompts = list(base[2].prompts(given, images))
    assert prompts[0].prefix is prompts[2].prefix
    assert len({one.prefix.ids for one in prompts}) == 3 and len({one.ids for one in prompts}) == 1


def test_a_template_that_cannot_be_trained_with_still_asks(images):
    """Its own way: a model of thoughts, which no sample of ours has."""
    model, processor = made("qwen3_vl")
    processor.chat_template = spoken.THOUGHTS
    reader = ChatReader(processor, model.config.image_token_id, source="thinks")
    (prompt,) = reader.prompts([question("Why?", 1)], images)
    assert processor.tokenizer.decode(prompt.ids).endswith("</think>\n\n")
    assert reader.statement(question("Why?", 1), "So.")[-1] == processor.tokenizer.eos_token_id


@pytest.mark.parametrize("pictures", [0, 1])
def test_special_tokens_are_refused(base, images, pictures):
    token = base[1].tokenizer.eos_token
    with pytest.raises(DataError, match="question q: the text holds the special token"):
        list(base[2].prompts([question(f"Why {token}?", pictures)], images))
