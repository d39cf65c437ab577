"""A look at samples that anybody made: what leaks, what contradicts the keypoints, what comes again."""

import heapq
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from llavapose.errors import DataError
from llavapose.kinds import KINDS
from llavapose.pictures import plain_name
from llavapose.pose.claims.extract import MAX_SENTENCE
from llavapose.records import Sample, Scene
from llavapose.samples import KIND_TOLD_BY, count_lines, steady, stream_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.shown import by_picture
from llavapose.teacher.checks.duplicates import HOW, Duplicates, Repeats
from llavapose.teacher.checks.findings import to_json
from llavapose.teacher.checks.looks import Look, finding_of, looked_through
from llavapose.teacher.dataset.card import Checked

UNTOLD = "untold"
"""Stands for the kind of samples that nothing tells it of."""

MOST_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True)
class AuditItem:
    """One sample to look at.

    Attributes:
        sample: as read.
        finding: what was found in it (``quality.to_json``).
        scene: the annotated picture; None where it is not among the scenes.
    """

    sample: Sample
    finding: Mapping[str, Any]
    scene: Scene | None = None


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What an audit found.

    Attributes:
        path: what was read.
        images: folder of the pictures; None where none was given.
        checked: kind -> findings, counted; ``all`` kinds in the last row.
        leaks: kind of leak -> places.
        duplicates: answers that come again.
        with_scene: samples whose picture is among the scenes: only their claims can be checked.
        num_unread: samples with a sentence too long to be read, of those.
        problems: the first records that cannot be read; ``num_problems`` of them in all.
        worst: samples with the most contradictions and leaks, the worst first; none without.
        drawn: samples drawn with the seed, in file order.
    """

    path: Path
    images: Path | None
    checked: dict[str, Checked]
    leaks: dict[str, int]
    duplicates: Duplicates
    with_scene: int
    num_unread: int
    num_problems: int
    problems: tuple[str, ...]
    worst: tuple[AuditItem, ...]
    drawn: tuple[AuditItem, ...]

    @property
    def num_samples(self) -> int:
        """Samples that could be read."""
        return sum(checked.conversations for checked in self.checked.values())

    def rows(self) -> list[dict[str, str]]:
        """The table: a row a kind, then all, as texts by column."""
        found = self.duplicates
        rows = [self._row(kind, checked, found.answers.get(kind, 0), found.found.get(kind, {}))
                for kind, checked in self.checked.items()]  # fmt: skip
        if len(rows) > 1:
            total, again = Counter[str](), Counter[str]()
            for checked in self.checked.values():
                total.update(vars(checked))
            for counts in found.found.values():
                again.update(counts)
            rows.append(self._row("all", Checked(**total), sum(found.answers.values()), again))
        return rows

    def notes(self) -> list[str]:
        """What the table does not say, one line each."""
        lines = [f"{self.path}: {self.num_samples:,} samples"]
        if self.num_problems:
            lines += [f"{self.num_problems:,} records cannot be read, the first:", *self.problems[:3]]
        if self.with_scene < self.num_samples:
            missing = self.num_samples - self.with_scene
            lines.append(
                f"{missing:,} samples show pictures whose keypoints are not known: no claim of theirs is checked"
            )
        if self.num_unread:
            lines.append(
                f"{self.num_unread:,} samples hold sentences of more than {MAX_SENTENCE:,} characters: no claim in "
                "those is checked"
            )
        if UNTOLD in self.checked:
            lines.append(f"{self.checked[UNTOLD].conversations:,} samples tell no kind and count as {UNTOLD}")
        if self.leaks:
            lines.append("leaks: " + ", ".join(f"{kind} {number:,}" for kind, number in self.leaks.items()))
        return lines

    def lines(self) -> list[str]:
        """The whole report as lines to print: a measure a row, a kind a column."""
        rows = self.rows()
        columns = [list(rows[0]), *(list(row.values()) for row in rows)]
        widths = [max(map(len, column)) for column in columns]
        table = [
            "  ".join([cells[0].ljust(widths[0]), *(map(str.rjust, cells[1:], widths[1:]))]).rstrip()
            for cells in zip(*columns, strict=True)
        ]
        return [*self.notes(), *table]

    def _row(self, kind: str, checked: Checked, answers: int, again: Mapping[str, int]) -> dict[str, str]:
        claims = checked.supported + checked.contradicted + checked.unverifiable
        return {
            "kind": kind,
            "samples": f"{checked.conversations:,}",
            "with a leak": _share(checked.with_leak, checked.conversations),
            # Where no claim could be checked, none was found to be wrong and none right.
            "with a contradiction": _share(checked.with_contradiction, checked.conversations if claims else 0),
            "claims": f"{claims:,}",
            "supported": _share(checked.supported, claims),
            "contradicted": _share(checked.contradicted, claims),
            "unverifiable": _share(checked.unverifiable, claims),
            **{f"answers {how}": _share(again.get(how, 0), answers) for how in HOW},
        }


def audit(
    path: Path,
    images: Path | None,
    scenes: SceneSet | None,
    *,
    seed: int = 0,
    num_worst: int = 20,
    num_drawn: int = 20,
    processes: int = 1,
) -> AuditReport:
    """Read samples once and check each.

    Args:
        path: JSONL, LLaVA JSON, or a folder of it, made by anybody; the pictures need not be there.
        images: folder of the pictures, for the page; None takes that of the scenes.
        scenes: annotated pictures, found by file name; None checks no claims.
        seed: of the draw.
        num_worst: samples that the page begins with.
        num_drawn: samples that the page goes on with.
        processes: that look at samples; their number changes nothing but the time.

    Raises:
        DataError: no such file, a folder without samples, no record that can be read (names the first), or a file that
            was changed meanwhile.
        LlavaPoseError: one of the processes was ended from outside.
    """
    look = _Seen(scenes=scenes, rng=random.Random(seed), num_worst=num_worst, num_drawn=num_drawn)
    repeats = Repeats()
    with steady(path):
        read = tqdm(look.through(path), total=count_lines(path), desc="audit", unit="sample")
        for (sample, scene), found in looked_through(read, processes=processes):
            look.take(sample, scene, found)
            repeats.take(sample, found.answers)
    if not look.counts:
        why = f"; {look.num_problems:,} cannot: {look.problems[0]}" if look.problems else ", for it is empty"
        raise DataError(f"audit: no record of {path} can be read{why}")
    order = [kind for kind in (*KINDS, UNTOLD) if kind in look.counts]
    return AuditReport(
        path=path,
        images=images or (scenes.images if scenes else None),
        checked={kind: Checked(**look.counts[kind]) for kind in order},
        leaks=dict(sorted(look.leaks.items())),
        duplicates=repeats.result(),
        with_scene=look.with_scene,
        num_unread=look.num_unread,
        num_problems=look.num_problems,
        problems=tuple(look.problems),
        worst=tuple(_item(*entry[2]) for entry in sorted(look.worst, key=lambda entry: entry[:2], reverse=True)),
        drawn=tuple(_item(*entry[1]) for entry in sorted(look.drawn, key=lambda entry: entry[0])),
    )


@dataclass(kw_only=True)
class _Seen:
    """What has been seen so far: counts, the worst, and a draw in which each sample has the same chance."""

    scenes: SceneSet | None
    rng: random.Random
    num_worst: int
    num_drawn: int
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    leaks: Counter[str] = field(default_factory=Counter)
    with_scene: int = 0
    num_unread: int = 0
    num_problems: int = 0
    problems: list[str] = field(default_factory=list)
    number: int = 0
    worst: list[tuple[tuple[int, int], int, tuple[Sample, Scene | None]]] = field(default_factory=list)
    drawn: list[tuple[int, tuple[Sample, Scene | None]]] = field(default_factory=list)

    def through(self, path: Path) -> Iterator[tuple[Sample, Scene | None]]:
        """Yield each sample with its scene; records that cannot be read are noted."""
        all_scenes = self.scenes.scenes if self.scenes else ()
        by_name = by_picture((scene for scene in all_scenes if scene.frames), _frame_name)
        by_name |= {plain_name(scene.image): scene for scene in all_scenes if not scene.frames}
        for sample, problem in stream_samples(path, None, kind=next(iter(KINDS))):
            if sample is None:
                self.num_problems += 1
                self.problems += [problem] * (len(self.problems) < MOST_PROBLEMS)
                continue
            if sample.provenance.get(KIND_TOLD_BY):
                sample = replace(sample, kind=UNTOLD)
            yield sample, by_name.get(_frame_name(sample.image)) or by_name.get(plain_name(sample.image))

    def take(self, sample: Sample, scene: Scene | None, found: Look) -> None:
        """Count what was seen in the next sample."""
        self.with_scene += scene is not None
        self.num_unread += found.unread
        self.leaks.update(found.leaks)
        counts = self.counts.setdefault(sample.kind, Counter())
        counts["conversations"] += 1
        counts["with_leak"] += bool(found.leaks)
        counts["with_contradiction"] += bool(found.contradicted)
        for outcome in ("supported", "contradicted", "unverifiable"):
            counts[outcome] += getattr(found, outcome)
        self._keep((sample, scene), (found.contradicted + len(found.leaks), found.contradicted))
        self.number += 1

    def _keep(self, seen: tuple[Sample, Scene | None], faults: tuple[int, int]) -> None:
        """Among the worst if it is one of them, and in the draw if it falls on it (reservoir sampling)."""
        place = self.rng.randrange(self.number + 1)
        if faults[0] and self.num_worst:
            push = heapq.heappush if len(self.worst) < self.num_worst else heapq.heappushpop
            push(self.worst, (faults, -self.number, seen))
        if self.number < self.num_drawn:
            self.drawn.append((self.number, seen))
        elif place < self.num_drawn:
            self.drawn[place] = (self.number, seen)


def _frame_name(path: str) -> str:
    """A frame's file name with its folder: the frames of all clips are numbered alike."""
    return "/".join(PurePosixPath(path).parts[-2:])


def _item(sample: Sample, scene: Scene | None) -> AuditItem:
    return AuditItem(sample=sample, finding=to_json(finding_of(sample, scene)), scene=scene)


def _share(number: int, whole: int) -> str:
    return f"{number:,} ({number / whole:.1%})" if whole else "-"
