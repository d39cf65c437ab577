"""What a run needs and lacks, said before anything heavy is imported: files and folders, keys, a cap on the money."""

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llavapose.config.choices import SceneSource, VisionType
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.evaluating import AnswererConfig, BenchmarkConfig, EvaluateConfig, JudgeConfig
from llavapose.config.model import ModelConfig, model_type_of
from llavapose.config.scenes import ScenesConfig, SplitPaths, names_files
from llavapose.config.schema import GenerateConfig, TrainConfig
from llavapose.config.teaching import LocateConfig, TeacherConfig
from llavapose.config.values import Cap
from llavapose.families.known import expected_types, family_named
from llavapose.files import REFERENCES, results_beside
from llavapose.manifest import FOLDER
from llavapose.records import TEXT_ONLY

_MODEL = {"config.json": ("config.json",), "*.safetensors weights": ("*.safetensors",)}
_PROCESSOR = {
    "tokenizer_config.json": ("tokenizer_config.json",),
    "preprocessor_config.json or processor_config.json": ("preprocessor_config.json", "processor_config.json"),
}
"""What a checkpoint's folder cannot do without: how it is called -> its files, any of which will do."""
ALSO_IN = "http://images.cocodataset.org/annotations/annotations_trainval2017.zip"
"""Where COCO 2017's annotations are, by which pictures of val2014 are told that were never trained on."""
TRAINED = "trained.json"
"""Mark in a run's folder: training has ended, by which settings."""


def missing_inputs(config: Any) -> list[str]:
    """One line for each file, folder, key or cap that a script's settings ask for and that is not there."""
    if isinstance(config, GenerateConfig):
        # An endpoint reads annotations alone, and somebody else's samples are read by their own path.
        if config.audit is not None:
            return list(_there("audit", config.audit))
        unmade = not config.dry_run and _nothing_made(config.data_dir, config.output_dir)
        return [
            *([] if config.dry_run else _money("", config.teacher.endpoint, config.max_usd)),
            *_examples(config.teacher),
            *_scenes(
                config.scenes, config.asked_split, pictures=config.needs_pictures, built=config.benchmark is not None
            ),
            *_also_in(config.scenes, config.benchmark),
            *(_key("teacher", config.teacher.endpoint) if unmade else ()),
        ]
    if isinstance(config, EvaluateConfig):
        return list(_evaluation(config))
    if isinstance(config, TrainConfig):
        # A plan is made without data, and looks for the base's configuration itself.
        return [*([] if config.dry_run else _training(config)), *_looked_up(config)]
    raise TypeError(type(config))


def _training(config: TrainConfig) -> Iterator[str]:
    yield from _checkpoint("model.base", config.model.base)
    yield from _vision(config.model)
    if config.data.path is None:
        yield from _money("", config.teacher.endpoint, config.max_usd)
        yield from _examples(config.teacher)
        yield from _scenes(config.scenes, "train")
        if _nothing_made(config.data_dir):
            yield from _key("teacher", config.teacher.endpoint)
    else:
        if not config.data.path.is_dir():
            yield from _file("data.path", config.data.path)
        if config.data.images is not None:
            yield from _folder("data.images", config.data.images)
    if config.evaluate:
        yield from _boxes(config.locate)
        yield from _scenes(config.scenes, "val")
        yield from _parts(config.benchmark, config.answerer)
        yield from _key("judge", config.judge.endpoint)
        yield from _money("judge", config.judge.endpoint, config.judge.max_usd)


def _looked_up(config: TrainConfig) -> Iterator[str]:
    """What a run, and its plan, goes on from or is laid beside."""
    if config.reference is not None and not (REFERENCES / config.reference / "ablation.csv").is_file():
        names = ", ".join(sorted(path.parent.name for path in REFERENCES.glob("*/ablation.csv")))
        yield f"reference: no numbers of {config.reference} are kept; expected one of {names}, or null"
    trained = (config.output_dir / TRAINED).is_file()
    if config.resume is True and not trained and config.callbacks.get("checkpoint") is None:
        yield "resume: nothing goes on from a checkpoint without callbacks.checkpoint; leave it in"
    if config.resume is True and not trained and not list(config.output_dir.glob(f"{FOLDER}/*")):
        yield (
            f"resume=true: no checkpoint below {config.output_dir}; "
            "give the earlier run's output_dir, or start anew with resume=false"
        )


