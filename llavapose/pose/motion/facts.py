"""Tracks -> motion facts."""

from llavapose.records import Fact, Scene


def motion_facts(scene: Scene) -> tuple[Fact, ...]:
    """What a scene's frames say about how its people move, sure and unsure; none of a picture that stands alone."""
    return ()
