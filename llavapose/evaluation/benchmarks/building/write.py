"""The whole way from settings to a frozen benchmark: which pictures qualify, who asks, the file, what was replaced."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import Context, Selected
from llavapose.config.evaluating import BenchmarkConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.schema import GenerateConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.benchmarks.building.build import Built, build, order_of_lot
from llavapose.evaluation.benchmarks.building.candidates import EndpointQuestions, OfflineQuestions
from llavapose.evaluation.benchmarks.coco_pictures import absent
from llavapose.evaluation.benchmarks.frozen import Frozen, read_frozen, write_frozen
from llavapose.evaluation.benchmarks.questions.check import CHECKS_VERSION
from llavapose.files import sha256, write_jsonl
from llavapose.kinds import KINDS, taught_kinds
from llavapose.llm.ask import ledger_path, open_door
from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.lists import read_lists
from llavapose.scenes.open import open_scenes, world_folder
from llavapose.scenes.select import select
from llavapose.teacher.endpoint.plan import plan_of
from llavapose.teacher.endpoint.rounds import Assignment
from llavapose.teacher.examples import examples_hash, read_examples
from llavapose.teacher.make import OWNER
from llavapose.teacher.prompts import PROMPT_VERSION

_BUILT = "hpaub.HpaubBenchmark"


def build_benchmark_file(config: BenchmarkConfig, run: GenerateConfig) -> None:
    """Build the benchmark of these settings, and say so; one that is there already is never written over.

    Args:
        config: pictures, seed, file.
        run: the held-out pictures' annotations (the pictures themselves are not needed), the teacher, the folder of
            ledgers, the cap; with ``dry_run`` what would be asked and its price are said, and nothing is written.

    Raises:
        ConfigError: not a benchmark that is built, another one at ``path``, or too few pictures.
        DataError: annotations that are missing or broken.
        StoppedEarly: an endpoint that did not answer to the end; the same command goes on.
    """
    scenes, teacher, dry_run = run.scenes, run.teacher, run.dry_run
    path, num_images, seed = _checked(config, teacher)
    if scenes.drawn:
        print(
            f"benchmark: {path.stem} of the built-in world's drawn people; the papers' is of scenes=coco2014",
            flush=True,
        )
    opened = open_scenes(scenes, "val", pictures=False)
    pictures = _qualifying(opened, scenes, config)
    card = _card(config, scenes, teacher, pictures)
    if path.is_file() and not dry_run:
        _say_kept(path, card)
        _say_absent(path, opened, scenes)
        return
    if teacher.endpoint is None:
        if dry_run:
            print(f"teacher {teacher.name} writes here and costs nothing; {len(pictures):,} pictures qualify")
            return
        asks = OfflineQuestions({scene.id: scene for scene in pictures}, teacher)
        _finish(path, card, build(pictures, asks, num_images=num_images, seed=seed))
        _say_absent(path, opened, scenes)
        return
    assignment = _assignment(pictures, teacher, num_images)
    by_id = assignment.scenes
    first = replace(assignment, scenes={one: by_id[one] for one in order_of_lot(by_id, seed)[:num_images]})
    ledger = ledger_path(run.data_dir, "teacher", teacher.run or f"{path.stem}-{teacher.name}")
    if dry_run and not ledger.exists():
        print("\n".join(plan_of(first, None).lines()))
        return
    with open_door(
        teacher.endpoint, owner=OWNER, ledger=ledger, mode=teacher.mode, max_usd=run.max_usd, wait=teacher.wait,
        retry_failed=teacher.retry_failed,
    ) as door:  # fmt: skip
        print("\n".join(plan_of(first, door.ledger).lines()), flush=True)
        if not dry_run:
            found = build(pictures, EndpointQuestions(assignment, door), num_images=num_images, seed=seed)
            _finish(path, card, found)
            _say_absent(path, opened, scenes)


def _checked(config: BenchmarkConfig, teacher: TeacherConfig) -> tuple[Path, int, int]:
    if not config._target_.endswith(_BUILT) or config.path is None:
        raise ConfigError(
            f"benchmark: {config._target_} is asked as it is, there is nothing to build; expected hpaub, e_hpaub, "
            "e_hpaub_clean or e_hpaub_xl"
        )
    if not config.num_images:
        raise ConfigError(f"benchmark.num_images is {config.num_images}; expected at least 1")
    if Context.other_keypoints in {teacher.context_of(kind) for kind in taught_kinds()}:
        raise ConfigError("teacher.context: other_keypoints are not the picture's; a benchmark needs its own")
    return config.path, config.num_images, config.seed or 0


def _qualifying(opened: SceneSet, scenes: ScenesConfig, config: BenchmarkConfig) -> tuple[Scene, ...]:
    """The pictures with people and captions, as many joints labelled as training asks for, in both years if asked."""
    for note in opened.notes:
        print(f"scenes: {note}", flush=True)
    least = scenes.min_labelled_joints if scenes.select == Selected.joints else 0
    chosen = select(opened.scenes, min_labelled_joints=least)
    found = [scene for scene in chosen.scenes if scene.captions]
    notes = [*chosen.notes, f"{len(chosen.scenes) - len(found)} scenes left out: no caption"]
    if config.also_in is not None:
        both = read_lists(scenes.root / config.also_in, "benchmark.also_in").images
        notes.append(f"{sum(one.id not in both for one in found)} scenes left out: not in {config.also_in.name}")
        found = [scene for scene in found if scene.id in both]
    for note in notes:
        if not note.startswith("0 "):
            print(f"benchmark: {note}", flush=True)
    if not found:
        why = "; ".join(note for note in (*opened.notes, *notes) if not note.startswith("0 "))
        raise ConfigError(
            f"benchmark: none of {len(opened.scenes)} pictures qualifies ({why}); expected pictures with people and "
            f"captions: check scenes.val and what lies below {scenes.root}"
        )
    return tuple(found)


def _card(
    config: BenchmarkConfig, scenes: ScenesConfig, teacher: TeacherConfig, pictures: tuple[Scene, ...]
) -> dict[str, Any]:
    """All that decides the benchmark, as plain values."""
    asked = teacher.endpoint
    model = None if asked is None else {key: getattr(asked, key) for key in ("model", "max_tokens", "temperature")}
    examples = {kind: examples_hash(of_kind) for kind, of_kind in read_examples(teacher.examples).items()}
    return {
        "num_images": config.num_images,
        "num_questions": (config.num_images or 0) * len(taught_kinds()),
        "seed": config.seed or 0,
        "also_in": config.also_in.name if config.also_in else None,
        "scenes": scenes.name,
        "num_qualifying": len(pictures),
        "files": {str(path.relative_to(root)): sha256(path) for root, path in _files(config, scenes)},
        "teacher": {
            "name": teacher.name,
            "endpoint": model,
            "context": {kind: teacher.context_of(kind).value for kind in taught_kinds()},
            "seed": teacher.seed,
            "quality": teacher.quality.value if asked is not None else None,
            "examples": examples or None,
        },
        "prompts": PROMPT_VERSION,
        "checks": CHECKS_VERSION,
    }


def _files(config: BenchmarkConfig, scenes: ScenesConfig) -> Iterator[tuple[Path, Path]]:
    """Each annotation file with the folder that it is named from."""
    root = scenes.root
    if scenes.drawn:
        root = world_folder(scenes)
        yield from ((root, path) for path in sorted((root / "annotations").glob("*_val.json")))
        return
    named = (scenes.val.keypoints, scenes.val.instances, scenes.val.captions, config.also_in)
    yield from ((root, root / path) for path in named if path is not None and (root / path).is_file())


def _assignment(pictures: tuple[Scene, ...], teacher: TeacherConfig, num_images: int) -> Assignment:
    """One request a picture and kind; a conversation's holds several questions."""
    wanted = {kind: num_images * KINDS[kind].samples_per_reply for kind in taught_kinds()}
    by_id = {scene.id: scene for scene in pictures}
    return Assignment(scenes=by_id, teacher=teacher, wanted=wanted, examples=read_examples(teacher.examples))


