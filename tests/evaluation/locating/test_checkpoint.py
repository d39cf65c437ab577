"""A checkpoint that was never taught to: whatever it says freely, a place can be had of it, in every coding."""

import math
from pathlib import Path

import pytest
import torch

from llavapose.config.scenes import ScenesConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.evaluation.answerers.checkpoint import locating
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.constrained import Constrained
from llavapose.evaluation.answerers.checkpoint.readers import LlavaReader
from llavapose.evaluation.answerers.protocol import JointAnswer, PersonTold
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import (
    Pointed,
    Spot,
    people_form,
    read_people,
    read_spots,
    spots_form,
    write_people,
    write_spot,
    write_spots,
)
from llavapose.locate.samples import Asking
from llavapose.locate.shown import Query, picture_query, queries_of, shown_people, write_crops
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.pose.skeleton import COCO17
from llavapose.records import Question
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
        pick, written = Constrained(answerer.tokenizer, [form], ends=ends), []
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


@pytest.mark.parametrize("coding", CODINGS)
def test_people_who_were_told_stand_as_they_are_and_the_rest_has_a_place(bases, coding):
    """Two answers with forms of their own side by side: boxes and told places word by word, whatever is likeliest."""
    writes, joints = CODINGS[coding], ("nose", "left eye")
    corners = ((0.1005, 0.2005), (0.3005, 0.9005))
    near = Pointed(corners=corners, spots={"nose": Spot(x=0.2005, y=0.3005, hidden=True), "left eye": Spot()})
    far = Pointed(corners=((0.5005, 0.1005), (0.7005, 0.8005)), spots={"nose": None, "left eye": None})
    answerer = CheckpointAnswerer(bases[coding], device="cpu")
    forms = [people_form([near, far], writes), people_form([far], writes)]
    pick, ends = Constrained(answerer.tokenizer, forms, ends=answerer.loaded.ends), answerer.loaded.ends
    generator, left = torch.Generator().manual_seed(1), [0, 1]
    while left:
        tokens = pick(left, torch.randn(len(left), len(answerer.tokenizer), generator=generator) * 5)
        left = [place for place, token in zip(left, tokens.tolist(), strict=True) if token not in ends]
    both, alone = ("".join(pick.texts[place]) for place in (0, 1))
    assert (
        forms[0].whole(forms[0].after(forms[0].start, both)) and both.count('"box"') == 2 and alone.count('"box"') == 1
    )
    told = write_people([near], writes)[1:].partition('"left eye":"')[0]
    assert both.startswith("[" + told) and "not visible" not in both
    if coding != "decimal":  # one above 1 cannot be read
        first, second = read_people(both, joints, writes) or []
        assert first.spots["nose"].hidden and first.spots["left eye"].place and second.spots["nose"].place


@pytest.mark.parametrize("coding", ["bins", "tokens"])
def test_people_are_placed_behind_their_own_picture(scenes, bases, coding, monkeypatch):
    """The real model, several pictures at once, each with a form of its own."""
    how = Asking(view="picture", asking="json", coding=coding)
    queries = [picture_query(scene, how) for scene in scenes.scenes[:3]]
    corners, nowhere = ((0.1005, 0.2005), (0.3005, 0.9005)), dict.fromkeys(COCO17.joints, Spot())
    told = [Pointed(corners=corners, spots=nowhere | {"nose": Spot(x=0.2005, y=0.3005)})]

    def freely(tokenizer, ids, sure, query, coding):
        people = told * (1 + (query.question.scene_id == scenes.scenes[1].id))
        people = tuple(PersonTold(pointed=one, sure=0.5, sure_of={}) for one in people)
        return JointAnswer(text="", spots={}, places={}, num_tokens=len(ids), people=people)

    monkeypatch.setattr(locating, "_freely", freely)
    answerer = CheckpointAnswerer(bases[coding], device="cpu", batch_size=2)
    together = list(answerer.places(queries, scenes.images, how.writes))
    assert [len(one.people) for one in together] == [1, 2, 1]
    for one in together:
        for person in one.people:
            assert set(person.places) == set(COCO17.joints) - {"nose"}
            assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 and 0 < p.sure <= 1 for p in person.places.values())
    alone = [next(iter(answerer.places([query], scenes.images, how.writes))) for query in queries]
    for one, other in zip(together, alone, strict=True):
        for person, again in zip(one.people, other.people, strict=True):
            assert {n: (p.x, p.y) for n, p in person.places.items()} == {n: (p.x, p.y) for n, p in again.places.items()}


def test_a_crowd_of_bare_boxes_is_unread(bases, monkeypatch, no_pictures):
    """More people than an answer has room for would set off a second answer without end."""
    crowd = [Pointed(corners=((0.1, 0.1), (0.2, 0.2)), spots={}) for _ in range(locating.MOST_PEOPLE + 1)]
    texts = [write_people(some, CODINGS["bins"]) for some in (crowd, crowd[:-1])]
    told, _ = asked_with(monkeypatch, bases, "bins", texts, [query("nose", everyone=True)] * 2)
    assert [one.whole for one in told] == [False, True] and [len(one.people) for one in told] == [0, len(crowd) - 1]


