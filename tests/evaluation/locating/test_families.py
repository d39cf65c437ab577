"""Where joints are, asked of other families than LLaVA: in every coding, through their own words and tokenizers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers.models.smolvlm import processing_smolvlm

from llavapose.config.scenes import ScenesConfig
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.constrained import Constrained
from llavapose.evaluation.answerers.checkpoint.readers import ChatReader
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import Spot, read_spot, read_spots, spots_form, write_spot, write_spots
from llavapose.locate.samples import Asking
from llavapose.locate.shown import Query, queries_of, shown_people, write_crops
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.pose.skeleton import COCO17
from llavapose.records import Question
from llavapose.report.tables import read_table
from llavapose.scenes.open import open_scenes
from tests import warm
from tests.families.tiny import write_family

NAMES = ("qwen3_vl", "gemma3", "internvl", "smolvlm")
SPOTS = [Spot(x=0.2505, y=0.7505), Spot(x=0.1005, y=0.9005, hidden=True), Spot()]


@pytest.fixture(scope="module")
def answerer_of(tmp_path_factory) -> Callable[[str, str], CheckpointAnswerer]:
    """(family, coding) -> a base of random weights that has the coding's words."""
    found: dict[tuple[str, str], CheckpointAnswerer] = {}

    def of(name: str, coding: str) -> CheckpointAnswerer:
        words = CODINGS[coding].new_tokens
        key = (name, "words" if words else "")
        if key not in found:
            folder = tmp_path_factory.mktemp(name)
            base = str(write_family(name, folder / "base"))
            if words:
                model, processor = load_model(base, words=words), load_processor(base, chat_template="", words=words)
                write_checkpoint(folder / "hf", state=model.state_dict(), config=model.config, processor=processor,
                                 dtype=torch.float32, base=base)  # fmt: skip
            found[key] = CheckpointAnswerer(folder / ("hf" if words else "base"), device="cpu", batch_size=8)
            assert isinstance(found[key].loaded.reader, ChatReader)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        # Only videos are told in number words; the package is none of ours.
        patch.setattr(processing_smolvlm, "num2words", str)
        yield of


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> tuple[Path, list]:
    """Two people cut out for each way of asking; (folder of the pictures, who is shown)."""
    root = tmp_path_factory.mktemp("world")
    scenes = open_scenes(ScenesConfig(name="world", root=root / "w", num_train=4, num_val=4, image_size=96), "val")
    shown = shown_people(scenes.scenes, Asking(size=48))[:2]
    write_crops(shown, scenes.images, root / "crops", 48)
    return root / "crops", shown


def queries(people: list, coding: str, asking: str = "each") -> list[Query]:
    how = Asking(asking=asking, coding=coding, size=48, described=False)
    return [query for one in people for query in queries_of(one, how)]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", NAMES)
def test_every_joint_of_an_untaught_base_has_a_place(name, coding, answerer_of, people):
    folder, shown = people
    asking = "json" if coding == "tokens" else "each"
    asked = queries(shown, coding, asking)
    told = list(answerer_of(name, coding).places(asked, folder, CODINGS[coding]))
    assert len(told) == len(asked) == (2 if asking == "json" else 34)
    for query, one in zip(asked, told, strict=True):
        assert set(one.places) == set(one.spots) == set(query.joints)
        assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 and 0 < p.sure <= 1 for p in one.places.values())