def _evaluation(config: EvaluateConfig) -> Iterator[str]:
    if config.checkpoint is not None and not config.dry_run:
        yield from _checkpoint("checkpoint", config.checkpoint)
    yield from _boxes(config.locate)
    # A plan is made of questions and annotations.
    yield from _parts(config.benchmark, config.answerer, pictures=not config.dry_run)
    if not config.dry_run:
        yield from _key("answerer", config.answerer.endpoint)
        yield from _key("judge", config.judge.endpoint)
        yield from _money("answerer", config.answerer.endpoint, config.answerer.max_usd)
        yield from _money("judge", config.judge.endpoint, config.judge.max_usd)
    if config.benchmark.images is None:
        yield from _scenes(config.scenes, "val", pictures=not config.dry_run)


def missing_anchor(judge: JudgeConfig, arm: str, results: Path) -> list[str]:
    """A line where a judge of pairs will find no answers to lay beside the arm's."""
    anchor = judge.beside
    if anchor in (None, arm, TEXT_ONLY):
        return []
    if any((folder / "answers" / f"{anchor}.jsonl").is_file() for folder in results_beside(results)):
        return []
    return [
        f"judge.protocol={judge.protocol}: no answers of {anchor} in {results}; evaluate that arm first: "
        f"evaluate.py checkpoint=... arm={anchor} output_dir={results}"
    ]


def _nothing_made(data_dir: Path, output_dir: Path | None = None) -> bool:
    """Whether a teacher's endpoint will be asked for certain: neither samples nor paid replies lie here."""
    # Sets that no teacher writes have names in two parts: locate-..., joined-...
    cards = [card for card in data_dir.glob("*/made.json") if "-" not in card.parent.name]
    made = [*cards, *data_dir.glob("ledgers/*.sqlite")]
    return not made and not (output_dir is not None and (output_dir / "made.json").is_file())


def _key(owner: str, endpoint: EndpointConfig | None) -> Iterator[str]:
    if endpoint is not None and endpoint.api_key_env and not os.environ.get(endpoint.api_key_env, "").strip():
        name = endpoint.api_key_env
        yield f"{owner}.endpoint.api_key_env: the environment variable {name} is not set; put the endpoint's key there"


def _money(owner: str, endpoint: EndpointConfig | None, max_usd: Cap) -> list[str]:
    return endpoint.uncapped(owner, max_usd) if endpoint is not None else []


def _examples(teacher: TeacherConfig) -> Iterator[str]:
    if teacher.examples is not None:
        yield from _file("teacher.examples", teacher.examples)


def _parts(benchmark: BenchmarkConfig, answerer: AnswererConfig, *, pictures: bool = True) -> Iterator[str]:
    get = f"; {benchmark.get}" if benchmark.get else ""
    if benchmark.path is not None:
        yield from (f"{line}{get}" for line in _file("benchmark.path", benchmark.path))
    if benchmark.annotations is not None:
        yield from (f"{line}{get}" for line in _file("benchmark.annotations", benchmark.annotations))
    if benchmark.images is not None and pictures:
        get = f"; {benchmark.get_images}" if benchmark.get_images else ""
        yield from (f"{line}{get}" for line in _folder("benchmark.images", benchmark.images))
    if answerer.path is not None:
        yield from _file("answerer.path", answerer.path)


def _scenes(config: ScenesConfig, split: str, *, pictures: bool = True, built: bool = False) -> Iterator[str]:
    """``built``: a benchmark is built of them, by their captions and objects."""
    if config.drawn:
        return
    get = f"; download {config.download} and unpack below {config.root}" if config.download else ""
    if not config.root.is_dir():
        yield from (f"{line}{get}" for line in _folder("scenes.root", config.root))
        return
    paths: SplitPaths = config.train if split == "train" else config.val
    if not names_files(config, paths):
        yield f"scenes.{split} names no files; set scenes.{split}.images and scenes.{split}.keypoints"
        return
    if config.source == SceneSource.tracks:
        yield from (f"{line}{get}" for line in _tracks(config, paths, split, pictures=pictures))
        return
    missing: list[str] = []
    for name, path in (("keypoints", paths.keypoints), ("results", paths.results), ("listed", paths.listed)):
        if path is not None:
            missing += _file(f"scenes.{split}.{name}", config.root / path)
    if built and paths.captions is None:
        yield f"scenes.{split}.captions names no file; a benchmark is built of pictures with captions, set it"
    for name, path in (("instances", paths.instances), ("captions", paths.captions)):
        if built and path is not None:
            missing += _file(f"scenes.{split}.{name}", config.root / path)
    if paths.images is not None and (pictures or paths.results is not None or config.source == SceneSource.mpii):
        missing += _folder(f"scenes.{split}.images", config.root / paths.images)
    yield from (f"{line}{get}" for line in missing)


