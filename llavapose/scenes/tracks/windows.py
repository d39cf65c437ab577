"""Videos -> scenes: some frames in a row, with the people of the middle one followed through them."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llavapose.frames import middle
from llavapose.records import Frame, Person, Scene
from llavapose.scenes.tracks.videos import Moment, Video

ROUNDING_S = 1e-3
"""Frames this much too early still keep their distance: times are numbers of frames divided by a rate."""
JUMP, JUMP_A_S = 1.5, 6.0
"""Lengths of a box that its middle may move between two frames, and a second on top: a sprinter makes ten metres a
second, about six times what a person is tall; 1.5 for boxes that grow or shrink where somebody is cut off."""


@dataclass(frozen=True, kw_only=True)
class Windows:
    """How videos are cut into scenes.

    Attributes:
        num_frames: of a scene; where a video has fewer, its scene has those, but at least two.
        every_s: least time between two frames of a scene; 0: all that are labelled.
        longest_gap_s: frames further apart than this belong to different scenes.
        stride: frames from one scene's begin to the next one's; None: as many as a scene has.
    """

    num_frames: int = 16
    every_s: float = 0.0
    longest_gap_s: float = 1.0
    stride: int | None = None


def scenes_over_time(
    videos: Sequence[Video], windows: Windows, *, split: str = "train"
) -> tuple[tuple[Scene, ...], tuple[str, ...]]:
    """The scenes of videos, in order of their id, and what was left out, counted, one line each.

    A scene's id is that of its middle frame.
    """
    seen: Counter[str] = Counter()
    scenes = [scene for video in videos for scene in _scenes(video, windows, split, seen)]
    notes = tuple(f"{number} {what}" for what, number in seen.items() if number)
    return tuple(sorted(scenes, key=lambda scene: scene.id)), notes


def _scenes(video: Video, windows: Windows, split: str, seen: Counter[str]) -> Iterator[Scene]:
    kept = _thinned(video.moments, windows.every_s)
    seen[f"frames less than {windows.every_s:g} s behind another, not used"] += len(video.moments) - len(kept)
    for piece in _pieces(kept, windows.longest_gap_s):
        if len(piece) < 2:
            seen[f"frames with no other within {windows.longest_gap_s:g} s, which are no scene over time"] += len(piece)
            continue
        begins = _begins(len(piece), windows)
        num = min(windows.num_frames, len(piece))
        seen[f"scenes with fewer than {windows.num_frames} frames, their video has no more"] += num < windows.num_frames
        used = {number for begin in begins for number in range(begin, begin + num)}
        seen["frames between scenes or at a video's end, in no scene"] += len(piece) - len(used)
        for begin in begins:
            yield _scene(video.name, piece[begin : begin + num], split, seen)


def _thinned(moments: Sequence[Moment], every_s: float) -> list[Moment]:
    kept: list[Moment] = []
    for one in moments:
        if not kept or one.time_s - kept[-1].time_s >= every_s - ROUNDING_S:
            kept.append(one)
    return kept


def _pieces(moments: Sequence[Moment], longest_gap_s: float) -> Iterator[list[Moment]]:
    piece: list[Moment] = []
    for one in moments:
        if piece and one.time_s - piece[-1].time_s > longest_gap_s + ROUNDING_S:
            yield piece
            piece = []
        piece.append(one)
    if piece:
        yield piece


def _begins(num: int, windows: Windows) -> list[int]:
    """Where scenes begin in ``num`` frames; the last is moved forward over the rest where that is half a stride."""
    stride = windows.stride or windows.num_frames
    begins = list(range(0, max(num - windows.num_frames, 0) + 1, stride))
    rest = num - (begins[-1] + windows.num_frames)
    # Less than half: the scene would show nearly the same as the one before.
    return [*begins, num - windows.num_frames] if 2 * rest >= stride else begins


def _scene(name: str, moments: Sequence[Moment], split: str, seen: Counter[str]) -> Scene:
    at = middle(len(moments))
    still = moments[at].still
    shown = {person.id for person in still.people}
    seen["people who are not in the middle frame of their scene, left out"] += len(
        {person.id for one in moments for person in one.still.people} - shown
    )
    tracks = [_followed(person, moments, at, seen) for person in still.people]
    begin = moments[0].time_s
    frames = tuple(
        # Microseconds: what is finer is the rounding of a division.
        Frame(
            image=one.still.image, time_s=round(one.time_s - begin, 6), people=tuple(track[number] for track in tracks)
        )
        for number, one in enumerate(moments)
    )
    return replace(still, split=split, frames=frames, video=name)


def _followed(person: Person, moments: Sequence[Moment], at: int, seen: Counter[str]) -> list[Person | None]:
    """One of the middle frame's people in every frame, from the middle outwards as far as the track holds."""
    found: list[Person | None] = [None] * len(moments)
    found[at] = person
    for numbers in (range(at + 1, len(moments)), range(at - 1, -1, -1)):
        last = at
        for number in numbers:
            one = next((other for other in moments[number].still.people if other.id == person.id), None)
            if one is None:
                continue
            if _jumps(moments[last], moments[number], person.id):
                seen["tracks that jump to another place, not followed further"] += 1
                break
            found[number], last = one, number
    return found


def _jumps(first: Moment, second: Moment, track: int) -> bool:
    """Whether a track's box is further away than anybody moves in that time."""
    boxes = []
    for one in (first.still, second.still):
        x1, y1, x2, y2 = next(person.box_xyxy for person in one.people if person.id == track)
        boxes.append((x1 * one.width, y1 * one.height, x2 * one.width, y2 * one.height))
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = boxes
    moved = math.hypot((ax1 + ax2 - bx1 - bx2) / 2, (ay1 + ay2 - by1 - by2) / 2)
    length = max(ax2 - ax1, ay2 - ay1, bx2 - bx1, by2 - by1)
    return moved > length * (JUMP + JUMP_A_S * abs(second.time_s - first.time_s))
