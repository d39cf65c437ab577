"""Makes the samples that a run asks for where they are not there yet, and finds them where they are."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llavapose.config.schema import ScenesConfig, SceneSource, TeacherConfig
from llavapose.errors import DataError
from llavapose.files import fingerprint, read_json, sha256, write_json
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.opening import open_scenes, world_folder
from llavapose.teacher.generate import generate
from llavapose.teacher.prompts import PROMPT_VERSION

_CARD = "made.json"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Samples to train on: the file, the folder of their pictures, and the folder that holds all about them."""

    samples: Path
    images: Path
    folder: Path


def ensure_samples(
    scenes: ScenesConfig,
    teacher: TeacherConfig,
    data_dir: Path,
    *,
    folder: Path | None = None,
    split: str = "train",
    opened: SceneSet | None = None,
) -> Prepared:
    """The samples of these settings; made, and said so, where they are missing or were made by other settings.

    Args:
        scenes: annotated pictures; the built-in world is drawn if it is not there.
        teacher: who writes.
        data_dir: folder of made samples, each set in a folder named by the fingerprint of its settings.
        folder: where to keep the samples instead.
        split: of the scenes, "train" or "val".
        opened: the scenes, where the caller has read them already.

    Raises:
        DataError: a scene file that is missing or broken, or scenes that nothing can be told about.
    """
    made_from = _settings(scenes, teacher, split)
    folder = folder or data_dir / fingerprint(made_from)
    samples, card = folder / "samples.jsonl", folder / _CARD
    if samples.is_file() and card.is_file():
        found = read_json(card, what="card of made samples")
        unchanged = found.get("samples_sha256") == sha256(samples)
        if found.get("made_from") == made_from and unchanged and Path(found["images"]).is_dir():
            print(f"samples: {samples} (made before, settings unchanged)", flush=True)
            return Prepared(samples=samples, images=Path(found["images"]), folder=folder)
    print(f"samples: none for these settings yet, teacher {teacher.name} writes them to {folder}", flush=True)
    chosen = opened or open_scenes(scenes, split)
    for note in chosen.notes:
        print(f"scenes: {note}", flush=True)
    summary = generate(
        scenes=chosen,
        out=folder,
        num_samples=teacher.num_samples,
        context=teacher.context.value,
        conv_form=teacher.conv_form.value,
        seed=teacher.seed,
    )
    print("\n".join(summary.lines()), flush=True)
    written = {"made_from": made_from, "images": str(chosen.images), "samples_sha256": sha256(samples)}
    write_json(card, written)
    return Prepared(samples=samples, images=chosen.images, folder=folder)


def _settings(scenes: ScenesConfig, teacher: TeacherConfig, split: str) -> dict[str, Any]:
    """All that decides what the samples say, as plain values; files of annotations count with size and time."""
    made_from = {
        "scenes": _plain(asdict(scenes)),
        "teacher": _plain(asdict(teacher)),
        "prompts": PROMPT_VERSION,
        "split": split,
    }
    if scenes.source == SceneSource.world:
        return {**made_from, "world": world_folder(scenes).name}
    paths = scenes.train if split == "train" else scenes.val
    if paths.keypoints is None:
        raise DataError(f"scenes {scenes.name}: no files for {split}; set scenes.{split}.images and .keypoints")
    named = [scenes.root / path for path in (paths.keypoints, paths.instances, paths.captions) if path is not None]
    stats = {str(path): path.stat() for path in named if path.is_file()}
    return {**made_from, "files": {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)
