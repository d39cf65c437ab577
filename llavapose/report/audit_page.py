"""The page of an audit: its table, the worst samples and a draw, each with picture, skeleton and marked text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from llavapose.errors import DataError
from llavapose.files import atomic_write
from llavapose.frames import MOST_FRAMES, chosen
from llavapose.pictures import Pictures, telling_name
from llavapose.records import Sample, Scene
from llavapose.report.markup import (
    SPANS_TOLD,
    data_uri,
    jpeg_uri,
    jpeg_within,
    legend,
    marked,
    rendered,
    script,
    spans_of,
)
from llavapose.scenes.draw import draw_scene
from llavapose.scenes.shown import as_picture

_PICTURE_PX = 480
"""Longer side of a picture on the page."""
_FRAME_PX = 240
"""Longer side of a clip's frame, as wide as it is played."""
_FRAME_BYTES = 6_000
"""Most of one frame: forty exhibits of 16 frames are 5 MB then, the share of pictures on the other pages."""


class Shown(Protocol):
    """One sample of the page: ``finding`` has ``leaks`` and ``claims``, each with turn, start and end."""

    @property
    def sample(self) -> Sample:
        """What was written."""
        ...

    @property
    def finding(self) -> Mapping[str, Any]:
        """What was found in it, as plain values."""
        ...

    @property
    def scene(self) -> Scene | None:
        """The annotated picture, where it is known."""
        ...


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """What the page is made from.

    Attributes:
        title: heading, the audited file's name.
        lines: what stands under the heading.
        rows: the table, a mapping of measure to text for each kind of sample, its ``kind`` first.
        worst: samples with most faults, the worst first.
        drawn: samples drawn at random.
        images: folder of the pictures; None shows none.
        context_of: scene -> what a teacher would have seen; None shows none.
    """

    title: str
    lines: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    worst: Sequence[Shown]
    drawn: Sequence[Shown]
    images: Path | None = None
    context_of: Callable[[Scene], str] | None = None


def write_audit_page(page: AuditPage, folder: Path) -> Path:
    """Write ``folder/page/index.html``; returns its path."""
    pictures = None if page.images is None else Pictures(page.images)
    sections = (
        ("worst", "The worst first", "No sample leaks or contradicts the keypoints.", page.worst),
        ("drawn", "Drawn at random", "There are no samples.", page.drawn),
    )
    shown = [
        {"id": name, "title": title, "none": none, "exhibits": [_exhibit(item, page, pictures) for item in items]}
        for name, title, none, items in sections
    ]
    # Clips alone need a script.
    has_clips = any(exhibit["frames"] for section in shown for exhibit in section["exhibits"])
    html = rendered(
        "audit.html.j2",
        title=page.title,
        lines=page.lines,
        rows=page.rows,
        sections=shown,
        legend=legend(boxes=False),
        **({"script": script("frames.js")} if has_clips else {}),
    )
    path = folder / "page" / "index.html"
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _exhibit(item: Shown, page: AuditPage, pictures: Pictures | None) -> dict[str, Any]:
    """One sample as the template shows it."""
    sample, finding = item.sample, item.finding
    places = [*({**leak, "outcome": "leak"} for leak in finding["leaks"]), *finding["claims"]]
    frames = _frames(item, pictures)
    picture, missing = ("", "") if frames else _picture(item, pictures)
    wrong = [claim for claim in finding["claims"] if claim["outcome"] == "contradicted"]
    return {
        "sample": sample,
        "frames": frames,
        "spans": _spans(sample, finding) if frames else [],
        "picture": picture,
        "missing": missing,
        "context": page.context_of(item.scene) if page.context_of and item.scene else "",
        "turns": [
            {"role": turn.role, "pieces": marked(turn.text, [place for place in places if place["turn"] == index])}
            for index, turn in enumerate(sample.turns)
        ],
        "wrong": [{"words": claim["words"], "truth": claim["truth"]} for claim in wrong],
        "leaks": [{"words": leak["words"], "kind": leak["kind"]} for leak in finding["leaks"]],
        "counts": [(name, finding[name]) for name in ("supported", "contradicted", "unverifiable")],
        "checked": item.scene is not None,
    }


def _frames(item: Shown, pictures: Pictures | None) -> list[dict[str, Any]]:
    """Address and time of the frames of a sample about a clip, at most ``MOST_FRAMES``; none where one is not there."""
    sample, scene = item.sample, item.scene
    if pictures is None:
        return []
    known = {telling_name(frame.image): frame for frame in scene.frames} if scene else {}
    found = []
    for place in chosen(len(sample.times_s), MOST_FRAMES):
        try:
            name = pictures.find(sample.images[place], where=f"sample {sample.id}")
            if name is None:
                return []
            frame = known.get(telling_name(sample.images[place]))
            alone = as_picture(scene, frame) if scene and frame else Scene(id=0, image=name, width=0, height=0)
            drawn = draw_scene(replace(alone, image=name), pictures.root, size=_FRAME_PX, boxes=False)
        except DataError:
            return []  # the picture in their place says why
        uri = jpeg_uri(jpeg_within(drawn, _FRAME_BYTES))
        found.append({"uri": uri, "time_s": sample.times_s[place]})
    return found


def _spans(sample: Sample, finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """When the claims of motion took place, in order; of a wrong one when that took place which is true instead."""
    by_turn: dict[int, list[Mapping[str, Any]]] = {}
    for claim in finding["claims"]:
        by_turn.setdefault(claim["turn"], []).append({**claim, "span_s": (claim["fact"] or {}).get("span_s")})
    said: dict[tuple[float, float, str], list[str]] = {}
    for turn, claims in by_turn.items():
        for start, end, mark, words in spans_of(sample.turns[turn].text, claims):
            said.setdefault((start, end, mark), []).append(f"“{words}”")
    return [
        {"start": start, "end": end, "mark": mark, "told": f"{SPANS_TOLD[mark]}: {'; '.join(dict.fromkeys(words))}"}
        for (start, end, mark), words in sorted(said.items())
    ]


def _picture(item: Shown, pictures: Pictures | None) -> tuple[str, str]:
    """(data URI, "") or ("", why there is none)."""
    if pictures is None:
        return "", "no image folder given"
    try:
        # Of a clip the frame that its still facts are about.
        shown = item.scene.image if item.scene and item.scene.frames else item.sample.image
        name = pictures.find(shown, where=f"sample {item.sample.id}")
        if name is None:
            return "", f"not in {pictures.root}"
        scene = item.scene or Scene(id=0, image=name, width=0, height=0)
        drawn = draw_scene(replace(scene, image=name), pictures.root, size=_PICTURE_PX, boxes=False)
    except DataError as error:
        return "", str(error)
    return data_uri(drawn), ""
