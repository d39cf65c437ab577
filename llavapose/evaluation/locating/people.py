"""Held-out people that an arm is asked about, what is shown of them, and who stands in for whom in the control."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llavapose.config.choices import Joints
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig
from llavapose.errors import ConfigError
from llavapose.files import fingerprint
from llavapose.locate.boxes import who_is_shown
from llavapose.locate.datasets.scored import views_of
from llavapose.locate.make import asking_of
from llavapose.locate.samples import Asking
from llavapose.locate.shown import Query, Shown, picture_query, queries_of, shown_people, shuffled, write_crops
from llavapose.records import Scene
from llavapose.scenes.open import keypoint_file, open_scenes, scenes_settings

TRUE, SHUFFLED = "true", "shuffled"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who is asked about.

    Attributes:
        asking: how.
        labelled: whether it is known where their joints are: by annotated boxes, it is.
        config: of the scenes.
        notes: who was left out, one line each.
        left_out: joints that training never asked for.
        people: in the order of their pictures.
        scenes: the pictures, each once.
        images: folder of what is shown.
        pictures: folder of the whole pictures.
        annotations: the truth in COCO's format.
    """

    asking: Asking
    labelled: bool
    config: ScenesConfig
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    people: tuple[Shown, ...]
    scenes: tuple[Scene, ...]
    images: Path
    pictures: Path
    annotations: Path

    def queries(self, pictures: str) -> list[list[Query]]:
        """What is asked, group by group, each of one picture: a person's questions, or one for everyone in it.

        Args:
            pictures: "true", or "shuffled": each group is shown another's picture.
        """
        if self.asking.of_everyone:
            own = [scene.image for scene in self.scenes]
            shown = shuffled(own) if pictures == SHUFFLED else own
            return [
                [picture_query(scene, self.asking, image=one)] for scene, one in zip(self.scenes, shown, strict=True)
            ]
        own = [one.image for one in self.people]
        shown = shuffled(own) if pictures == SHUFFLED else own
        return [queries_of(one, self.asking, image=image) for one, image in zip(self.people, shown, strict=True)]


def people_asked(scenes: ScenesConfig, config: LocateConfig, crops: Path) -> Asked:
    """The held-out people of these settings, the crops of whom are cut where they are not there.

    Args:
        scenes: annotated pictures.
        config: how people are shown, and how many; whole pictures are taken until there are as many.
        crops: folder that crops are kept in.

    Raises:
        ConfigError: nobody can be asked about.
        DataError: annotations or pictures that are missing or broken.
    """
    asking, chosen = asking_of(config), open_scenes(scenes, "val", any_joints=True)
    if asking.of_everyone and scenes.joints == Joints.mpii16:
        raise ConfigError(
            "locate.asking=json with locate.view=picture: PCKh has to know who is meant, and an answer about everyone "
            "does not tell; use locate.asking=each"
        )
    everyone = who_is_shown(scenes, chosen.scenes, asking, boxes=config.boxes, least_score=config.least_box)
    by_picture: dict[int, list[Shown]] = {}
    for one in everyone.people:
        by_picture.setdefault(one.scene.id, []).append(one)
    found: list[Shown] = []
    kept: list[Scene] = []
    for scene in chosen.scenes:
        if config.num_people is not None and len(found) >= config.num_people:
            break
        if people := by_picture.get(scene.id):
            found += people
        # Where a model or a detector says who is there, a picture in which nobody is counts too.
        if people or config.boxes is not None or asking.of_everyone:
            kept.append(scene)
    if not found:
        raise ConfigError(
            f"scenes {scenes.name}: nobody with a box and a labelled joint among the held-out pictures; "
            "set scenes.val.keypoints, or locate.num_people=0 to ask about nobody"
        )
    images = chosen.images
    if asking.view == "crop":
        made_from = [scenes_settings(scenes, "val"), asking.size, asking.margin, everyone.folder]
        images = crops / fingerprint(made_from)
        write_crops(found, chosen.images, images, asking.size)
    return Asked(
        asking=asking, labelled=everyone.labelled, config=scenes, notes=everyone.notes,
        left_out=tuple(config.left_out), people=tuple(found),
        scenes=tuple(kept), images=images, pictures=chosen.images, annotations=keypoint_file(scenes, "val"),
    )  # fmt: skip


def training_people(scenes: ScenesConfig, config: LocateConfig) -> Sequence[Shown]:
    """Those of the training pictures in the squares about their boxes, whose mean pose is the floor.

    Raises:
        DataError: their annotations are not here.
    """
    asking = replace(asking_of(config), view="crop")
    chosen = open_scenes(scenes, "train", pictures=False, any_joints=True)
    return shown_people(chosen.scenes, asking, views=views_of(scenes, "train", margin=asking.margin))
