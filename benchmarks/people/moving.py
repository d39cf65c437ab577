"""Scenes over time, changed: joints moved at random in every frame, frames left out, turned round, repeated."""

import random
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.people.jitter import shaken
from llavapose.records import Scene


def shaken_frames(scene: Scene, rng: random.Random, areas: Mapping[int, float] | None = None) -> Scene:
    """The scene with every labelled joint of everyone moved at random, in every frame anew."""
    frames = []
    for frame in scene.frames:
        there = [i for i, one in enumerate(frame.people) if one]
        people = list(frame.people)
        drawn = shaken(replace(scene, people=tuple(one for one in people if one)), areas or {}, rng).people
        for place, one in zip(there, drawn, strict=True):
            people[place] = one
        frames.append(replace(frame, people=tuple(people)))
    return replace(scene, frames=tuple(frames))


def held_still(scene: Scene, number: int) -> Scene:
    """The scene with one of its frames in all places."""
    one = scene.frames[number]
    return replace(scene, frames=tuple(replace(one, time_s=frame.time_s) for frame in scene.frames))


def backwards(scene: Scene) -> Scene:
    """Played backwards: frames in reverse, at the times that mirror theirs."""
    end = scene.frames[-1].time_s
    return replace(scene, frames=tuple(replace(one, time_s=end - one.time_s) for one in reversed(scene.frames)))


def thinned(scene: Scene, first: int = 0) -> Scene:
    """Every second frame, from ``first`` on."""
    return replace(scene, frames=scene.frames[first::2])
