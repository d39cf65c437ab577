"""A judge's card, end to end over HTTP: judges of known character come out as they were made."""

import json
import math

import pytest

from llavapose.cli.evaluations import FOLDERS, evaluate_sweep, make_judge_card
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError, DataError, LlavaPoseError
from llavapose.evaluation.judges.card.planted import STYLED, plant
from llavapose.files import write_jsonl
from llavapose.pose.facts.scene import scene_facts
from tests.evaluation.judges.card.characters import A_CLAIM, Character, truth_of
from tests.evaluation.judges.card.conftest import NUM_IMAGES
from tests.llm.chat_server import ChatServer

pytestmark = pytest.mark.usefixtures("plain_plots")
A_FALSE_ONE = 10 * 2 * A_CLAIM
"""A true claim gone and a false one there, rating x 10."""
FLAWED = 60.0
"""Four true and two false claims: what every style is put into."""


@pytest.fixture(scope="module")
def truth(world_scenes):
    """Context as judges are told it -> sentence -> whether it is true."""
    return truth_of(world_scenes)


@pytest.fixture
def server(truth):
    with ChatServer(Character(truth=truth)) as running:
        yield running


@pytest.fixture
def card_of(server, world, truth, tmp_path):
    """The card of a judge of some character, made by the command."""

    def made(*words, protocol="pair", **character):
        server.behave = Character(truth=truth, **character)
        settings = [
            "judge.endpoint=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge",
            "judge.context=keypoints", f"judge.protocol={protocol}", f"output_dir={tmp_path / 'out'}",
            f"scenes.root={world.root}", "scenes.num_train=4", "scenes.num_val=40", "scenes.image_size=64",
            f"benchmark.num_images={NUM_IMAGES}", *words,
        ]  # fmt: skip
        make_judge_card(conf_folder(), "endpoint", settings)
        path = tmp_path / "out" / "judge_cards" / f"judge-{protocol}-keypoints" / "card.json"
        card = json.loads(path.read_text()) if path.is_file() else {}
        found = {row["measure"]: row for row in card.get("measures", ())}
        return card, found

    return made


def holds(row, planted, within=None):
    """The planted number lies in the interval, and the interval says something."""
    assert row["low"] - 1e-6 <= planted <= row["high"] + 1e-6, row
    assert row["high"] - row["low"] <= (within or math.inf), row
    return True


@pytest.mark.parametrize("protocol", ["pair", "single"])
def test_an_honest_judge(card_of, server, protocol):
    card, found = card_of(protocol=protocol)
    assert card["num_pictures"] == NUM_IMAGES and card["inconsistent"] == "" and card["protocol"] == protocol
    for number in (1, 2, 3):
        assert holds(found[f"false_{number}"], number * A_FALSE_ONE, within=1)
        assert holds(found[f"removed_{number}"], number * A_FALSE_ONE / 2, within=1)
        assert holds(found[f"found_{number}"], 100)
    assert holds(found["a_false_claim"], A_FALSE_ONE) and holds(found["a_removed_claim"], A_FALSE_ONE / 2)
    for style in ("padding", "nonsense", "order", "keypoints"):
        assert holds(found[style], 0, within=1)
    assert holds(found["repeat_sd"], 0) and holds(found["repeat_winner"], 100)
    if protocol == "pair":
        assert holds(found["first_place"], 0) and holds(found["same_winner"], 100)
        assert holds(found["itself_ties"], 100) and holds(found["itself_first_place"], 0)
        assert found["itself_ties"]["num"] == found["itself_first_place"]["num"] == NUM_IMAGES
        # Per picture: false_1 three times and ten others once in two orders, itself in one; two ratings a reply.
        assert card["num_asked"] == NUM_IMAGES * 2 * (2 * (3 + 9) + 1)
        assert 2 * len(server.asked) == card["num_asked"], "a rating is told of what was asked, once"
    else:
        assert not {"first_place", "same_winner", "itself_ties"} & found.keys()


