"""The probe of clips: an oracle of order falls below 0 when frames are reversed, a bag of frames does not fall."""

import math
from collections import Counter

import numpy as np
import pytest

from llavapose.config.choices import Control
from llavapose.config.evaluating import ProbeConfig
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.probe.items import build_probe
from llavapose.evaluation.probe.pictures import FRAME_PASSES, NO_PICTURE, PASSES, SHUFFLED, TRUE, asked_in, shown_in
from llavapose.evaluation.probe.probing import probe
from llavapose.evaluation.probe.rows import check_probes, read_probe
from llavapose.evaluation.probe.score import IN_MOTION, MOTION_GROUPS, STILL, probe_table
from llavapose.evaluation.tables.results import summarise
from llavapose.pose.motion.vocabulary import GROUPS
from llavapose.report.tables import probe_grid, read_table
from tests.evaluation.clips import NUM_FRAMES, Clips, Planted, clips

ARMS = {"order": "order", "bag": "bag", "middle": "middle", "blind": "nothing"}


@pytest.fixture(scope="module")
def scenes():
    return clips()


@pytest.fixture(scope="module")
def items(scenes):
    return build_probe(scenes, 0)


@pytest.fixture(scope="module")
def probed(scenes, tmp_path_factory):
    """The folder of four arms' probes, and who was asked."""
    out, asked = tmp_path_factory.mktemp("probed"), {}
    for name, sees in ARMS.items():
        asked[name] = Planted(sees, frames=1 if name == "middle" else 8)
        probe(Arm(name=name, out=out, benchmark=Clips(scenes), answerer=asked[name], judges=(), probe=ProbeConfig()))
    summarise(out, list(ARMS))
    return out, asked


@pytest.fixture(scope="module")
def table(probed):
    return {(row["arm"], row["pictures"], row["group"]): row for row in read_table(probed[0], "probe.csv")}


