"""LLaVA's own benchmark: 30 pictures of COCO val2014, three questions each, with captions and boxes and no keypoints.

Both files are LLaVA's; a line of the second::

    {"id": "000000296284", "image": "000000296284.jpg", "captions": ["A donut shop ..."],
     "instances": [{"category": "donut", "bbox": [0.37, 0.584, 0.504, 0.709]}]}
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.file import found_in, read_questions
from llavapose.files import read_jsonl
from llavapose.pictures import Pictures
from llavapose.records import Box, Person, Question, Scene, Thing
from llavapose.scenes.coco import PERSON, SceneSet
from llavapose.scenes.lists import clean_text

PICTURES = (
    "they are COCO val2014's: download http://images.cocodataset.org/zips/val2014.zip and set benchmark.images to the "
    "folder that it unpacks to"
)


class LlavaBenchmark:
    """The questions of a file in LLaVA's form, about pictures whose captions and boxes another one holds.

    Args:
        path: the questions.
        annotations: captions and boxes.
        images: folder of the pictures, under COCO 2014's or 2017's names.
        pictures: whether they must be there.

    Raises:
        DataError: a line of either file that is none, or a question about a picture without annotations.
    """

    def __init__(self, path: Path, annotations: Path, images: Path, pictures: bool = True) -> None:
        self.name = "llava_coco"
        self._path, self._annotations, self._images = path, annotations, images
        self._asked = read_questions(path)
        self._needed = pictures

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """As in the file, each picture called as it is called in the folder."""
        known = {scene.id for scene in self.scenes.scenes}
        lacking = [question.image for question in self._asked if not known.issuperset(question.scene_ids)]
        if lacking:
            raise DataError(
                f"benchmark: {self._annotations} has no captions and boxes of {len(lacking)} questions' pictures, the "
                f"first is {lacking[0]}; give the file that belongs to {self._path}"
            )
        return found_in(self._images, self._asked, self._path, get=PICTURES, needed=self._needed)

    @cached_property
    def scenes(self) -> SceneSet:
        """The pictures of the second file, those without a question too."""
        pictures = Pictures(self._images)
        rows = read_jsonl(self._annotations, what="captions and boxes")
        scenes = [_scene(row, f"captions and boxes: {self._annotations}:{number}", pictures) for number, row in rows]
        return SceneSet(scenes=tuple(sorted(scenes, key=lambda scene: scene.id)), images=self._images)


def _scene(row: dict[str, Any], where: str, pictures: Pictures) -> Scene:
    number, image, captions, instances = (row.get(key) for key in ("id", "image", "captions", "instances"))
    if not (isinstance(number, str) and number.isdigit() and len(number) <= 18 and isinstance(image, str)):
        raise DataError(f"{where} has id {shown(number)} and image {shown(image)}; expected an id's digits and a name")
    if not isinstance(captions, list) or not all(isinstance(text, str) for text in captions):
        raise DataError(f"{where} has captions {shown(captions)}; expected a list of texts")
    if not isinstance(instances, list):
        raise DataError(f"{where} has instances {shown(instances)}; expected a list of category and bbox")
    boxes = [_instance(one, where) for one in instances]
    return Scene(
        id=int(number),
        image=pictures.find(image, where=where) or image,
        # Sizes are not in the file; where nobody has joints nothing asks for them.
        width=1,
        height=1,
        captions=tuple(filter(None, map(clean_text, captions))),
        people=tuple(Person(id=at, box_xyxy=box) for at, (name, box) in enumerate(boxes) if name == PERSON),
        things=tuple(
            Thing(id=at, category=name, box_xyxy=box) for at, (name, box) in enumerate(boxes) if name != PERSON
        ),
        split="val",
    )


def _instance(one: Any, where: str) -> tuple[str, Box]:
    name, box = (one.get("category"), one.get("bbox")) if isinstance(one, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(box, list) or len(box) != 4 or not all(map(_is_share, box)):
        raise DataError(f"{where} has instance {shown(one)}; expected category and bbox, four numbers from 0 to 1")
    x1, y1, x2, y2 = box
    return clean_text(name), (x1, y1, x2, y2)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