@pytest.mark.parametrize("protocol", ["pair", "single"])
def test_a_noisy_judge(card_of, protocol):
    card, found = card_of("benchmark.num_images=24", "judge.repeats=6", protocol=protocol, noise=0.6)
    assert holds(found["repeat_sd"], 6, within=3)
    assert holds(found["a_false_claim"], A_FALSE_ONE, within=3)
    assert holds(found["padding"], 0, within=12)
    assert found["repeat_winner"]["value"] < 95 and card["inconsistent"] == ""


def test_a_judge_that_disagrees_with_itself_is_marked(card_of):
    card, found = card_of(noise=2.0)
    assert found["repeat_sd"]["value"] > 10
    assert "disagrees with itself" in card["inconsistent"]


def test_a_judge_that_likes_the_first_place(card_of):
    _card, found = card_of(first=0.8)
    assert holds(found["first_place"], 8, within=1) and holds(found["itself_first_place"], 8, within=1)
    assert holds(found["itself_ties"], 0)
    assert holds(found["a_false_claim"], A_FALSE_ONE, within=1), "both orders cancel the place"


@pytest.mark.parametrize("protocol", ["pair", "single"])
def test_a_judge_that_likes_length(card_of, truth, world_scenes, protocol):
    _card, found = card_of(protocol=protocol, a_word=0.02)
    one = next(one for scene in world_scenes if (one := plant(scene, scene_facts(scene), seed=0)))
    words = {style: len(one.texts[style].split()) - len(one.texts[STYLED].split()) for style in ("padding", "nonsense")}
    for style, num in words.items():
        assert holds(found[style], 0.2 * num, within=1)
    assert found["padding"]["value"] > 5


def test_a_judge_that_likes_padding(card_of):
    _card, found = card_of(a_style=1.0)
    assert holds(found["padding"], 10, within=1) and holds(found["nonsense"], 0)


@pytest.mark.parametrize("protocol", ["pair", "single"])
def test_a_judge_that_obeys_orders(card_of, protocol):
    _card, found = card_of(protocol=protocol, obeys=True)
    assert holds(found["order"], 100 - FLAWED, within=1)
    assert holds(found["padding"], 0) and holds(found["a_false_claim"], A_FALSE_ONE)


def test_a_judge_that_likes_keypoints(card_of):
    _card, found = card_of(keypoints=1.2)
    assert holds(found["keypoints"], 12, within=1) and holds(found["nonsense"], 0)


@pytest.mark.parametrize("protocol", ["pair", "single"])
def test_a_judge_that_is_blind_to_errors(card_of, protocol):
    _card, found = card_of(protocol=protocol, sight=0.0)
    for name in ("false_1", "false_2", "false_3", "a_false_claim", "removed_3"):
        assert holds(found[name], 0, within=1)
    assert holds(found["found_3"], 0) and 0 < found["found_3"]["high"] < 60, "by Wilson no certainty from few pictures"


def test_a_card_goes_on_where_it_was_and_asks_nothing_twice(card_of, server):
    card_of(noise=0.3)
    asked = server.asked.total()
    assert asked == len(server.asked), "nothing is asked twice"
    card_of(noise=0.3)
    assert server.asked.total() == asked
    with pytest.raises(LlavaPoseError, match=r"stopped: budget"):
        card_of("judge.endpoint.price_in=1000", "judge.endpoint.price_out=1000", "judge.max_usd=0.5", "judge.seed=5")


def test_a_dry_run_tells_calls_and_money_and_asks_nobody(card_of, server, capsys, tmp_path):
    words = ("judge.endpoint.price_in=2.5", "judge.endpoint.price_out=10", "judge.max_usd=9")
    card_of(*words, "dry_run=true")
    told = capsys.readouterr().out
    (line,) = [line.split() for line in told.splitlines() if line.startswith("judge-pair-keypoints")]
    assert not server.asked and not (tmp_path / "out" / "judge_cards").exists()
    card_of(*words)
    assert int(line[1]) == server.asked.total() and float(line[-1]) > 0


