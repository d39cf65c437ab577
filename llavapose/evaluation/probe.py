"""The pose probe: does the model believe the true statement about a picture more than the flipped one?

Every item is one sure fact said truly and falsely. No judge reads anything: the model's own log-likelihood decides.
Items come in couples whose texts are the same and whose truths are opposite (here "bent" is true, there "straight"),
so a model that never looks at the picture is right on exactly half of them, whatever it has learnt about people.

One record::

    {"id": "17-elbow-0-left-elbow", "scene_id": 17, "image": "000017.jpg", "group": "elbows and knees",
     "kind": "elbow", "part": "left elbow", "value": "bent", "flipped_value": "straight", "num_people": 1, "person": 0,
     "questions": ["Is the left elbow bent or straight?", "Is the left elbow straight or bent?"],
     "true": "The left elbow is bent.", "flipped": "The left elbow is straight."}
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from llavapose.evaluation.couples import Candidate, candidates, couples, shared_out
from llavapose.evaluation.statistics import balanced_accuracy
from llavapose.pose.facts import scene_facts
from llavapose.pose.people import references
from llavapose.pose.vocabulary import GROUPS
from llavapose.records import ALL, Fact, Scene
from llavapose.teacher.language import ask, lend, state

NUM_ITEMS = 1500
PROBE_COLUMNS = (
    "arm", "pictures", "group", "balanced_accuracy", "majority", "skill", "low", "high", "n",
)  # fmt: skip


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
        scenes: held-out scenes (a ``SceneSet``'s ``scenes``).
        seed: decides which facts stay where there are too many.
        num_items: at most so many items, shared as equally as can be over groups and one or several people.
        max_items_per_fact: at most so many items of one kind; None sets no limit.
        facts_of: scene -> facts.
    """
    rng = np.random.default_rng(seed)
    pools: dict[tuple[Hashable, ...], dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for scene in getattr(scenes, "scenes", scenes):
        for candidate in candidates(scene, facts_of(scene)):
            pools[candidate.context][candidate.label].append(candidate)
    buckets: dict[tuple[str, bool], list[tuple[Candidate, Candidate]]] = defaultdict(list)
    for context in sorted(pools, key=str):
        for couple in couples(pools[context], rng):
            buckets[couple[0].bucket].append(couple)
    items = []
    most = num_items if max_items_per_fact is None else max_items_per_fact
    for one, other in shared_out(buckets, num_items // 2, most // 2, rng):
        items += [_item(one, other), _item(other, one)]
    return tuple(sorted(items, key=lambda item: (item.scene_id, item.id)))


def _item(candidate: Candidate, opposite: Candidate) -> ProbeItem:
    """The candidate's statement and the same statement with the opposite's truth."""
    fact, scene = candidate.fact, candidate.scene
    false_fact, false_scene = _with_truth(fact, scene, opposite)
    parts = (scene.id, fact.kind, fact.person, fact.part, fact.target)
    name = "-".join(str(part) for part in parts if part is not None)
    return ProbeItem(
        id=name.replace(" ", "-"),
        scene_id=scene.id,
        image=scene.image,
        group=GROUPS[fact.kind],
        kind=fact.kind,
        part=fact.part,
        value=candidate.label,
        flipped_value=opposite.label,
        num_people=len(scene.people),
        person=fact.person,
        questions=(ask(fact, scene, 0, false_fact, false_scene), ask(fact, scene, 1, false_fact, false_scene)),
        true=state(fact, scene, 0),
        flipped=state(false_fact, false_scene, 0),
    )


def _with_truth(fact: Fact, scene: Scene, opposite: Candidate) -> tuple[Fact, Scene]:
    """The fact as the opposite would have it; an object that the scene lacks is lent to it."""
    if fact.kind == "contact":
        return lend(fact, scene, opposite.label)
    if fact.kind == "nearest":
        return replace(fact, target=references(scene).index(opposite.label)), scene
    return replace(fact, value=opposite.label), scene


def item_row(item: ProbeItem) -> dict:
    """The item as plain JSON values."""
    return asdict(item)


def is_right(row: dict) -> bool:
    """Whether the true statement is likelier than the flipped one, over both orders of the question."""
    return sum(row["loglik_true"]) > sum(row["loglik_flipped"])


PROBE_GROUPS = (ALL, *dict.fromkeys(GROUPS.values()))


def probe_table(rows: Iterable[dict], seed: int = 0, groups: Sequence[str] = PROBE_GROUPS) -> list[dict]:
    """Balanced accuracy and skill by arm, pictures and group.

    A cell is one two-way fact: (kind, part, {value, flipped value}). Its accuracy is the mean recall of its two truths;
    cells are averaged by their number of items. ``majority`` is the accuracy of always saying a cell's commoner truth,
    averaged likewise (0.5 when the probe is whole), and skill = (balanced_accuracy - majority) / (1 - majority).
    Cells of which the chosen rows hold one truth only are left out ("one or two people?" among pictures of one person).
    ``low`` and ``high`` bound the skill: 95%, by bootstrap over images.

    Args:
        rows: an item's fields with ``arm``, ``pictures`` ("true" or "shuffled"), ``loglik_true``, ``loglik_flipped``;
            ``right`` (0..1) stands instead of the log-likelihoods where several seeds were averaged.
        seed: of the resampling.
        groups: which groups of facts to score.
    """
    runs: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for row in rows:
        runs[row["arm"], row["pictures"]].append(row)
    table = []
    for (arm, pictures), of_run in runs.items():
        for group in groups:
            chosen = [row for row in of_run if group in (ALL, row["group"])]
            parts = {
                group: chosen,
                f"{group} (one person)": [row for row in chosen if row["num_people"] == 1],
                f"{group} (several people)": [row for row in chosen if row["num_people"] > 1],
            }
            table += [
                {"arm": arm, "pictures": pictures, "group": name, **_scores(two_sided, seed)}
                for name, part in parts.items()
                if (two_sided := _two_sided(part))
            ]
    return table


def _cell(row: dict) -> tuple[Hashable, ...]:
    """The two-way fact that a row is about."""
    return row["kind"], row["part"], *sorted((row["value"], row["flipped_value"]))


def _two_sided(rows: Sequence[dict]) -> list[dict]:
    """The rows whose cell holds both truths: the accuracy of one truth alone is no balanced accuracy."""
    truths: dict[Hashable, set[str]] = defaultdict(set)
    for row in rows:
        truths[_cell(row)].add(row["value"])
    return [row for row in rows if len(truths[_cell(row)]) == 2]


def _scores(rows: Sequence[dict], seed: int) -> dict:
    """The measured columns of one line of the table."""
    sides = [(_cell(row), row["value"]) for row in rows]
    right = [float(row["right"] if "right" in row else is_right(row)) for row in rows]
    estimate = balanced_accuracy(right, sides, [row["scene_id"] for row in rows], seed)
    majority = _majority(sides)

    def skill(accuracy: float) -> float:
        return (accuracy - majority) / (1 - majority) if majority < 1 else float("nan")

    return {
        "balanced_accuracy": estimate.value,
        "majority": majority,
        "skill": skill(estimate.value),
        "low": skill(estimate.low),
        "high": skill(estimate.high),
        "n": estimate.num,
    }


def _majority(sides: Sequence[tuple[Hashable, Hashable]]) -> float:
    """The accuracy of always saying the commoner truth of each cell."""
    counts: dict[Hashable, dict[Hashable, int]] = defaultdict(lambda: defaultdict(int))
    for cell, truth in sides:
        counts[cell][truth] += 1
    return sum(max(truths.values()) for truths in counts.values()) / len(sides)
