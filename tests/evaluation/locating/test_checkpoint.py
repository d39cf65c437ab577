"""A checkpoint that was never taught to: whatever it says freely, a place can be had of it, in every coding."""

import pytest
import torch

from llavapose.config.scenes import ScenesConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.constrained import Constrained
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import read_spots, spots_form
from llavapose.locate.samples import Asking
from llavapose.locate.shown import picture_query, queries_of, shown_people, write_crops
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.open import open_scenes


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    return open_scenes(ScenesConfig(name="world", root=root, num_train=4, num_val=4, image_size=96), "val")


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Coding -> a base that has its words."""
    words = CODINGS["tokens"].new_tokens
    model, processor = load_model("tiny", words=words), load_processor("tiny", chat_template=CHAT_TEMPLATE, words=words)
    folder = tmp_path_factory.mktemp("base") / "hf"
    write_checkpoint(folder, state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32)
    return {"decimal": "tiny", "bins": "tiny", "tokens": str(folder)}


@pytest.mark.parametrize("asking", ["each", "json"])
@pytest.mark.parametrize("coding", CODINGS)
def test_every_joint_has_a_place(scenes, bases, coding, asking, tmp_path):
    how = Asking(asking=asking, coding=coding, size=48, described=False)
    people = shown_people(scenes.scenes, how)[:2]
    write_crops(people, scenes.images, tmp_path, how.size)
    queries = [query for one in people for query in queries_of(one, how)]
    answerer = CheckpointAnswerer(bases[coding], device="cpu", batch_size=8)
    told = list(answerer.places(queries, tmp_path, how.writes))
    assert len(told) == len(queries) == (34 if asking == "each" else 2)
    for query, one in zip(queries, told, strict=True):
        assert set(one.places) == set(one.spots) == set(query.joints)
        assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 and 0 < p.sure <= 1 for p in one.places.values())
        assert all(spot is None for spot in one.spots.values()), "it was never taught to"


def test_seventeen_behind_one_picture_are_seventeen_alone(scenes, tmp_path):
    how = Asking(size=48)
    people = shown_people(scenes.scenes, how)[:2]
    write_crops(people, scenes.images, tmp_path, how.size)
    queries = [query for one in people for query in queries_of(one, how)]
    answerer = CheckpointAnswerer("tiny", device="cpu", batch_size=32)
    together = list(answerer.places(queries, tmp_path, how.writes))
    alone = [next(iter(answerer.places([query], tmp_path, how.writes))) for query in queries]
    assert [one.text for one in together] == [one.text for one in alone]
    for one, other in zip(together, alone, strict=True):
        for name, place in one.places.items():
            again = other.places[name]
            assert (place.x, place.y) == (again.x, again.y) and place.sure == pytest.approx(again.sure, abs=1e-4)


def test_what_is_no_list_of_people_is_said_to_be_none(scenes):
    how = Asking(view="picture", asking="json")
    answerer = CheckpointAnswerer("tiny", device="cpu", batch_size=4)
    (told,) = answerer.places([picture_query(scenes.scenes[0], how)], scenes.images, how.writes)
    assert not told.whole and not told.people and not told.places


@pytest.mark.parametrize("coding", CODINGS)
def test_whatever_is_likeliest_the_answer_is_of_the_form(bases, coding):
    """Logits at random, spaces and marks among the likeliest: a form is always ended, and read back."""
    answerer = CheckpointAnswerer(bases[coding], device="cpu")
    form, ends = spots_form(COCO17.joints, CODINGS[coding]), answerer.loaded.ends
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        pick, written = Constrained(answerer.tokenizer, form, ends=ends), []
        for _ in range(len(form.atoms) + 1):
            logits = torch.randn(1, len(answerer.tokenizer), generator=generator) * 5
            token = int(pick([0], logits)[0])
            if token in ends:
                break
            written.append(token)
        text = "".join(pick.texts[0])
        assert form.whole(form.after(form.start, text)) and len(pick.sure[0]) == len(written)
        assert answerer.tokenizer.decode(written).replace(" ", "") == text.replace(" ", "")
        if coding != "decimal":  # a decimal above 1 is brought to the edge
            assert all(
                spot is not None and spot.place for spot in read_spots(text, COCO17.joints, CODINGS[coding]).values()
            )