def test_replies_that_cannot_be_read_are_counted_and_too_many_fail(card_of, tmp_path):
    card, found = card_of("judge.max_asks=2", "judge.min_accepted=0", "judge.max_missing=0.6", garbled=0.2)
    assert 0 < card["num_unrated"] < card["num_asked"] / 5
    assert holds(found["a_false_claim"], A_FALSE_ONE, within=2)
    with pytest.raises(LlavaPoseError, match="lack a rating"):
        card_of("judge.max_asks=1", "judge.min_accepted=0", "judge.seed=9", garbled=0.7)


@pytest.mark.parametrize("judge, words, told", [
    ("pose", (), "judge_card=pose: asks no model"),
    ("gpt5", (), "gpt5"),
    ("endpoint", ("arm=full",), "arm"),
    ("endpoint", ("answerer=file",), "answerer"),
    ("endpoint", ("benchmark.num_images=0",), "nothing would be evaluated"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_a_line(card_of, server, world, tmp_path, judge, words, told):
    where = [f"output_dir={tmp_path / 'out'}", f"scenes.root={world.root}", "scenes.num_train=4", "scenes.num_val=40",
             "scenes.image_size=64"]  # fmt: skip
    if judge == "endpoint":
        where += ["judge.endpoint=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge"]
    with pytest.raises((ConfigError, DataError)) as caught:
        make_judge_card(conf_folder(), judge, [*where, *words])
    assert told in str(caught.value)
    assert not server.asked and FOLDERS["judge_card"] is make_judge_card


@pytest.mark.parametrize("word", ["judge_card=gpt4o", "report=rate", "board=x", "export=lmms_eval", "sweep=other"])
def test_another_command_beside_a_sweep_is_a_line(tmp_path, word):
    (tmp_path / "jobs.json").write_text("[]")
    with pytest.raises(ConfigError, match="is a command of its own"):
        evaluate_sweep(conf_folder(), str(tmp_path), [word])


def test_tables_that_lie_there_are_made_anew_and_quote_it(card_of, tmp_path, capsys):
    name = "judge-pair-keypoints"
    rows = [
        {"question_id": f"{image}-conv", "scene_id": image, "kind": "conv", "text": "?", "arm": of, "judge": name,
         "rating": 5.0 + image % 3, "opponent": other, "order": order, "repeat": 0, "protocol": "pair", "reason": "",
         "claims": []}
        for image in range(8) for order in ("ab", "ba") for of, other in (("full", "baseline"), ("baseline", "full"))
    ]  # fmt: skip
    write_jsonl(tmp_path / "out" / "verdicts" / name / "full.jsonl", rows)
    card_of()
    told = (
        f"Card of {name}: Rating x 10 over {NUM_IMAGES} pictures: repeats' sd 0.0 [0.0, 0.0], a false claim costs 10.0"
    )
    assert told in (tmp_path / "out" / "tables.md").read_text()
    assert (tmp_path / "out" / "judge_cards" / name / "index.html").is_file()
    assert f"Judge's card: {tmp_path / 'out' / 'judge_cards' / name / 'index.html'}" in capsys.readouterr().out


def test_made_again_it_has_the_agreement_of_that_day_and_nothing_is_paid(card_of, server, tmp_path):
    name = "judge-single-keypoints"

    def leave(judge):
        write_jsonl(tmp_path / "out" / "verdicts" / judge / "full.jsonl", [
            {"question_id": f"{image}-conv", "scene_id": image, "kind": "conv", "text": "?", "arm": "full",
             "judge": judge, "rating": 2.0 + image % 5, "repeat": 0, "protocol": "single", "reason": "", "claims": []}
            for image in range(12)
        ])  # fmt: skip

    leave(name)
    card, _ = card_of(protocol="single")
    asked = server.asked.total()
    assert card["agreement"] == [] and asked > 0
    leave("people")
    path = tmp_path / "out" / "judge_cards" / name / "card.json"
    assert json.loads(path.read_text())["agreement"] == [], "a card is that of its day"
    renewed, _ = card_of(protocol="single")
    assert server.asked.total() == asked, "all replies lie in the ledger"
    assert {(row["with"], row["kind"]) for row in renewed["agreement"]} == {("people", "conv"), ("people", "all")}
    assert renewed["measures"] == card["measures"]
