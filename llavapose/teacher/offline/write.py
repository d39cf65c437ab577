"""Select scenes, ask the teacher, write samples: the whole way from annotations to instruction data."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.errors import DataError
from llavapose.files import write_json
from llavapose.llm.chat import Message
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import KINDS, Fact, Sample, Scene, Turn
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.select import select
from llavapose.teacher.context import context_text, partners, with_keypoints_of
from llavapose.teacher.offline.balance import balance_of
from llavapose.teacher.offline.captions import consistent
from llavapose.teacher.offline.request import Request, Teacher
from llavapose.teacher.offline.teacher import OfflineTeacher
from llavapose.teacher.prompts import PROMPT_VERSION, prompt

RATIO: dict[str, float] = {"conv": 112_980, "detail": 45_174, "complex": 42_174}
"""The papers' numbers of samples, and so their ratio of kinds."""

NUM_PER_SCENE = 200 / 45
"""Samples a scene where no number is asked for: one description, and the other kinds in the papers' ratio."""

DIALOGUE_PAIRS = 5
"""Question-answer pairs of one dialogue, as many as the papers asked for per picture."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run of ``generate`` made.

    Attributes:
        path: the file of samples.
        num_samples: how many in all.
        counts: samples by kind.
        mean_words: mean words of an answer by kind.
        num_scenes: scenes with at least one sample.
        notes: what was left out or fell short, one line each.
        seconds: wall time.
    """

    path: str
    num_samples: int
    counts: dict[str, int]
    mean_words: dict[str, float]
    num_scenes: int
    notes: tuple[str, ...]
    seconds: float

    def lines(self) -> list[str]:
        """The summary as lines to print."""
        kinds = ", ".join(f"{n} {kind} ({self.mean_words[kind]:.0f} words)" for kind, n in self.counts.items())
        return [
            f"{self.num_samples} samples of {self.num_scenes} scenes in {self.seconds:.1f} s: {kinds}",
            *self.notes,
            f"samples: {self.path}",
        ]


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """All that a sample is written from."""

    scenes: tuple[Scene, ...]
    contexts: dict[int, str]
    facts: dict[int, tuple[Fact, ...]]
    teacher: Teacher
    context: str
    num_pairs: int
    seed: int


def generate(
    *,
    scenes: SceneSet,
    out: Path,
    teacher: Teacher | None = None,
    kinds: Sequence[str] = KINDS,
    num_samples: int | None = None,
    ratio: Mapping[str, float] = RATIO,
    context: str = "keypoints",
    conv_form: str = "pairs",
    seed: int = 0,
    min_labelled_joints: int = 0,
    excluded_ids: Collection[int] = (),
    progress: bool = True,
) -> Summary:
    """Write ``out/samples.jsonl`` (samples grouped by picture) and ``out/summary.json``.

    Args:
        scenes: annotated pictures.
        out: folder of the results.
        teacher: who writes; None takes the offline teacher. One without a balance is balanced over these scenes.
        kinds: kinds of sample to make.
        num_samples: how many in all; None makes about 4.4 a scene.
        ratio: how the samples are shared out over ``kinds``.
        context: "captions", "boxes" (and captions), "keypoints" (and both): what the teacher may use; or
            "other_keypoints": another picture's in their place, the control for what keypoints add.
        conv_form: "pairs" makes every question-answer pair a sample; "dialogue" joins five to one.
        seed: the same seed gives the same file, byte for byte.
        min_labelled_joints: a scene needs a person with this many labelled joints.
        excluded_ids: image ids that must stay out.
        progress: whether to show a progress bar.

    Raises:
        DataError: no scene qualifies, pictures are missing, or nothing can be told.
    """
    start = time.monotonic()
    chosen = select(scenes.scenes, min_labelled_joints=min_labelled_joints, excluded_ids=excluded_ids)
    if not chosen.scenes:
        raise DataError(f"no scene of {scenes.images} qualifies ({'; '.join(chosen.notes) or 'the set is empty'})")
    _check_pictures(chosen.scenes, scenes.images)
    shown = chosen.scenes
    if context == "other_keypoints":
        others = partners(shown, seed)
        shown = tuple(with_keypoints_of(scene, others[scene.id]) for scene in shown)
    parts = "keypoints" if context == "other_keypoints" else context
    facts = {s.id: scene_facts(s) for s in tqdm(shown, desc="pose facts", unit="scene", disable=not progress)}
    if teacher is None:
        teacher = OfflineTeacher(context=parts)
    total = round(NUM_PER_SCENE * len(chosen.scenes)) if num_samples is None else num_samples
    wanted = split_by_ratio(total, {kind: ratio[kind] for kind in kinds})
    if isinstance(teacher, OfflineTeacher) and not teacher.balance.counts:
        num_draws = max(1, round(wanted.get("conv", 0) / len(chosen.scenes)))
        balance = balance_of([(scene, facts[scene.id]) for scene in shown], num_draws=num_draws)
        teacher = OfflineTeacher(context=teacher.context, balance=balance)
    told = shown
    if parts == "keypoints":
        told = tuple(consistent(scene, facts[scene.id]) for scene in told)
    desk = _Desk(
        scenes=told,
        contexts={scene.id: context_text(scene, parts) for scene in shown},
        facts=facts,
        teacher=teacher,
        context=context,
        num_pairs=DIALOGUE_PAIRS if conv_form == "dialogue" else 1,
        seed=seed,
    )
    with tqdm(total=total, desc="samples", unit="sample", disable=not progress) as bar:
        written = {kind: _of_kind(kind, number, desk, bar) for kind, number in wanted.items()}
    samples = list(_grouped(written, desk))
    if not samples:
        raise DataError(
            f"context {context!r} tells nothing about {len(chosen.scenes)} scenes (captions missing?); add data"
        )
    write_samples(out / "samples.jsonl", samples)
    notes = (*chosen.notes, *_untold(chosen.scenes, told))
    summary = _summary(out / "samples.jsonl", samples, wanted, notes, time.monotonic() - start)
    write_json(out / "summary.json", asdict(summary))
    return summary


