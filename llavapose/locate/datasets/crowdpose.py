"""CrowdPose's easy, medium and hard pictures, by how much the boxes of people overlap."""

from pathlib import Path

from llavapose.scenes.lists import read_lists

EASY, HARD = 0.2, 0.8
"""``crowdIndex`` below which a picture is easy, and from which on it is hard: CrowdPose's own evaluation."""


def by_crowding(path: Path) -> dict[str, set[int]]:
    """Image ids of the easy, medium and hard pictures; pictures without ``crowdIndex`` are in none."""
    found: dict[str, set[int]] = {"easy": set(), "medium": set(), "hard": set()}
    for number, image in read_lists(path, "CrowdPose").images.items():
        index = image.get("crowdIndex")
        if isinstance(index, int | float) and not isinstance(index, bool):
            found["easy" if index < EASY else "medium" if index < HARD else "hard"].add(number)
    return found
