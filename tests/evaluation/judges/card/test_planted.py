"""Planted answers: certainly true, with so many claims certainly false, with so many taken out, with style put in."""

import random
import re
from dataclasses import replace

import pytest

from llavapose.evaluation.judges.card.planted import CLEAN, NUM_CLAIMS, STYLED, STYLES, Planted, plant
from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_text
from llavapose.pose.facts.scene import scene_facts


def counted(text, scene):
    outcomes = [one.outcome for one in check_text(text, scene, scene_facts(scene))]
    return outcomes.count(SUPPORTED), outcomes.count(CONTRADICTED)


@pytest.fixture(scope="module")
def planted(world_scenes) -> list[tuple[object, Planted]]:
    found = [(scene, plant(scene, scene_facts(scene), seed=0)) for scene in world_scenes]
    return [(scene, one) for scene, one in found if one is not None]


def test_most_pictures_can_be_planted(world_scenes, planted):
    assert len(planted) >= 0.7 * len(world_scenes)


def test_claims_are_true_and_false_as_planted(planted):
    """Read back by the reader of claims: k true ones, n of them flipped, n of them gone."""
    for scene, one in planted:
        right, wrong = counted(one.texts[CLEAN], scene)
        assert (right, wrong) == (NUM_CLAIMS, 0), one.texts[CLEAN]
        for number in (1, 2, 3):
            assert counted(one.texts[f"false_{number}"], scene) == (right - number, number)
            assert counted(one.texts[f"removed_{number}"], scene) == (right - number, 0)
            sentences = re.findall(r"[^.]+\.", one.texts[f"removed_{number}"])
            assert len(sentences) == NUM_CLAIMS - number


def test_a_style_says_nothing_about_the_pose(planted):
    """It stands beside the answer that it was put into: as many true and as many false claims, and more words."""
    for scene, one in planted:
        bare = one.texts[STYLED]
        for style in STYLES:
            text = one.texts[style]
            assert counted(text, scene) == counted(bare, scene), text
            assert bare in text and len(text.split()) > len(bare.split()) + 8


def test_what_styles_are(planted):
    for _, one in planted:
        assert re.search(r"\b10\b", one.texts["order"])
        assert re.search(r"keypoint.*\(0\.\d+, 0\.\d+\)", one.texts["keypoints"], re.DOTALL)
        assert not re.search(r"\d", one.texts["padding"] + one.texts["nonsense"])


def test_the_same_seed_plants_the_same(planted):
    scene, found = planted[0]
    facts = scene_facts(scene)
    random.seed(1)
    assert plant(scene, facts, seed=0) == found != plant(scene, facts, seed=4)


def test_a_picture_with_too_few_sure_facts_is_none(scenes, facts_of):
    scene = scenes[0]
    few = [fact for fact in facts_of(scene) if fact.sure][: NUM_CLAIMS - 1]
    assert plant(scene, few, seed=0) is None
    assert plant(scene, (), seed=0) is None


def test_no_unsure_fact_is_planted(world_scenes):
    for scene in world_scenes[:10]:
        unsure = [replace(fact, sure=False) for fact in scene_facts(scene)]
        assert plant(scene, unsure, seed=0) is None
