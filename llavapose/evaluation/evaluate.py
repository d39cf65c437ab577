"""Evaluate one arm: settings -> benchmark, answerer and judge -> answers, verdicts and probe, all kept as files.

What is there already and was made by the same checkpoint, questions and settings is not made again.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from llavapose.config.choices import Control
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.evaluating import EvaluateConfig
from llavapose.errors import DataError, named
from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.answerers.protocol import Answerer
from llavapose.evaluation.answerers.text_only import OfflineTruth
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.protocol import Benchmark, bare_scene, questions_hash
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.pose.judge import has_keypoints, scale_of
from llavapose.evaluation.judges.protocol import Judge
from llavapose.evaluation.measures import MEASURES
from llavapose.evaluation.parts import answerer_of, benchmark_of, judges_of
from llavapose.files import atomic_write, read_json, results_root, write_json, write_jsonl
from llavapose.frames import MOST_FRAMES, chosen, middle
from llavapose.llm.ask import ledger_path
from llavapose.records import CONTROL_ARMS, PRIOR, TEXT_ONLY, Question, Scene, to_dict
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.draw import draw_scene
from llavapose.scenes.shown import as_picture

log = logging.getLogger(__name__)

PICTURE_SIZE = 480
"""Longer side: the width of the page's column on a desk, and of a telephone."""
FRAME_SIZE = 240
"""Longer side of a clip's frame: as wide as it is played on the page."""
JPEG_QUALITY = 80
"""By eye the least at which thin limbs keep their colour; 90 photographs are 4 MB."""


def evaluate(config: EvaluateConfig) -> Path:
    """Answer, judge and probe one arm; returns the folder of its results.

    Raises:
        CheckpointError: no checkpoint there.
        DataError: questions or answers that do not fit.
        ConfigError: too few held-out pictures for the benchmark.
    """
    evaluate_arm(arm_of(config))
    return config.output_dir


def arm_of(config: EvaluateConfig) -> Arm:
    """The arm that these settings ask for, with all that answers and judges it; nothing is asked yet."""
    out = config.output_dir
    scale = scale_of(config.scenes)
    benchmark = benchmark_of(config.benchmark, config.scenes, pictures=not config.dry_run)
    judges = judges_of(config.rating, scale=scale, ledger=_judges_ledger(out, config.judge.endpoint))

    def scenes() -> SceneSet:
        return benchmark.scenes

    told: dict[str, Answerer] = {TEXT_ONLY: OfflineTruth(scenes)} if config.text_only else {}
    return Arm(
        name=config.arm,
        out=out,
        benchmark=benchmark,
        judges=_informed(judges, benchmark),
        answerer=answerer_of(
            config.answerer,
            checkpoint=config.checkpoint,
            ledger=_answerers_ledger(config),
            scenes=scenes,
        ),
        probe=config.probe,
        control_arms={**told, PRIOR: PriorAnswerer(scale)},
        controls=tuple(Control if config.controls is None else config.controls),
        locate=config.locate,
        scenes=config.scenes,
    )


def _informed(judges: Sequence[Judge], benchmark: Benchmark) -> tuple[Judge, ...]:
    """The judges without those that would be told keypoints where there are none: another one says as much."""
    blind = [one for one in judges if isinstance(one, LlmJudge) and one.context.needs_keypoints]
    if not blind or not benchmark.questions or has_keypoints(benchmark.scenes.scenes):
        return tuple(judges)
    for one in blind:
        log.warning("judge %s: not asked, as the pictures of %s have no keypoints to tell it; judge.context="
                    "captions_boxes or picture is asked", one.name, benchmark.name)  # fmt: skip
    return tuple(one for one in judges if one not in blind)


def _answerers_ledger(config: EvaluateConfig) -> Path:
    """One an arm and endpoint: its cap is on what this arm's answers cost."""
    endpoint = config.answerer.endpoint
    return ledger_path(config.output_dir, "answerer", f"{config.arm}-{endpoint.name}" if endpoint else config.arm)


def _judges_ledger(out: Path, endpoint: EndpointConfig | None) -> Path:
    """One an endpoint, of all arms and all seeds of a sweep: what two of them ask is paid once, and its cap is one."""
    return ledger_path(results_root(out), "judge", endpoint.name if endpoint else "none")


