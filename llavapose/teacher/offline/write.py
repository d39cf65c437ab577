"""Select scenes, ask the teacher, write samples: the whole way from annotations to instruction data."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.config.choices import Context, ConvForm
from llavapose.config.teaching import TeacherConfig, not_of_scenes
from llavapose.errors import ConfigError, DataError
from llavapose.files import write_json
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Fact, Sample, Scene, Turn
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.context import FALSE_ON_PURPOSE, partners, with_keypoints_of
from llavapose.teacher.offline.balance import balance_of
from llavapose.teacher.offline.captions import consistent
from llavapose.teacher.offline.motion.course import is_motion
from llavapose.teacher.offline.motion.middle import images_of, in_the_middle
from llavapose.teacher.offline.motion.teacher import MotionTeacher
from llavapose.teacher.offline.teacher import OfflineTeacher, Request
from llavapose.teacher.order import wanted_samples
from llavapose.teacher.prompts import PROMPT_VERSION
from llavapose.teacher.prompts.motion import MOTION_PROMPT_VERSION

_PARTS = {context: "keypoints" if context == Context.other_keypoints else context.value for context in Context}
"""Context -> the parts of an annotation that it has."""

MOTION, STILL = "motion", "still"
"""What a sample of a clip is about: how people move, or how they are in its middle."""

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
    facts: dict[int, tuple[Fact, ...]]
    teacher: OfflineTeacher
    mover: MotionTeacher
    """Who writes about what moves, where scenes have frames."""
    context: str
    num_pairs: int
    seed: int
    sees: Context | None
    seen: dict[int, tuple[Fact, ...]] | None
    """Facts that answers are given from, where those are not the questions'; None: ``facts`` for both."""


def generate(*, scenes: SceneSet, teacher: TeacherConfig, out: Path, progress: bool = True) -> Summary:
    """Write ``out/samples.jsonl`` (samples grouped by picture) and ``out/summary.json``.

    Args:
        scenes: annotated pictures, those that qualify.
        teacher: how many samples, from what context (one for all kinds), in which form; the same seed gives the same
            file, byte for byte.
        out: folder of the results.
        progress: whether to show a progress bar.

    Raises:
        DataError: there are no scenes, pictures are missing, or nothing can be told.
    """
    start = time.monotonic()
    shown = scenes.scenes
    if not shown:
        raise DataError(f"no scene of {scenes.images} qualifies; check the settings of scenes")
    _check_pictures(shown, scenes.images)
    _check_share(shown, teacher)
    wanted = wanted_samples(len(shown), teacher.num_samples)
    desk = _desk(shown, teacher, num_draws=max(1, round(wanted["conv"] / len(shown))), progress=progress)
    with tqdm(total=sum(wanted.values()), desc="samples", unit="sample", disable=not progress) as bar:
        written = {
            (about, kind): _of_kind(about, kind, part, desk, bar)
            for kind, number in wanted.items()
            for about, part in _parts(number, shown, teacher.motion_share).items()
        }
    samples = list(_grouped(written, desk))
    if not samples:
        raise DataError(
            f"context {desk.context!r} tells nothing about {len(shown)} scenes (captions missing?); add data"
        )
    write_samples(out / "samples.jsonl", samples)
    notes = [*_untold(shown, desk.scenes), *_about_motion(samples)]
    if desk.context == Context.other_keypoints:
        notes.append(FALSE_ON_PURPOSE)
    summary = _summary(out / "samples.jsonl", samples, wanted, notes, time.monotonic() - start)
    write_json(out / "summary.json", asdict(summary))
    return summary


def _desk(scenes: tuple[Scene, ...], teacher: TeacherConfig, *, num_draws: int, progress: bool) -> _Desk:
    """Whose facts are asked about, and whose are told."""
    context = teacher.context_of("conv")
    limited = teacher.sees not in (None, Context.keypoints)
    lent = scenes
    if context == Context.other_keypoints:
        others = partners(scenes, teacher.seed)
        lent = tuple(with_keypoints_of(scene, others[scene.id]) for scene in scenes)
    shown = scenes if limited else lent
    asked_from = Context.keypoints if limited else context
    facts = {s.id: scene_facts(s) for s in tqdm(shown, desc="pose facts", unit="scene", disable=not progress)}
    seen = facts if lent is shown else {scene.id: scene_facts(scene) for scene in lent}
    still, moving = (
        balance_of(
            [(scene, [fact for fact in facts[scene.id] if is_motion(fact) == about]) for scene in shown],
            num_draws=num_draws,
        )
        for about in (False, True)
    )
    told = shown
    if _PARTS[asked_from] == "keypoints":
        told = tuple(consistent(scene, facts[scene.id]) for scene in told)
    return _Desk(
        scenes=told,
        facts=facts,
        teacher=OfflineTeacher(context=_PARTS[asked_from], balance=still, sees=_PARTS[context]),
        mover=MotionTeacher(context=_PARTS[context], balance=moving),
        context=context.value,
        sees=teacher.sees,
        num_pairs=DIALOGUE_PAIRS if teacher.conv_form == ConvForm.dialogue else 1,
        seed=teacher.seed,
        seen=seen if limited else None,
    )