def split_by_ratio(total: int, ratio: Mapping[str, float]) -> dict[str, int]:
    """``total`` split by ``ratio``, exactly: what rounding leaves goes to the largest remainders."""
    whole = sum(ratio.values())
    exact = {key: total * share / whole for key, share in ratio.items()}
    parts = {key: int(value) for key, value in exact.items()}
    for key in sorted(exact, key=lambda key: (parts[key] - exact[key], list(ratio).index(key)))[
        : total - sum(parts.values())
    ]:
        parts[key] += 1
    return parts


def _check_pictures(scenes: Sequence[Scene], images: Path) -> None:
    missing = [scene.image for scene in scenes if not (images / scene.image).is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(scenes)} pictures are not in {images}, the first is {missing[0]}; add them"
        )


def _untold(scenes: Sequence[Scene], told: Sequence[Scene]) -> list[str]:
    """How many captions are left unsaid because they contradict the keypoints."""
    number = sum(len(scene.captions) for scene in scenes)
    left_out = number - sum(len(scene.captions) for scene in told)
    return [f"{left_out} of {number} captions contradict the pose facts and are not told"] if left_out else []


def _of_kind(kind: str, number: int, desk: _Desk, bar: Any) -> dict[int, list[tuple[Turn, ...]]]:
    """Conversations of one kind by scene id, spread evenly over the scenes in seeded order.

    What a scene cannot give is asked of the others, until there are enough or all have said everything.
    """
    order = list(desk.scenes)
    random.Random(f"{desk.seed}/{kind}/scenes").shuffle(order)
    written: dict[int, list[tuple[Turn, ...]]] = defaultdict(list)
    missing = number
    while missing > 0 and order:
        share, rest = divmod(missing, len(order))
        willing = []
        for index, scene in enumerate(order):
            more = share + (index < rest)
            if more == 0:
                break
            had = len(written[scene.id])
            request = _request(kind, scene, had + more, desk)
            written[scene.id] = list(desk.teacher.write(request))
            gained = len(written[scene.id]) - had
            missing -= gained
            bar.update(gained)
            if gained == more:
                willing.append(scene)
        order = willing
    return written


def _request(kind: str, scene: Scene, num: int, desk: _Desk) -> Request:
    messages = (
        Message(role="system", text=prompt(kind)),
        Message(role="user", text=desk.contexts[scene.id]),
    )
    return Request(
        scene=scene,
        facts=desk.facts[scene.id],
        kind=kind,
        num=num,
        seed=desk.seed,
        num_pairs=desk.num_pairs if kind == "conv" else 1,
        messages=messages,
    )


def _grouped(written: Mapping[str, Mapping[int, Sequence[tuple[Turn, ...]]]], desk: _Desk) -> Iterator[Sample]:
    """The samples picture by picture, with their provenance."""
    for scene in desk.scenes:
        for kind, conversations in written.items():
            for index, turns in enumerate(conversations.get(scene.id, ())):
                yield Sample(
                    id=f"{scene.id}-{kind}-{index}",
                    image=scene.image,
                    kind=kind,
                    turns=turns,
                    provenance={
                        "scene": scene.id,
                        "split": scene.split,
                        "kind": kind,
                        "teacher": desk.teacher.name,
                        "context": desk.context,
                        "prompt": PROMPT_VERSION,
                        "seed": desk.seed,
                    },
                )


def _summary(
    path: Path, samples: Sequence[Sample], wanted: Mapping[str, int], notes: Sequence[str], seconds: float
) -> Summary:
    counts = Counter(sample.kind for sample in samples)
    words: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for sample in samples:
        for turn in sample.turns:
            if turn.role == "assistant":
                words[sample.kind] += len(turn.text.split())
                answers[sample.kind] += 1
    short = [
        f"{number - counts[kind]} of {number} {kind} samples could not be made: the scenes say no more; add scenes"
        for kind, number in wanted.items()
        if counts[kind] < number
    ]
    return Summary(
        path=str(path),
        num_samples=len(samples),
        counts={kind: counts[kind] for kind in wanted},
        mean_words={kind: round(words[kind] / max(answers[kind], 1), 1) for kind in wanted},
        num_scenes=len({sample.image for sample in samples}),
        notes=(*notes, *short),
        seconds=round(seconds, 2),
    )
