"""HPAUB and its larger kin: a frozen file of questions, asked about COCO's held-out pictures where these lie.

Built by ``generate.py benchmark=NAME`` (``building/``). The annotations that judges read are those of the file; the
pictures, and whatever else is held out for the probe, are those of ``scenes``: val2014, or val2017 where all lie there.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.benchmarks.coco_pictures import check_there, names_in
from llavapose.evaluation.benchmarks.frozen import Frozen, read_frozen
from llavapose.records import Question
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes


class HpaubBenchmark:
    """The questions of one frozen file.

    Args:
        path: the file; its name is the benchmark's.
        scenes: the held-out pictures.
        num_images: as the file was built; 0 asks nothing, so that the probe can stand alone.
        seed: as the file was built.
        also_in: as the file was built.
        pictures: whether they must be there.

    Raises:
        DataError: no frozen benchmark, or one that was changed.
        ConfigError: it was built by other settings.
    """

    def __init__(
        self,
        path: Path,
        scenes: ScenesConfig,
        num_images: int,
        seed: int = 0,
        also_in: Path | None = None,
        pictures: bool = True,
    ) -> None:
        self.name = path.stem
        self._path, self._scenes, self._num_images = path, scenes, num_images
        self._pictures = pictures
        self._frozen = read_frozen(path)
        asked: dict[str, Any] = {"seed": seed, "also_in": also_in.name if also_in else None}
        if num_images:
            asked["num_images"] = num_images
        for key, value in asked.items():
            if self._frozen.card.get(key) != value:
                raise ConfigError(
                    f"benchmark.{key} is {value}; {path} was built with {self._frozen.card.get(key)}: give that, or "
                    "build another with generate.py benchmark=... benchmark.path=..."
                )

    @property
    def frozen(self) -> Frozen:
        """The file: its card, the annotations, the teacher's own answers."""
        return self._frozen

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """As in the file, each picture called as it is called in ``scenes``."""
        if not self._num_images:
            return ()
        return tuple(replace(one, image=self._images[one.scene_id]) for one in self._frozen.questions)

    @cached_property
    def scenes(self) -> SceneSet:
        """All held-out pictures; those that are asked about with the annotations that they were asked by."""
        found, images = self._opened, self._images
        if self._pictures:
            check_there(found, images, self.name, self._scenes)
        truth = {scene.id: replace(scene, image=images[scene.id]) for scene in self._frozen.scenes}
        return replace(found, scenes=tuple(truth.get(scene.id, scene) for scene in found.scenes))

    @cached_property
    def _opened(self) -> SceneSet:
        return open_scenes(self._scenes, "val", pictures=False)

    @cached_property
    def _images(self) -> dict[int, str]:
        """Image id -> the picture's name in ``scenes``: 2014 and 2017 share ids and differ in names."""
        wanted = {scene.id: scene.image for scene in self._frozen.scenes}
        return names_in(self._opened, wanted, self.name, self._scenes, str(self._frozen.card.get("scenes")))
