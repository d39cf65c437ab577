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

from llavapose.evaluation.statistics import balanced_accuracy
from llavapose.pose.facts import scene_facts
from llavapose.pose.people import prominent, references
from llavapose.pose.vocabulary import GROUPS, OPPOSITES
from llavapose.records import ALL, Fact, Scene
from llavapose.teacher.language import ask, label, lend, state

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


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A sure fact that could become an item.

    Attributes:
        label: what is true.
        context: all that the text shows besides.
        doubtful: labels that the flipped statement must not have, since the picture may show them as well.
    """

    fact: Fact
    scene: Scene
    label: str
    context: tuple[Hashable, ...]
    doubtful: frozenset[str] = frozenset()

    @property
    def bucket(self) -> tuple[str, bool]:
        """Group and whether several people are in the picture: what the items are shared out over."""
        return GROUPS[self.fact.kind], len(self.scene.people) > 1


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
    pools: dict[tuple[Hashable, ...], dict[str, list[_Candidate]]] = defaultdict(lambda: defaultdict(list))
    for scene in getattr(scenes, "scenes", scenes):
        for candidate in _candidates(scene, facts_of(scene)):
            pools[candidate.context][candidate.label].append(candidate)
    buckets: dict[tuple[str, bool], list[tuple[_Candidate, _Candidate]]] = defaultdict(list)
    for context in sorted(pools, key=str):
        for couple in _couples(pools[context], rng):
            buckets[couple[0].bucket].append(couple)
    items = []
    most = num_items if max_items_per_fact is None else max_items_per_fact
    for one, other in _shared_out(buckets, num_items // 2, most // 2, rng):
        items += [_item(one, other), _item(other, one)]
    return tuple(sorted(items, key=lambda item: (item.scene_id, item.id)))


def _candidates(scene: Scene, facts: Sequence[Fact]) -> Iterable[_Candidate]:
    """The sure facts of a scene that can be told without giving the answer away."""
    names = references(scene)
    for fact in facts:
        if not fact.sure or (fact.person is not None and not names[fact.person]):
            continue
        if (fact.kind == "nearest" and not _name_of_target(fact, names)) or (fact.kind, fact.value) == (
            "count",
            "many",
        ):
            continue
        # "The person on the left" says much about where they are: truth is balanced among equal references only.
        reference = names[fact.person] if fact.person is not None else ""
        others = _name_of_target(fact, names) if fact.kind == "side_of" else ""
        crowd = len(prominent(scene)) if fact.kind == "nearest" else 0
        context = (fact.kind, fact.part or "", reference, others, crowd, len(scene.people) > 1)
        same = [f for f in facts if (f.kind, f.person, f.part) == (fact.kind, fact.person, fact.part)]
        doubtful = frozenset(label(f, scene) for f in same) if fact.kind in ("contact", "nearest") else frozenset()
        yield _Candidate(fact=fact, scene=scene, label=label(fact, scene), context=context, doubtful=doubtful)


def _name_of_target(fact: Fact, names: Sequence[str]) -> str:
    """The person that the fact points at; "" where it has no name."""
    return names[fact.target] if fact.target is not None else ""


def _compatible(kind: str, one: str, other: str) -> bool:
    """Whether two labels can stand as true and false of the same question."""
    if kind == "count":
        return abs(int(one) - int(other)) == 1
    if kind in OPPOSITES:
        return OPPOSITES[kind].get(one) == other or OPPOSITES[kind].get(other) == one
    return one != other


def _couples(pools: dict[str, list[_Candidate]], rng: np.random.Generator) -> list[tuple[_Candidate, _Candidate]]:
    """Match candidates of opposite truth one to one; each is used once, the rest of the larger side is left out.

    A value with several opposites ("lowered" against three raised ones) is split over them by their sizes.
    """
    truths = sorted(pools)
    kind = next(iter(pools.values()))[0].fact.kind
    shuffled = {truth: [pools[truth][i] for i in rng.permutation(len(pools[truth]))] for truth in truths}
    shares: dict[tuple[str, str], list[_Candidate]] = {}
    for truth in truths:
        partners = [other for other in truths if other != truth and _compatible(kind, truth, other)]
        sizes = np.array([len(pools[other]) for other in partners], float)
        if not partners:
            continue
        ends = np.round(np.cumsum(sizes) / sizes.sum() * len(shuffled[truth])).astype(int)
        for partner, start, end in zip(partners, [0, *ends[:-1]], ends, strict=True):
            shares[truth, partner] = shuffled[truth][start:end]
    return [
        couple
        for one, other in sorted(shares)
        if one < other
        for couple in zip(shares[one, other], shares[other, one], strict=False)
        if couple[1].label not in couple[0].doubtful and couple[0].label not in couple[1].doubtful
    ]


def _shared_out(
    buckets: dict[tuple[str, bool], list[tuple[_Candidate, _Candidate]]],
    num_couples: int,
    most_of_kind: int,
    rng: np.random.Generator,
) -> list[tuple[_Candidate, _Candidate]]:
    """Take couples from all buckets in turn until there are enough or none is left."""
    queues = [[buckets[key][i] for i in rng.permutation(len(buckets[key]))] for key in sorted(buckets)]
    taken: list[tuple[_Candidate, _Candidate]] = []
    num_of_kind: dict[str, int] = defaultdict(int)
    while len(taken) < num_couples and any(queues):
        for queue in queues:
            kind = queue[-1][0].fact.kind if queue else ""
            if queue and num_of_kind[kind] >= most_of_kind:
                queue.pop()
            elif queue and len(taken) < num_couples:
                num_of_kind[kind] += 1
                taken.append(queue.pop())
    return taken


def _item(candidate: _Candidate, opposite: _Candidate) -> ProbeItem:
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


def _with_truth(fact: Fact, scene: Scene, opposite: _Candidate) -> tuple[Fact, Scene]:
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
                {"arm": arm, "pictures": pictures, "group": name, **_scores(part, seed)}
                for name, part in parts.items()
                if part
            ]
    return table


def _scores(rows: Sequence[dict], seed: int) -> dict:
    """The measured columns of one line of the table."""
    sides = [((row["kind"], row["part"], _pair(row)), row["value"]) for row in rows]
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


def _pair(row: dict) -> tuple[str, ...]:
    """The two truths of a row's cell."""
    return tuple(sorted((row["value"], row["flipped_value"])))


def _majority(sides: Sequence[tuple[Hashable, Hashable]]) -> float:
    """The accuracy of always saying the commoner truth of each cell."""
    counts: dict[Hashable, dict[Hashable, int]] = defaultdict(lambda: defaultdict(int))
    for cell, truth in sides:
        counts[cell][truth] += 1
    return sum(max(truths.values()) for truths in counts.values()) / len(sides)