def test_items_are_of_motion_and_of_the_middle_with_all_frames(items):
    assert {one.group for one in items} >= set(MOTION_GROUPS) - {"turning"} and len({one.id for one in items}) == len(
        items
    )
    for one in items:
        assert len(one.images) == len(one.times_s) == NUM_FRAMES and one.image == one.frames[NUM_FRAMES // 2]
        still = one.kind not in GROUPS
        assert all(question.startswith("In the middle of the clip, ") == still for question in one.questions)
        if one.kind == "repeats":
            assert abs(int(one.value) - int(one.flipped_value)) == 1


def test_truth_is_balanced_among_equal_texts(items):
    texts = Counter((one.kind, one.part, *sorted((one.true, one.flipped)), one.true) for one in items)
    for (*what, true), count in texts.items():
        other = next(text for text in what[-2:] if text != true)
        assert texts[(*what, other)] == count, what


def test_a_motion_that_goes_both_ways_is_not_asked(scenes, items):
    both = {scene.id for scene in scenes if "hand up twice" in _name(scene)}
    assert both and not [one for one in items if one.scene_id in both and one.kind == "hand_motion"]


def _name(scene):
    from tests.evaluation.clips import KEYS

    names = sorted(KEYS)
    return names[(scene.id - 1) % len(names)]


def test_frames_are_chosen_first_and_then_moved(items, probed):
    few = [one.with_chosen_frames(8) for one in items]
    own = few[0]
    assert own.images[0] == items[0].images[0] and own.images[-1] == items[0].images[-1] and len(own.images) == 8
    reversed_ = shown_in("reversed", few, 0)[own.scene_id]
    assert reversed_ == own.images[::-1]
    shuffled = shown_in("frames_shuffled", few, 0)[own.scene_id]
    assert sorted(shuffled) == sorted(own.images) and shuffled not in (own.images, own.images[::-1])
    assert set(shown_in("repeated", few, 0)[own.scene_id]) == {own.images[4]}
    assert not set(shown_in(SHUFFLED, few, 0)[own.scene_id]) & set(own.images)
    assert len(shown_in(SHUFFLED, few, 0)[own.scene_id]) == 8 and shown_in(NO_PICTURE, few, 0)[own.scene_id] == ()
    item, seen = next((item, seen) for item, seen in probed[1]["order"].asked if len(set(seen)) > 1)
    assert item.asked("Well?", seen).times_s == item.times_s and item.asked("Well?", ()).times_s == ()


def test_passes_of_moved_frames_ask_of_motion_alone(probed):
    out, _ = probed
    rows = read_probe(out, "order")
    by_pass = {which: [row for row in rows if row["pictures"] == which] for which in PASSES}
    assert all(by_pass.values())
    for which in FRAME_PASSES:
        assert {row["kind"] for row in by_pass[which]} <= set(GROUPS)
        assert [row["id"] for row in by_pass[which]] == [one["id"] for one in by_pass[TRUE] if one["kind"] in GROUPS]
    assert all(len(row["picture"]) == len(row["times"]) == 8 for row in by_pass["reversed"])
    check_probes(out)


def test_one_frame_has_no_order(probed):
    rows = read_probe(probed[0], "middle")
    assert {row["pictures"] for row in rows} == {TRUE, SHUFFLED, NO_PICTURE}
    assert all(isinstance(row["picture"], str) for row in rows)
    assert not asked_in("reversed", [item for item, _ in probed[1]["middle"].asked])


def test_who_sees_order_is_right_and_says_the_opposite_of_reversed_frames(table):
    assert table["order", TRUE, IN_MOTION]["skill"] == 1.0
    row = table["order", "reversed", IN_MOTION]
    assert row["skill"] < 0 and row["high"] < 0
    for group in set(MOTION_GROUPS) - {"turning", "how often"}:
        assert table["order", "reversed", group]["skill"] == -1.0, group
    assert table["order", "reversed", "how often"]["skill"] == 1.0, "n times is n times backwards"
    for which in ("repeated", "frames_shuffled"):
        assert table["order", which, IN_MOTION]["low"] <= 0.0 <= table["order", which, IN_MOTION]["high"] + 1e-9


def test_a_bag_of_frames_is_the_same_in_any_order(table):
    for which in ("reversed", "frames_shuffled"):
        assert table["bag", which, IN_MOTION]["skill"] == table["bag", TRUE, IN_MOTION]["skill"] == 1.0
    assert table["bag", "repeated", IN_MOTION]["skill"] == pytest.approx(0.0)


def test_a_blind_one_and_one_frame_know_nothing_of_motion(table):
    for arm in ("blind", "middle"):
        assert table[arm, TRUE, IN_MOTION]["skill"] == pytest.approx(0.0)
    assert table["middle", TRUE, STILL]["skill"] == 1.0 and table["blind", TRUE, STILL]["skill"] == pytest.approx(0.0)


def test_the_table_says_who_has_learnt_order(probed, table):
    assert table["order", TRUE, IN_MOTION]["falls"] == 1.0 and table["bag", TRUE, IN_MOTION]["falls"] == 0.0
    assert math.isnan(table["middle", TRUE, IN_MOTION]["falls"]) and math.isnan(table["order", TRUE, STILL]["falls"])
    grid = probe_grid(read_table(probed[0], "probe.csv"), list(ARMS))
    assert grid.header == ("arm", "all", "in motion", "still", "shuffled clips", "frames shuffled", "frames reversed",
                           "one frame repeated", "no picture", "n", "unanswered")  # fmt: skip
    assert "Fall when frames are reversed (own less reversed): order (+1.00 [+1.00, +1.00])." in grid.note
    assert "bag (0.00 [0.00, 0.00]), blind (0.00 [0.00, 0.00]) have not learnt order" in grid.note.replace(
        "+0.00", "0.00"
    )
    assert "middle" not in grid.note.partition("learnt order")[0].rpartition("Fall when")[2]


def test_the_interval_of_the_fall_holds_the_truth():
    """Clips differ in how much is known of them; what is asked of one stands or falls together."""
    rng, held = np.random.default_rng(7), 0
    for _ in range(150):
        rows = []
        for clip_ in range(30):
            own, back = np.clip(rng.normal(0.8, 0.15), 0, 1), np.clip(rng.normal(0.5, 0.15), 0, 1)
            for number in range(4):
                what = {"arm": "a", "id": f"{clip_}-{number}", "scene_id": clip_, "group": "turning", "kind": "turn",
                        "part": None, "num_people": 1, "value": ("own left", "own right")[number % 2],
                        "flipped_value": ("own right", "own left")[number % 2]}  # fmt: skip
                rows += [what | {"pictures": TRUE, "right": float(rng.random() < own)},
                         what | {"pictures": "reversed", "right": float(rng.random() < back)}]  # fmt: skip
        (row,) = (row for row in probe_table(rows, groups=(IN_MOTION,)) if "falls" in row and row["group"] == IN_MOTION)
        held += row["falls_low"] <= 0.3 <= row["falls_high"]
    assert held >= 0.9 * 150, f"{held} of 150"


def test_controls_of_frames_can_be_left_out(scenes, tmp_path):
    who = Planted("order")
    probe(Arm(name="a", out=tmp_path, benchmark=Clips(scenes), answerer=who, judges=(),
              probe=ProbeConfig(frame_controls=False, no_picture=False)))  # fmt: skip
    assert {row["pictures"] for row in read_probe(tmp_path, "a")} == {TRUE, SHUFFLED}


def test_every_control_is_a_pass():
    assert set(PASSES) == {TRUE, *(one.value for one in Control)}
