"""Scenes in motion with facts by hand."""

from dataclasses import replace

import pytest

from llavapose.records import Frame, Person, Scene


def over_time(scene: Scene) -> Scene:
    """The scene as the middle one of three frames, in each of which everybody is where they are."""
    people: tuple[Person | None, ...] = scene.people
    return replace(scene, frames=tuple(Frame(image=f"{i}.jpg", time_s=i * 0.5, people=people) for i in range(3)))


@pytest.fixture
def pair(figures) -> Scene:
    """Two people, the one on the left annotated first."""
    return over_time(figures.scene(figures.person(0, dx=-100), figures.person(1, dx=100)))