def evaluate_arm(arm: Arm) -> None:
    """Write down what is asked, take every measure, draw the pictures for the page."""
    if arm.benchmark.questions:
        _refuse_other_questions(arm)
        write_benchmark(arm.out, arm.benchmark)
        draw_pictures(arm.out / "pictures", arm.benchmark.questions, arm.benchmark.scenes)
    for measure in MEASURES:
        measure(arm)


def _refuse_other_questions(arm: Arm) -> None:
    """Answers to other questions would stand under this benchmark's hash; a sweep's arms are all asked anew."""
    told, asked = arm.out / "benchmark.json", questions_hash(arm.benchmark.questions)
    if not told.is_file() or (results_root(arm.out) / "jobs.json").is_file():
        return
    there, names = read_json(told, what="benchmark"), {path.stem for path in (arm.out / "answers").glob("*.jsonl")}
    others = sorted(names - {arm.name, *CONTROL_ARMS})
    if others and there.get("hash") != asked:
        raise DataError(
            f"benchmark: {arm.out} holds answers of {', '.join(map(named, others[:3]))} to the questions "
            f"{named(there.get('hash'))} ({named(there.get('name'))}), and {arm.benchmark.name} asks {asked}; give "
            "another output_dir, or ask the same"
        )


def write_benchmark(out: Path, benchmark: Benchmark) -> None:
    """``benchmark.jsonl``, the questions, and ``benchmark.json``, their name and hash, which the tables quote."""
    write_questions(out / "benchmark.jsonl", benchmark.questions)
    questions = benchmark.questions
    told = {"name": benchmark.name, "hash": questions_hash(questions), "num_questions": len(questions)}
    write_json(out / "benchmark.json", told)
    # Answers that a paper prints, of the benchmark that asks its questions: shown beside ours, never rated.
    if quoted := getattr(benchmark, "quoted", ()):
        write_jsonl(out / "quoted.jsonl", map(to_dict, quoted))
    else:
        (out / "quoted.jsonl").unlink(missing_ok=True)  # of a benchmark that was asked here before


def _numbered(question: Question) -> list[tuple[int, str]]:
    """The number and name of each picture; of a clip the middle frame, which stands for it."""
    if question.times_s:
        return [(question.scene_id, question.images[middle(len(question.images))])] if question.images else []
    return list(zip(question.scene_ids, question.images, strict=True))


def _drawn(question: Question, known: Mapping[int, Scene]) -> dict[str, Scene]:
    """Name of the file -> what is drawn, for all pictures of a question; of a clip the frames that a page shows too."""
    found = {str(number): known.get(number) or bare_scene(number, image) for number, image in _numbered(question)}
    scene, images = known.get(question.scene_id), question.images if question.times_s else ()
    frames = {frame.image: frame for frame in scene.frames} if scene else {}
    for place in chosen(len(images), MOST_FRAMES):
        frame = frames.get(images[place])
        alone = as_picture(scene, frame) if scene and frame else bare_scene(question.scene_id, images[place])
        found[f"{question.scene_id}/{place:03}"] = alone
    return found


def draw_pictures(folder: Path, questions: Sequence[Question], scenes: SceneSet) -> None:
    """Draw the benchmark's pictures with their skeletons, for the page; one that is there stays.

    A picture that is missing or broken is no reason to lose answers made elsewhere: it is named, and the page does
    without.

    Args:
        folder: gets ``<scene id>.jpg``, and of clips ``<scene id>/<number of the frame>.jpg``; those of other
            benchmarks' pictures are removed.
        questions: of the benchmark.
        scenes: its pictures; one without annotations is drawn as it is.
    """
    known = {scene.id: scene for scene in scenes.scenes}
    asked = {name: scene for one in questions for name, scene in _drawn(one, known).items()}
    problems = []
    for name, scene in asked.items():
        path, is_frame = folder / f"{name}.jpg", "/" in name
        if path.is_file():
            continue
        size = FRAME_SIZE if is_frame else PICTURE_SIZE
        try:
            # A frame is too small for boxes with names.
            picture = draw_scene(scene, scenes.images, size=size, boxes=not is_frame)
        except DataError as error:
            problems.append(str(error))
            continue
        with atomic_write(path, "wb") as stream:
            picture.convert("RGB").save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True)
    if problems:
        log.warning("page: %d of %d pictures are not drawn, such as: %s", len(problems), len(asked), problems[0])
    for path in folder.rglob("*.jpg"):
        if path.relative_to(folder).with_suffix("").as_posix() not in asked:
            path.unlink()
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