def _check_pictures(scenes: Sequence[Scene], images: Path) -> None:
    wanted = [image for scene in scenes for image in images_of(scene)]
    missing = [image for image in wanted if not (images / image).is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(wanted)} pictures are not in {images}, the first is {missing[0]}; add them"
        )


def _check_share(scenes: Sequence[Scene], teacher: TeacherConfig) -> None:
    """Refuse what frames cannot be asked with, and a share that no scene has frames for."""
    if found := not_of_scenes(teacher, over_time=any(scene.frames for scene in scenes)):
        raise ConfigError(found[0])


def _parts(number: int, scenes: Sequence[Scene], share: float) -> dict[str, int]:
    """Of ``number`` samples of a kind, how many are about motion and how many about a picture that stands still."""
    over_time = sum(bool(scene.frames) for scene in scenes) / len(scenes)
    moving = round(number * share * over_time)
    return {MOTION: moving, STILL: number - moving}


def _about_motion(samples: Sequence[Sample]) -> list[str]:
    """How many samples are about what."""
    counts = Counter(sample.provenance["about"] for sample in samples if "about" in sample.provenance)
    return [f"{counts[MOTION]} samples about motion, {counts[STILL]} about the middle of a clip"] if counts else []


def _untold(scenes: Sequence[Scene], told: Sequence[Scene]) -> list[str]:
    """How many captions are left unsaid because they contradict the keypoints."""
    number = sum(len(scene.captions) for scene in scenes)
    left_out = number - sum(len(scene.captions) for scene in told)
    return [f"{left_out} of {number} captions contradict the pose facts and are not told"] if left_out else []


def _of_kind(about: str, kind: str, number: int, desk: _Desk, bar: Any) -> dict[int, list[tuple[Turn, ...]]]:
    """Conversations of one kind by scene id, spread evenly over the scenes in seeded order.

    What a scene cannot give is asked of the others, until there are enough or all have said everything.
    """
    order = [scene for scene in desk.scenes if scene.frames or about == STILL]
    random.Random(f"{desk.seed}/{kind}/scenes").shuffle(order)
    writer = desk.mover if about == MOTION else desk.teacher
    written: dict[int, list[tuple[Turn, ...]]] = defaultdict(list)
    missing = number
    while missing > 0 and order:
        share, rest = divmod(missing, len(order))
        willing = []
        for index, scene in enumerate(order):
            more = share + (index < rest)
            if more == 0:
                willing += order[index:]
                break
            had = len(written[scene.id])
            request = _request(kind, scene, had + more, desk)
            written[scene.id] = list(writer.write(request))
            gained = len(written[scene.id]) - had
            missing -= gained
            bar.update(gained)
            if gained == more:
                willing.append(scene)
        order = willing
    return written


def _request(kind: str, scene: Scene, num: int, desk: _Desk) -> Request:
    return Request(
        scene=scene,
        facts=desk.facts[scene.id],
        kind=kind,
        num=num,
        seed=desk.seed,
        num_pairs=desk.num_pairs if kind == "conv" else 1,
        seen=desk.seen[scene.id] if desk.seen is not None else None,
    )


def _grouped(
    written: Mapping[tuple[str, str], Mapping[int, Sequence[tuple[Turn, ...]]]], desk: _Desk
) -> Iterator[Sample]:
    """The samples picture by picture, or clip by clip, with their provenance."""
    for scene in desk.scenes:
        for (about, kind), conversations in written.items():
            for index, turns in enumerate(conversations.get(scene.id, ())):
                yield Sample(
                    id=f"{scene.id}-{kind}-{'motion-' if about == MOTION else ''}{index}",
                    images=images_of(scene),
                    kind=kind,
                    turns=in_the_middle(turns) if scene.frames and about == STILL else turns,
                    provenance={
                        "scene": scene.id,
                        **({"video": scene.video, "about": about} if scene.frames else {}),
                        "split": scene.split,
                        "kind": kind,
                        "teacher": desk.teacher.name,
                        "context": desk.context,
                        **({"sees": desk.sees.value} if desk.sees else {}),
                        "prompt": MOTION_PROMPT_VERSION if about == MOTION else PROMPT_VERSION,
                        "seed": desk.seed,
                    },
                    times_s=tuple(frame.time_s for frame in scene.frames),
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