class Scripted:
    """In place of ``greedy_in_turn``: writes given answers token by token, each with a probability of its own."""

    def __init__(self, tokenizer, texts):
        self.ids = [tokenizer(text, add_special_tokens=False).input_ids for text in texts]
        self.vocabulary = len(tokenizer)

    def __call__(self, model, prompts, *, ends, max_new_tokens, batch_size, pick):
        if isinstance(pick, Constrained):  # no place was told: the first that can be written
            for place in range(len(prompts)):
                written = []
                while not written or written[-1] not in ends:
                    written.append(int(pick([place], torch.zeros(1, self.vocabulary))[0]))
                yield place, written[:-1]
            return
        for place, ids in enumerate(self.ids):
            for number, token in enumerate([*ids, min(ends)]):
                logits = torch.zeros(1, self.vocabulary)
                logits[0, token] = probability_logit(chance(number), self.vocabulary)
                assert int(pick([place], logits)[0]) == token
            yield place, ids


def chance(number: int) -> float:
    return 0.9 - 0.01 * (number % 7)


def probability_logit(share: float, vocabulary: int) -> float:
    return math.log(share * (vocabulary - 1) / (1 - share))


def asked_with(monkeypatch, bases, coding: str, texts: list[str], queries):
    answerer = CheckpointAnswerer(bases[coding], device="cpu")
    scripted = Scripted(answerer.tokenizer, texts)
    monkeypatch.setattr(locating, "greedy_in_turn", scripted)
    return list(answerer.places(queries, Path(), CODINGS[coding])), scripted


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr(LlavaReader, "prompts", lambda self, questions, images: [None for _ in questions])


def query(*joints: str, everyone: bool = False) -> Query:
    question = Question(id="q", scene_id=1, image="a.jpg", kind="locate", text="Where?")
    return Query(question=question, joints=joints, everyone=everyone)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_written_is_what_is_located(bases, coding, monkeypatch, no_pictures):
    """x is x and y is y, hidden is hidden, and the confidence is that of the tokens that were written."""
    writes = CODINGS[coding]
    spots = [Spot(x=0.2505, y=0.7505), Spot(x=0.1005, y=0.9005, hidden=True), Spot()]
    texts = [write_spot(spot, writes) for spot in spots] + ["over there"]
    told, scripted = asked_with(monkeypatch, bases, coding, texts, [query("nose")] * 4)
    for one, spot, ids in zip(told, spots[:2], scripted.ids, strict=False):
        place, said = one.places["nose"], one.spots["nose"]
        assert (place.x, place.y) == pytest.approx(spot.place, abs=1e-3) and said.hidden == spot.hidden
        assert place.sure == pytest.approx(sum(map(chance, range(len(ids)))) / len(ids), abs=1e-4)
        assert one.num_tokens == len(ids)
    assert told[2].spots["nose"] == Spot() and told[3].spots["nose"] is None
    assert all("nose" in one.places for one in told[2:]), "and a place all the same"


@pytest.mark.parametrize("coding", CODINGS)
def test_each_joint_of_one_answer_has_its_own_confidence(bases, coding, monkeypatch, no_pictures):
    writes, joints = CODINGS[coding], ("nose", "left eye", "right eye")
    spots = {"nose": Spot(x=0.2505, y=0.7505), "left eye": Spot(), "right eye": Spot(x=0.1005, y=0.9005, hidden=True)}
    (told,), scripted = asked_with(monkeypatch, bases, coding, [write_spots(spots, writes)], [query(*joints)])
    assert told.spots["left eye"] == Spot() and told.spots["right eye"].hidden
    for name in ("nose", "right eye"):
        place = told.places[name]
        assert (place.x, place.y) == pytest.approx(spots[name].place, abs=1e-3), name
    assert told.places["nose"].sure != told.places["right eye"].sure
    assert "left eye" in told.places
    (ids,) = scripted.ids
    everything = sum(map(chance, range(len(ids)))) / len(ids)
    assert abs(told.places["nose"].sure - everything) < 0.05
    spaced = write_spots(spots, writes).replace('":"', '": "')
    (told,), _ = asked_with(monkeypatch, bases, coding, [spaced], [query(*joints)])
    assert told.spots["nose"].place and told.places["nose"].sure > 0.8, "written otherwise, it is as sure as the whole"


@pytest.mark.parametrize("coding", CODINGS)
def test_everyone_in_a_picture_with_a_confidence_each(bases, coding, monkeypatch, no_pictures):
    writes, joints = CODINGS[coding], ("nose", "left eye")
    people = [
        Pointed(
            corners=((0.1005, 0.2005), (0.3005, 0.9005)), spots={"nose": Spot(x=0.2005, y=0.3005), "left eye": Spot()}
        ),
        Pointed(
            corners=((0.5005, 0.1005), (0.7005, 0.8005)),
            spots={"nose": Spot(x=0.6005, y=0.2005), "left eye": Spot(x=0.6105, y=0.1905, hidden=True)},
        ),
    ]
    asked = [query(*joints, everyone=True)] * 2
    texts = [write_people(people, writes), write_people(people, writes)[:-4]]
    told, scripted = asked_with(monkeypatch, bases, coding, texts, asked)
    assert told[0].whole and len(told[0].people) == 2 and not told[1].whole and not told[1].people
    for one, truth in zip(told[0].people, people, strict=True):
        assert one.pointed.corners[0] == pytest.approx(truth.corners[0], abs=1e-3)
        assert set(one.sure_of) == set(joints) and 0.8 < one.sure < 0.9
    first, second = told[0].people
    assert first.sure != second.sure and second.pointed.spots["left eye"].hidden
    assert first.pointed.spots["left eye"] == Spot()
    assert set(first.places) == {"left eye"} and not second.places, "a place of what was told to have none"
    forced = first.places["left eye"]
    assert 0 <= forced.x <= 1 and 0 <= forced.y <= 1 and 0 < forced.sure <= 1
    assert told[0].num_tokens > len(scripted.ids[0]) and told[1].num_tokens == len(scripted.ids[1])
