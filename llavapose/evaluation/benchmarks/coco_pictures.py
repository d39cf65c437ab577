"""Pictures of COCO that a benchmark names by id, found among the held-out ones under whatever names these have."""

from collections.abc import Collection, Mapping

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.files import inside
from llavapose.scenes.coco import SceneSet


def names_in(
    found: SceneSet, wanted: Mapping[int, str], benchmark: str, config: ScenesConfig, built_of: str
) -> dict[int, str]:
    """Image id -> the picture's name in ``found``: 2014 and 2017 share ids and differ in names.

    Args:
        found: the held-out pictures.
        wanted: image id -> the picture's name where the benchmark was made.
        benchmark: its name, for messages.
        config: of ``found``.
        built_of: the settings of scenes that hold them all.

    Raises:
        DataError: some are not among them.
    """
    names = {scene.id: scene.image for scene in found.scenes}
    missing = [name for number, name in wanted.items() if number not in names]
    if missing:
        raise DataError(
            f"benchmark {benchmark}: {len(missing)} of its {len(wanted)} pictures are not among the held-out ones of "
            f"scenes={config.name}: {_few(missing)}; they are of {built_of}: choose scenes={built_of}"
        )
    return {number: names[number] for number in wanted}


def check_there(found: SceneSet, names: Mapping[int, str], benchmark: str, config: ScenesConfig) -> None:
    """Raises DataError where pictures are not in their folder: which, where to get them and where they go."""
    if line := absent(found, names.values(), f"benchmark {benchmark}", config):
        raise DataError(line)


def absent(found: SceneSet, names: Collection[str], where: str, config: ScenesConfig) -> str | None:
    """A line about the pictures that are not in their folder, as ``check_there`` says it; None where all are."""
    missing = [name for name in names if not inside(found.images, name, where=where).is_file()]
    if not missing:
        return None
    get = f"; download {config.download} and unpack below {config.root}" if config.download else ""
    return f"{where}: {len(missing)} of its {len(names)} pictures are not in {found.images}: {_few(missing)}{get}"


def _few(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