@pytest.mark.parametrize("name", NAMES)
def test_seventeen_behind_one_picture_are_seventeen_alone(name, answerer_of, people):
    folder, shown = people
    answerer, asked = answerer_of(name, "tokens"), queries(shown, "tokens")
    together = list(answerer.places(asked, folder, CODINGS["tokens"]))
    alone = [next(iter(answerer.places([query], folder, CODINGS["tokens"]))) for query in asked[::5]]
    assert [one.text for one in together[::5]] == [one.text for one in alone]
    found = [next(iter(one.places.values())) for one in together]
    assert len({(place.x, place.y) for place in found}) > 1, "one place for all would prove nothing"
    for place, again in zip(found[::5], alone, strict=True):
        (other,) = again.places.values()
        assert (place.x, place.y) == (other.x, other.y) and place.sure == pytest.approx(other.sure, abs=1e-4)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_likeliest_the_answer_is_of_the_form(name, coding, answerer_of):
    """Spaces, marks and pieces of characters among the likeliest: a form is ended, and read back from its ids."""
    answerer, writes = answerer_of(name, coding), CODINGS[coding]
    form, ends = spots_form(COCO17.joints, writes), answerer.loaded.ends
    generator = torch.Generator().manual_seed(0)
    pick, written = Constrained(answerer.tokenizer, [form], ends=ends), []
    for _ in range(len(form.atoms) + 1):
        token = int(pick([0], torch.randn(1, len(answerer.tokenizer), generator=generator) * 5)[0])
        if token in ends:
            break
        written.append(token)
    text = "".join(pick.texts[0])
    assert form.whole(form.after(form.start, text)) and len(pick.sure[0]) == len(written)
    assert answerer.tokenizer.decode(written).replace(" ", "") == text.replace(" ", "")
    if coding != "decimal":  # a decimal above 1 is brought to the edge
        assert all(spot and spot.place for spot in read_spots(text, COCO17.joints, writes).values())


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_taught_is_what_is_read(name, coding, answerer_of):
    """The ids that training weighs for an answer, decoded as an answer is, are that answer; in one token a new word."""
    answerer, writes = answerer_of(name, coding), CODINGS[coding]
    reader = answerer.loaded.reader
    (asked,) = queries_for_one()
    for spot in SPOTS:
        text = write_spot(spot, writes)
        ids = reader.statement(asked.question, text)
        assert ids[-1] in answerer.loaded.ends
        told = read_spot(answerer.tokenizer.decode(ids, skip_special_tokens=True).strip(), writes)
        assert told == read_spot(text, writes) is not None
    text = write_spots(dict(zip(COCO17.joints, SPOTS, strict=False)), writes)
    ids, joints = reader.statement(asked.question, text), COCO17.joints[: len(SPOTS)]
    told = read_spots(answerer.tokenizer.decode(ids, skip_special_tokens=True).strip(), joints, writes)
    assert told == read_spots(text, joints, writes) and None not in told.values()
    if coding == "tokens":
        place = reader.statement(asked.question, write_spot(SPOTS[0], writes))
        bare = [one for one in place if answerer.tokenizer.decode([one]).startswith("<loc")]
        assert [answerer.tokenizer.decode([one]) for one in bare] == ["<loc250>", "<loc750>"]


def queries_for_one() -> list[Query]:
    question = Question(id="q", scene_id=1, image="a.png", kind="locate", text="Where is the nose?")
    return [Query(question=question, joints=("nose",), everyone=False)]


@pytest.mark.long
@pytest.mark.parametrize(("name", "coding"), [("qwen3_vl", "tokens"), ("gemma3", "decimal"), ("internvl", "tokens")])
def test_a_run_ends_with_where_joints_are(name, coding, tmp_path):
    """``train.py data=locate`` on another base: trained, exported, asked; asked again, it says the same."""
    base = write_family(name, tmp_path / "base")
    world = ("scenes.num_train=6", "scenes.num_val=3", "scenes.image_size=64", f"scenes.root={tmp_path}/w")
    words = ("data=locate", f"model.base={base}", f"locate.coding={coding}", "locate.size=32", "locate.num_people=3",
             "trainer.max_steps=3", "data.num_val=4", "logger=none", f"data_dir={tmp_path}/d",
             "output_dir=run")  # fmt: skip
    program = (sys.executable, "-m", "llavapose")
    done = warm.run([*program, "train", *world, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = {row["shown"]: row for row in read_table(tmp_path / "run", "located.csv")}
    assert rows["true"]["coding"] == coding and set(rows) == {"true", "shuffled", "mean_pose"}
    again = warm.run([*program, "locate", "run/hf", *world, "--people", "3", "--out", "asked"], cwd=tmp_path,
                     capture_output=True, text=True, timeout=300)  # fmt: skip
    assert again.returncode == 0, again.stderr
    kept = [json.loads((tmp_path / place).read_text()) for place in
            ("run/located/locate.results.json", "asked/located/model.results.json")]  # fmt: skip
    assert kept[0] == kept[1] and kept[0]
