"""What can be said of a movement without the clip: known from all that are like it, where few are just so."""

from dataclasses import replace

import numpy as np
import pytest

from llavapose.evaluation.benchmarks.moving import askable_motions
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.rating import MOST_GUESSED, Scale
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import references
from llavapose.records import Asked, Claim
from tests.evaluation.clips import clips

KNEE = Asked(kind="knee_motion", person=0, part="left knee")


def says(value, part="left knee", mention="the person"):
    kind = next(kind for kind, values in VALUES.items() if value in values and part.endswith(kind.split("_")[0]))
    return Claim(kind=kind, value=value, start=0, end=0, part=part, mention=mention)


@pytest.fixture(scope="module")
def balanced():
    """Each motion as often forwards as backwards, as often of the left as of the right."""
    return clips(312)


def test_most_of_what_can_be_asked_is_scored_though_few_clips_have_just_it(balanced):
    scale = Scale(Chance(balanced[:208]))
    found = [scale.commonest(Asked(kind=fact.kind, person=fact.person, part=fact.part), scene)
             for scene in balanced[208:] for fact in askable_motions(scene, scene_facts(scene))
             if fact.kind != "repeats"]  # fmt: skip
    assert len(found) > 60
    assert np.mean([one is not None and one <= MOST_GUESSED for one in found]) >= 0.9


def test_of_two_ways_each_is_expected_half_the_time(balanced):
    shares = Chance(balanced).movements
    for value in VALUES["knee_motion"]:
        assert shares.expected([says(value)]) == pytest.approx(0.5, abs=0.08)
        assert shares.expected([says(value)]) < shares.at_most([says(value)]) < 0.75


def test_what_always_goes_one_way_needs_no_clip(balanced):
    def bends(scene):
        return any(f.kind == "knee_motion" and f.value == "bends" for f in scene_facts(scene))

    scale = Scale(Chance([scene for scene in balanced if bends(scene)] * 12))
    scene = next(scene for scene in balanced if bends(scene))
    assert scale.commonest(KNEE, scene) > MOST_GUESSED


def test_a_persons_own_share_counts_where_many_clips_have_it(balanced):
    """Alone the knee is bent in all of these, in company it is straightened as often: the question says which."""
    alone = [scene for scene in balanced if len(scene.people) == 1]
    bent = [scene for scene in alone
            if any((f.kind, f.value) == ("knee_motion", "bends") for f in scene_facts(scene))]  # fmt: skip
    shares = Chance([*alone, *bent * 20]).movements
    assert shares.expected([says("bends")]) > 0.85
    assert shares.expected([says("bends", mention="the person on the left")]) <= shares.expected([says("bends")])


def test_the_other_side_tells_of_this_one(balanced):
    """Without a clip of a left elbow, those of right elbows say that it goes either way."""
    right = [scene for scene in balanced
             if all(f.part != "left elbow" for f in scene_facts(scene) if f.kind == "elbow_motion")]  # fmt: skip
    scale, scene = Scale(Chance(right)), next(scene for scene in balanced if scene not in right)
    assert references(scene)[0] == "the person"
    elbow = replace(KNEE, kind="elbow_motion", part="left elbow")
    assert scale.commonest(elbow, scene) is not None and scale.commonest(elbow, scene) < MOST_GUESSED


def test_a_kind_that_no_training_clip_has_is_not_scored(balanced):
    none = [scene for scene in balanced if all(f.kind != "knee_motion" for f in scene_facts(scene))]
    assert Scale(Chance(none)).commonest(KNEE, balanced[0]) is None
