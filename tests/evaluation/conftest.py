"""Small scenes with facts that are given, not measured."""

import numpy as np
import pytest

from llavapose.records import Fact, Person, Scene, Thing

JOINTS = tuple((0.5, 0.05 * i + 0.1, 2) for i in range(17))
TWO_WAY = {
    ("elbow", "left elbow"): ("bent", "straight"),
    ("elbow", "right elbow"): ("bent", "straight", "slightly bent"),
    ("arm_height", "left arm"): ("lowered", "raised", "above the head"),
    ("stance", None): ("standing", "sitting"),
    ("facing", None): ("toward the camera", "away from the camera", "image left", "image right"),
    ("knee", "left knee"): ("bent", "straight"),
    ("knee", "right knee"): ("bent", "straight"),
    ("trunk", None): ("upright", "leaning"),
}


def make_scene(number: int, num_people: int) -> Scene:
    """People side by side, with a racket and an umbrella."""
    width = 0.9 / num_people
    people = tuple(
        Person(id=10 * number + i, box_xyxy=(i * width, 0.1, i * width + 0.8 * width, 0.9), keypoints=JOINTS)
        for i in range(num_people)
    )
    things = tuple(
        Thing(id=10 * number + i, category=name, box_xyxy=(0.1, 0.1, 0.2, 0.2))
        for i, name in enumerate(("tennis racket", "umbrella"))
    )
    return Scene(id=number, image=f"{number:06d}.jpg", width=64, height=64, people=people, things=things, split="val")


def make_facts(scene: Scene) -> tuple[Fact, ...]:
    """Random facts of a scene, the same for the same scene; one in ten is unsure."""
    rng = np.random.default_rng(scene.id)
    facts = []
    for person in range(len(scene.people)):
        for (kind, part), values in TWO_WAY.items():
            # Uneven on purpose: balance must come from the probe.
            odds = np.array([4.0, *[1.0] * (len(values) - 1)])
            value = values[rng.choice(len(values), p=odds / odds.sum())]
            facts.append(Fact(kind=kind, person=person, part=part, value=value, sure=bool(rng.random() > 0.1)))
        touched = int(rng.random() < 0.3)
        facts.append(Fact(kind="contact", person=person, part="left hand", value="touching", target=touched, sure=True))
        place = ("left", "middle", "right")[min(2, int(3 * (person + 0.5) / len(scene.people)))]
        facts.append(Fact(kind="place", person=person, value=place, sure=True))
        for other in range(len(scene.people)):
            if other != person:
                side = "left of" if person < other else "right of"
                facts.append(Fact(kind="side_of", person=person, value=side, target=other, sure=True))
    facts.append(Fact(kind="count", person=None, value=str(len(scene.people)), sure=True))
    return tuple(facts)


@pytest.fixture(scope="session")
def scenes() -> tuple[Scene, ...]:
    """240 scenes of one, two or three people."""
    return tuple(make_scene(number, (1, 1, 2, 3)[number % 4]) for number in range(1, 241))


@pytest.fixture(scope="session")
def facts_of():
    """Scene -> its given facts."""
    return make_facts