def _say_kept(path: Path, card: dict[str, Any]) -> None:
    there = read_frozen(path).card
    different = [key for key, value in card.items() if there.get(key) != value]
    if different:
        key = different[0]
        raise ConfigError(
            f"benchmark.path: {path} is there and was built by other settings ({key} {there.get(key)} there, "
            f"{card[key]} here); give another benchmark.path, or remove the file"
        )
    print(f"benchmark: {path} (built before, settings unchanged), hash {there['hash']}", flush=True)


def _say_absent(path: Path, opened: SceneSet, scenes: ScenesConfig) -> None:
    """Building needs annotations alone; who asks will need the pictures."""
    if line := absent(opened, [scene.image for scene in read_frozen(path).scenes], f"benchmark {path.stem}", scenes):
        print(f"{line}; they are needed to ask", flush=True)


def _finish(path: Path, card: dict[str, Any], built: Built) -> None:
    """Write what was replaced first, then the benchmark: who finds it finds both."""
    aside = path.parent / "replaced" / path.name
    write_jsonl(aside, built.replaced)
    card = card | {"num_replaced": len(built.replaced)}
    done = write_frozen(path, Frozen(card=card, scenes=built.scenes, written=built.written))
    print(f"benchmark: {path}, {len(built.scenes)} pictures, {len(built.written)} questions, hash {done['hash']}")
    reasons = Counter(str(row["reason"]).partition(":")[0] for row in built.replaced)
    for reason, number in reasons.most_common():
        print(f"replaced: {number} {reason}")
    print(f"replaced: {len(built.replaced)} in all, each with its reason in {aside}", flush=True)
