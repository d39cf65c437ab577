"""Where a picture lies: below a folder, also under the names that other layouts of the same data set give it."""

import os
import re
from functools import cached_property
from pathlib import Path, PurePosixPath

from llavapose.errors import DataError, named
from llavapose.files import inside


class Pictures:
    """Pictures below a folder, also those that another folder layout names.

    ``data/coco/train2014/000000134754.jpg`` is found as it stands, without some of its leading folders, by its file
    name in any folder below, and by COCO 2014's own file name ``COCO_train2014_000000134754.jpg``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._found: dict[str, str] = {}

    def find(self, relative: str, *, where: str) -> str | None:
        """The picture's path relative to the folder; None where there is none.

        Raises:
            DataError: the path could leave the folder, or several pictures have its name.
        """
        if relative not in self._found:
            found = self._search(relative, where=where)
            if found is None:
                return None
            self._found[relative] = found
        return self._found[relative]

    def _search(self, relative: str, *, where: str) -> str | None:
        parts = PurePosixPath(relative).parts
        for skipped in range(max(len(parts), 1)):
            shorter = "/".join(parts[skipped:]) if skipped else relative
            if inside(self.root, shorter, where=where).is_file():
                return shorter
        found = self._by_name.get(plain_name(relative), [])
        if len(found) > 1:
            raise DataError(
                f"{where}: {len(found)} pictures below {self.root} could be {named(relative)}: {found[0]}, {found[1]}; "
                "give the folder of one of them"
            )
        return found[0] if found and inside(self.root, found[0], where=where).is_file() else None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """File name -> paths relative to the folder; read when first needed."""
        found: dict[str, list[str]] = {}
        visited: set[str] = set()
        # Clusters keep pictures behind links to folders; one that leads back to itself would never end.
        for folder, folders, names in os.walk(self.root, followlinks=True):
            real = os.path.realpath(folder)
            if real in visited:
                folders.clear()
                continue
            visited.add(real)
            folders.sort()
            inner = Path(folder).relative_to(self.root).as_posix()
            for name in sorted(names):
                found.setdefault(plain_name(name), []).append(name if inner == "." else f"{inner}/{name}")
        return found


def telling_name(path: str) -> str:
    """What tells a picture from others, whatever the layout.

    COCO's file name, whose ids are one series; of another picture its folder's name and its own, as the frames of all
    clips are numbered alike.
    """
    plain, folder = plain_name(path), PurePosixPath(path).parent.name
    return plain if not folder or re.fullmatch(r"\d{12}\.\w+", plain) else f"{folder}/{plain}"


def plain_name(path: str) -> str:
    """A picture's file name; COCO 2014's without its split, as the ids are one series in all of COCO."""
    return re.sub(r"^COCO_[a-z]+20\d\d_(?=\d{12}\.)", "", PurePosixPath(path).name)