def _tracks(config: ScenesConfig, paths: SplitPaths, split: str, *, pictures: bool) -> Iterator[str]:
    """Files of tracked people may be a file or a folder; frames may be missing where nobody looks at them."""
    if paths.keypoints is not None and not (config.root / paths.keypoints).exists():
        yield (
            f"scenes.{split}.keypoints: no file and no folder {config.root / paths.keypoints}; expected files of "
            "tracked people, check the path"
        )
    for name, path in (("instances", paths.instances), ("captions", paths.captions)):
        if path is not None:
            yield from _file(f"scenes.{split}.{name}", config.root / path)
    if paths.listed is not None:
        yield from _folder(f"scenes.{split}.listed", config.root / paths.listed)
    if pictures and paths.images is None:
        yield f"scenes.{split}.images names no folder of frames; pyskl's pickles have poses alone, set it"
    elif pictures and paths.images is not None:
        yield from _folder(f"scenes.{split}.images", config.root / paths.images)


def _also_in(scenes: ScenesConfig, benchmark: BenchmarkConfig | None) -> Iterator[str]:
    if benchmark is not None and benchmark.also_in is not None:
        lacks = _file("benchmark.also_in", scenes.root / benchmark.also_in)
        yield from (f"{line}; download {ALSO_IN} and unpack below {scenes.root}" for line in lacks)


def _checkpoint(name: str, value: str) -> Iterator[str]:
    """A checkpoint is ``tiny``, a folder, or a name on the hub: ``owner/name`` where no folder ``owner`` is here."""
    folder = Path(value)
    if value == "tiny":
        return
    if folder.is_dir():
        yield from _in_checkpoint(name, folder)
    elif not re.fullmatch(r"[\w-]+/[\w.-]+", value) or Path(value.partition("/")[0]).exists():
        yield (
            f"{name}: no folder {value}; expected a checkpoint's, such as the `hf` that train.py leaves, `tiny`, "
            "or owner/name"
        )


def _in_checkpoint(name: str, folder: Path) -> Iterator[str]:
    """What a folder lacks, or of what it is that answers about no pictures."""
    model, processor = (
        [what for what, files in wanted.items() if not any(any(folder.glob(file)) for file in files)]
        for wanted in (_MODEL, _PROCESSOR)
    )
    kind = model_type_of(str(folder))
    if model:
        lacks = " and no ".join(model)
        yield (
            f"{name}: {folder} has no {lacks}; expected a whole checkpoint, such as a base's or the `hf` folder that "
            "train.py leaves"
        )
    elif kind is not None and family_named(kind) is None and not _answers(kind):
        yield f"{name}: {folder}: model_type is {kind!r}, which answers about no pictures; expected {expected_types()}"
    elif processor:
        yield (
            f"{name}: {folder} has no {' and no '.join(processor)}: its processor is missing; copy the base's "
            "tokenizer and processor files there"
        )


def _answers(kind: str) -> bool:
    """Whether transformers has an image-text model of a ``model_type`` that is not known by name here."""
    # Read, not imported: torch would come with it.
    found = find_spec("transformers")
    if found is None or found.origin is None:
        return True
    text = (Path(found.origin).parent / "models" / "auto" / "modeling_auto.py").read_text(encoding="utf-8")
    table = re.search(r"^MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES = .*?^\)$", text, re.MULTILINE | re.DOTALL)
    return table is None or f'"{kind}"' in table[0]


def _vision(model: ModelConfig) -> Iterator[str]:
    """A vision encoder is a folder, or a name on the hub."""
    if model.vision == VisionType.clip:
        return
    value = model.vision_base
    if (folder := Path(value)).is_dir():
        wanted = ("config.json", "*.safetensors", "preprocessor_config.json")
        if lacking := [pattern for pattern in wanted if not any(folder.glob(pattern))]:
            yield f"model.vision_base: {value} has no {' and no '.join(lacking)}; give a DINOv2's whole folder"
    elif not re.fullmatch(r"[\w-]+/[\w.-]+", value) or Path(value.partition("/")[0]).exists():
        yield f"model.vision_base: no folder {value}; expected a DINOv2's, or a name such as facebook/dinov2-large"


def _there(name: str, path: Path) -> Iterator[str]:
    if not path.exists():
        yield f"{name}: nothing at {path}; expected a file or a folder of samples, check the path"


def _boxes(locate: LocateConfig) -> Iterator[str]:
    if locate.boxes is not None:
        yield from _file("locate.boxes", locate.boxes)


def _file(name: str, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"{name}: {'a folder' if path.is_dir() else 'no file'} {path}; expected a file, check the path"


def _folder(name: str, path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield f"{name}: {'a file' if path.is_file() else 'no folder'} {path}; expected a folder, check the path"
