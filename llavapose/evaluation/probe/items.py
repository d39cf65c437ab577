"""The pose probe: does the model believe the true statement about a picture more than the flipped one?

Every item is one sure fact said truly and falsely. No judge reads anything: the model's own log-likelihood decides.
Items come in couples whose texts are the same and whose truths are opposite (here "bent" is true, there "straight"),
so a model that never looks at the picture is right on exactly half of them, whatever it has learnt about people.

One record::

    {"id": "17-elbow-0-left-elbow", "scene_id": 17, "image": "000017.jpg", "group": "elbows and knees",
     "kind": "elbow", "part": "left elbow", "value": "bent", "flipped_value": "straight", "num_people": 1, "person": 0,
     "questions": ["Is the left elbow bent or straight?", "Is the left elbow straight or bent?"],
     "true": "The left elbow is bent.", "flipped": "The left elbow is straight."}

Of a clip there are items of what moves in it, whose opposites are what its frames show from the last to the first, and
items of its middle frame, which say so ("In the middle of the clip, ..."); both have ``frames`` and ``times``.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from llavapose.evaluation.probe.counterparts import Candidate, candidates, counterparts, group_of, taken_in_turn
from llavapose.frames import chosen
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask, lend, state
from llavapose.pose.motion.vocabulary import GROUPS as MOTION_GROUPS
from llavapose.pose.people import references
from llavapose.records import Fact, FurtherPicture, Question, Scene

NUM_ITEMS = 1500


@dataclass(frozen=True, kw_only=True)
class ProbeItem:
    """One fact as a true and a flipped statement, with the question in both orders of the alternatives.

    Attributes:
        id: unique in the probe.
        scene_id, image: the picture.
        group: ``vocabulary.GROUPS`` of the kind.
        kind, part, person: of the fact.
        value, flipped_value: what is true and what the flipped statement says; for facts with a target, its name.
        num_people: annotated people in the picture.
        questions: the same question, true alternative first and second.
        true, flipped: the two answers to compare.
        frames, times_s: where the scene is a clip: all its frames in order, of which ``image`` is the middle one, and
            when each was taken, in seconds since the first; else none.
    """

    id: str
    scene_id: int
    image: str
    group: str
    kind: str
    part: str | None
    value: str
    flipped_value: str
    num_people: int
    person: int | None
    questions: tuple[str, str]
    true: str
    flipped: str
    frames: tuple[str, ...] = ()
    times_s: tuple[float, ...] = ()

    @property
    def images(self) -> tuple[str, ...]:
        """What is shown with it: the picture, or the clip's frames in order."""
        return self.frames or (self.image,)

    def asked(self, text: str, images: Sequence[str]) -> Question:
        """One of its questions about these pictures, as many as its own, or none."""
        first, *rest = images or ("",)
        further = tuple(FurtherPicture(scene_id=self.scene_id, image=image) for image in rest)
        return Question(id=self.id, scene_id=self.scene_id, image=first, kind="conv", text=text, further=further,
                        times_s=self.times_s if images else ())  # fmt: skip

    def with_chosen_frames(self, wanted: int | None) -> "ProbeItem":
        """The same with those of its frames that are shown where ``wanted`` are asked for; None: all."""
        if wanted is None or len(self.frames) <= wanted:
            return self
        places = chosen(len(self.frames), wanted)
        return replace(self, frames=tuple(self.frames[one] for one in places),
                       times_s=tuple(self.times_s[one] for one in places))  # fmt: skip


def build_probe(
    scenes: Iterable[Scene],
    seed: int,
    *,
    num_items: int = NUM_ITEMS,
    max_items_per_fact: int | None = None,
    facts_of: Callable[[Scene], Sequence[Fact]] = scene_facts,
) -> tuple[ProbeItem, ...]:
    """Pair every sure fact with its opposite, balance truth within equal texts, and share items out over the groups.

    Args:
        scenes: held-out scenes.
        seed: decides which facts stay where there are too many.
        num_items: at most so many items, shared as equally as can be over groups and one or several people.
        max_items_per_fact: at most so many items of one kind; None sets no limit.
        facts_of: scene -> facts.
    """
    rng = np.random.default_rng(seed)
    pools: dict[tuple[Hashable, ...], dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for scene in scenes:
        for candidate in candidates(scene, facts_of(scene)):
            pools[candidate.context][candidate.label].append(candidate)
    buckets: dict[tuple[str, bool], list[tuple[Candidate, Candidate]]] = defaultdict(list)
    for context in sorted(pools, key=str):
        for couple in counterparts(pools[context], rng):
            buckets[couple[0].bucket].append(couple)
    items = []
    most = num_items if max_items_per_fact is None else max_items_per_fact
    for one, other in taken_in_turn(buckets, num_items // 2, most // 2, rng):
        items += [_item(one, other), _item(other, one)]
    return tuple(sorted(items, key=lambda item: (item.scene_id, item.id)))


def _item(candidate: Candidate, opposite: Candidate) -> ProbeItem:
    """The candidate's statement and the same statement with the opposite's truth."""
    fact, scene = candidate.fact, candidate.scene
    false_fact, false_scene = _with_truth(fact, scene, opposite)
    # One hand may be raised past the shoulder and past the head: two facts.
    told = fact.value if fact.kind == "hand_motion" else None
    parts = (scene.id, fact.kind, fact.person, fact.part, fact.target, told)
    name = "-".join(str(part) for part in parts if part is not None)
    return ProbeItem(
        id=name.replace(" ", "-"),
        scene_id=scene.id,
        image=scene.image,
        group=group_of(fact.kind),
        kind=fact.kind,
        part=fact.part,
        value=candidate.label,
        flipped_value=opposite.label,
        num_people=len(scene.people),
        person=fact.person,
        questions=(
            in_clip(ask(fact, scene, 0, false_fact, false_scene), fact, scene),
            in_clip(ask(fact, scene, 1, false_fact, false_scene), fact, scene),
        ),
        true=in_clip(state(fact, scene, 0), fact, scene),
        flipped=in_clip(state(false_fact, false_scene, 0), fact, scene),
        frames=tuple(frame.image for frame in scene.frames),
        times_s=tuple(frame.time_s for frame in scene.frames),
    )


MIDDLE = "In the middle of the clip, "
"""In front of what is asked and said of a still fact where frames are shown: they are those of the middle one."""


def in_clip(text: str, fact: Fact, scene: Scene) -> str:
    """A sentence about a still fact of a clip, which says when it holds; any other as it is."""
    if not scene.frames or fact.kind in MOTION_GROUPS:
        return text
    return f"{MIDDLE}{text[:1].lower()}{text[1:]}"


def _with_truth(fact: Fact, scene: Scene, opposite: Candidate) -> tuple[Fact, Scene]:
    """The fact as the opposite would have it; an object that the scene lacks is lent to it."""
    if fact.kind == "contact":
        return lend(fact, scene, opposite.label)
    if fact.kind == "nearest":
        return replace(fact, target=references(scene).index(opposite.label)), scene
    return replace(fact, value=opposite.label), scene


def item_row(item: ProbeItem) -> dict[str, Any]:
    """The item as plain JSON values; frames and times where it has any."""
    row = asdict(item)
    frames, times = row.pop("frames"), row.pop("times_s")
    return {**row, "frames": list(frames), "times": list(times)} if frames else row
