"""What people who looked at the pictures say of facts, and how often stated facts agree.

A mark is one line of JSON. Either a verdict on a fact that was shown, as the page writes it:

    {"image": 785, "person": 442619, "kind": "stance", "value": "standing", "mark": "right"}

or, better as it outlives every change of the facts, all values that are right, none where none is:

    {"image": 785, "person": 442619, "kind": "knee", "part": "left knee", "values": ["slightly bent", "bent"]}

``image`` and ``person`` are the file's ids, ``target`` too. The kind "reference" marks a person's name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from llavapose.errors import DataError, shown
from llavapose.files import read_jsonl
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.people import references
from llavapose.pose.vocabulary import PARTS, VALUES
from llavapose.records import Fact, Scene

REFERENCE = "reference"
VERDICTS = ("right", "wrong", "unsure")
KINDS = (*VALUES, REFERENCE)

Asked = tuple[int, int | None, str, str | None, int | None]
"""Image, person, kind, part and target, by the file's ids."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Asked -> the values that are right; and (asked, value) -> verdict.

    ``line_of`` has the line of the file that each mark is in; the value of one with all right values is None there.
    """

    values: Mapping[Asked, frozenset[str]]
    verdicts: Mapping[tuple[Asked, str], str]
    line_of: Mapping[tuple[Asked, str | None], int] = field(default_factory=dict)

    def of(self, asked: Asked, value: str) -> str | None:
        """The verdict on a value, None where nobody marked it."""
        told = self.verdicts.get((asked, value))
        # Right values are marked of a person, or of a pair of people where a target is said.
        right = self.values.get(asked, self.values.get((*asked[:4], None)))
        other = [one for one in self.values if one[:4] == asked[:4]] if asked[4] is not None and right is None else []
        if told is None and right is not None:
            return "right" if value in right else "wrong"
        return "wrong" if told is None and other and asked[2] == "nearest" else told


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind, or "all" but names: facts, stated ones, and what the marks say of those."""

    kind: str
    num_facts: int
    num_stated: int
    num_right: int
    num_wrong: int
    num_unsure: int

    @property
    def num_unmarked(self) -> int:
        """Stated facts that nobody marked."""
        return self.num_stated - self.num_right - self.num_wrong - self.num_unsure

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the share that is right."""
        number = self.num_right + self.num_wrong
        if not number:
            return 0.0, 1.0
        found = binomtest(self.num_right, number).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


def stated(scene: Scene) -> list[tuple[Fact, Asked]]:
    """Every fact of a scene, sure or not, with how a mark names it; names of people are facts here too."""
    ids = [person.id for person in scene.people]
    found = []
    for fact in scene_facts(scene):
        person = None if fact.person is None else ids[fact.person]
        things = [thing.id for thing in scene.things] if fact.kind == "contact" else ids
        target = None if fact.target is None else things[fact.target]
        found.append((fact, (scene.id, person, fact.kind, fact.part, target)))
    for index, name in enumerate(references(scene)):
        if name:
            fact = Fact(kind=REFERENCE, person=index, value=name, sure=True)
            found.append((fact, (scene.id, ids[index], REFERENCE, None, None)))
    return found


def read_marks(path: Path, scenes: Sequence[Scene]) -> Marks:
    """The marks of a file; the last one counts where a fact was marked twice.

    Raises:
        DataError: a line that is no mark, or is of a picture or a person that the scenes lack; names the line.
    """
    people = {scene.id: {person.id for person in scene.people} for scene in scenes}
    values: dict[Asked, frozenset[str]] = {}
    verdicts: dict[tuple[Asked, str], str] = {}
    line_of: dict[tuple[Asked, str | None], int] = {}
    for number, row in read_jsonl(path, what="marks"):
        where = f"marks: {path}:{number}"
        asked = _asked(row, people, where)
        if "values" in row:
            values[asked] = frozenset(_values(row["values"], asked[2], where))
            line_of[asked, None] = number
        else:
            (value,) = _values([row.get("value")], asked[2], where)
            if row.get("mark") not in VERDICTS:
                got = shown(row.get("mark"))
                raise DataError(f"{where} has mark {got}; expected {', '.join(VERDICTS)}, or `values`")
            verdicts[asked, value] = row["mark"]
            line_of[asked, value] = number
    if not values and not verdicts:
        raise DataError(f"marks: {path} has no mark; expected a line a mark, as the page downloads them")
    return Marks(values=values, verdicts=verdicts, line_of=line_of)


def _asked(row: dict[str, Any], people: Mapping[int, set[int]], where: str) -> Asked:
    image, person, part, target = (row.get(key) for key in ("image", "person", "part", "target"))
    kind = row.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(f"{where} has kind {shown(kind)}; expected one of {', '.join(KINDS)}")
    if not isinstance(image, int) or image not in people:
        raise DataError(f"{where} is of image {shown(image)}, which the file of people lacks: other pictures' marks?")
    if person is not None and (not isinstance(person, int) or person not in people[image]):
        raise DataError(f"{where} is of person {shown(person)}, whom image {image} lacks: other pictures' marks?")
    if part is not None and (not isinstance(part, str) or part not in PARTS.get(kind, ())):
        raise DataError(f"{where} has part {shown(part)}; expected one of {', '.join(PARTS.get(kind, ())) or 'none'}")
    if target is not None and not isinstance(target, int):
        raise DataError(f"{where} has target {shown(target)}; expected an id")
    return image, person, kind, part, target


def _values(values: Any, kind: str, where: str) -> list[str]:
    listed: list[Any] = values if isinstance(values, list) else [None]
    known = VALUES.get(kind)
    right = [one for one in listed if isinstance(one, str) and (known is None or one in known)]
    if len(right) < len(listed):
        wrong = next(one for one in listed if one not in right)
        expected = ", ".join(known) if known else "a name"
        raise DataError(f"{where} has value {shown(wrong)} for {kind}, and a `mark` needs one; expected {expected}")
    return right


def table(scenes: Iterable[Scene], marks: Marks) -> list[Row]:
    """How the stated facts of marked pictures agree with the marks, by kind, then all kinds but names together."""
    pictures = {asked[0] for asked in marks.values} | {asked[0] for asked, _ in marks.verdicts}
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for scene in scenes:
        for fact, asked in stated(scene) if scene.id in pictures else ():
            count = counts[fact.kind]
            count["facts"] += 1
            count["stated"] += fact.sure
            verdict = marks.of(asked, fact.value) if fact.sure else None
            if verdict:
                count[verdict] += 1
    told = [kind for kind in VALUES if counts[kind]["facts"]]
    counts["all"] = sum((counts[kind] for kind in told), Counter())
    listed = [*told, "all", *([REFERENCE] if counts[REFERENCE]["facts"] else [])]
    return [_row(kind, counts[kind]) for kind in listed]


def _row(kind: str, count: Mapping[str, int]) -> Row:
    return Row(
        kind=kind, num_facts=count["facts"], num_stated=count["stated"], num_right=count["right"],
        num_wrong=count["wrong"], num_unsure=count["unsure"],
    )  # fmt: skip


def lines(rows: Sequence[Row]) -> Iterable[str]:
    """The table as text."""
    columns = " ".join(f"{name:>6s}" for name in ("stated", "right", "wrong", "unsure", "open"))
    yield f"{'kind':11s} {columns} {'of facts':>8s}  share right [95%]"
    for row in rows:
        low, high = row.interval
        number = row.num_right + row.num_wrong
        share = f"{row.num_right / number:.1%} [{low:.1%}, {high:.1%}]" if number else "-"
        yield (f"{row.kind:11s} {row.num_stated:6d} {row.num_right:6d} {row.num_wrong:6d} {row.num_unsure:6d} "
               f"{row.num_unmarked:6d} {row.num_stated / max(1, row.num_facts):8.0%}  {share}")  # fmt: skip


def wrong(scenes: Iterable[Scene], marks: Marks) -> Iterable[str]:
    """A line for each stated fact that is marked wrong."""
    for scene in scenes:
        for fact, asked in stated(scene):
            if fact.sure and marks.of(asked, fact.value) == "wrong":
                yield f"wrong: image {asked[0]}, person {asked[1]}: {fact.kind} {fact.part or ''} {fact.value}".rstrip()


def unmatched(scenes: Iterable[Scene], marks: Marks) -> Iterable[str]:
    """A line about marks that match no fact, sure or not, if there are any: how many, and the first.

    A verdict is of one value; values are of whatever is said of that person and part. Of who is nearest a mark names
    the right one, whom the facts need not name.
    """
    facts = [(fact, asked) for scene in scenes for fact, asked in stated(scene)]
    said = {(asked, fact.value) for fact, asked in facts}
    known = {asked for _, asked in facts} | {(*asked[:4], None) for _, asked in facts}
    pairs = {asked[:4] for _, asked in facts if asked[2] == "nearest"}
    lost = [
        (line, asked, value)
        for (asked, value), line in marks.line_of.items()
        if ((asked, value) not in said if value else asked not in known and asked[:4] not in pairs)
    ]
    if lost:
        line, (image, person, kind, part, target), value = min(lost, key=lambda one: one[0])
        words = " ".join(filter(None, (kind, part, value, "" if target is None else f"of {target}")))
        whom = "the whole picture" if person is None else f"person {person}"
        yield (f"{len(lost)} of {len(marks.line_of)} marks match no fact: nothing is said there, sure or not; "
               f"the first: line {line}, image {image}, {whom}: {words}")  # fmt: skip
