"""A model that does not look is right on exactly half of the probe; one that looks is right on all of it."""

import hashlib
from collections import Counter, defaultdict

import pytest

from llavapose.evaluation.probe.items import build_probe, item_row
from llavapose.evaluation.probe.score import probe_table
from llavapose.pose.people import references
from llavapose.pose.vocabulary import GROUPS
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world


@pytest.fixture(scope="module")
def items(scenes, facts_of):
    return build_probe(scenes, 3, facts_of=facts_of, num_items=1200)


def rows_of(items, believes_true, pictures="true"):
    """Rows as a scorer leaves them, for a model given as item -> bool."""
    rows = []
    for item in items:
        true, flipped = ([-1.0, -1.1], [-2.0, -1.0]) if believes_true(item) else ([-2.0, -1.0], [-1.0, -1.1])
        rows.append(item_row(item) | {"arm": "full", "pictures": pictures, "picture": item.image,
                                      "loglik_true": true, "loglik_flipped": flipped})  # fmt: skip
    return rows


def prejudice(item):
    """A fixed belief about every text: the same pair of statements gets the same winner, whichever is true."""
    first, second = sorted((item.true, item.flipped))
    texts = "|".join([first, second, *sorted(item.questions)])
    winner = first if hashlib.sha256(texts.encode()).digest()[0] % 2 else second
    return item.true == winner


def of_group(table, group):
    return next(row for row in table if row["group"] == group)


def test_a_blind_model_has_no_skill_in_any_group(items):
    for row in probe_table(rows_of(items, prejudice)):
        assert row["majority"] == 0.5
        assert row["balanced_accuracy"] == pytest.approx(0.5), row["group"]
        assert row["skill"] == pytest.approx(0.0)


def test_a_seeing_model_has_all_skill(items):
    for row in probe_table(rows_of(items, lambda item: True)):
        assert (row["skill"], row["low"], row["high"]) == (1.0, 1.0, 1.0)


def test_a_model_that_sees_two_facts_in_three_has_a_third_of_the_skill(items):
    seen = probe_table(rows_of(items, lambda item: int(hashlib.sha256(item.id.encode()).hexdigest(), 16) % 3 > 0))
    row = of_group(seen, "all")
    assert row["skill"] == pytest.approx(1 / 3, abs=0.08)
    assert row["low"] < row["skill"] < row["high"]
    assert row["high"] - row["low"] < 0.25


def test_truth_is_balanced_among_equal_texts(items):
    texts = defaultdict(Counter)
    for item in items:
        key = (item.kind, item.part, *sorted(item.questions), *sorted((item.true, item.flipped)))
        texts[key][item.true] += 1
    for counts in texts.values():
        assert len(counts) == 2 and len(set(counts.values())) == 1, counts


def test_only_sure_facts_are_asked_and_told_truly(items, scenes, facts_of):
    facts = {scene.id: facts_of(scene) for scene in scenes}
    for item in items:
        held = [f for f in facts[item.scene_id] if (f.kind, f.person, f.part) == (item.kind, item.person, item.part)]
        assert any(fact.sure for fact in held)
        if item.kind != "contact":
            assert item.value in {fact.value for fact in held}
            assert item.flipped_value not in {fact.value for fact in held}
        assert item.true != item.flipped and item.questions[0] != item.questions[1]


def test_every_group_that_can_be_asked_has_its_share(items):
    shares = Counter(item.group for item in items)
    # Side by side, references give away who is left of whom; such facts can have no opposite and must be left out.
    assert set(shares) == {"elbows and knees", "arms", "trunk and stance", "facing", "contact", "how many"}
    assert "side_of" not in {item.kind for item in items}
    assert min(shares.values()) > 40
    assert set(shares) <= set(GROUPS.values())


def test_equal_seeds_give_equal_probes_and_limits_hold(scenes, items, facts_of):
    assert build_probe(scenes, 3, facts_of=facts_of, num_items=1200) == items
    assert build_probe(scenes, 4, facts_of=facts_of, num_items=1200) != items
    few = build_probe(scenes, 3, facts_of=facts_of, max_items_per_fact=20)
    assert max(Counter(item.kind for item in few).values()) == 20
    assert len({item.id for item in items}) == len(items) <= 1200


def test_rows_of_one_and_several_people_are_told_apart(items):
    table = probe_table(rows_of(items, lambda item: item.num_people == 1))
    assert of_group(table, "all (one person)")["skill"] == 1.0
    assert of_group(table, "all (several people)")["skill"] == -1.0
    assert 0 < of_group(table, "all (one person)")["n"] < of_group(table, "all")["n"]


def test_who_is_nearest_is_flipped_to_somebody_whom_the_picture_names(tmp_path):
    settings = WorldSettings(num_train=0, num_val=500, seed=77)
    scenes = read_world(ensure_world(tmp_path, settings, progress=False), "val").scenes
    named = {scene.id: {name for name in references(scene) if name} for scene in scenes}
    items = build_probe(scenes, 3, num_items=4000)
    nearest = [item for item in items if item.kind == "nearest"]
    assert nearest
    for item in items:
        assert " of ." not in item.true + item.flipped and " is ." not in item.true + item.flipped, item
    for item in nearest:
        assert {item.value, item.flipped_value} <= named[item.scene_id], item
