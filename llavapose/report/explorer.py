"""What the page's explorer shows: every question with its picture, all arms' answers and all judges' verdicts on them.

Plain values for the script ``templates/explorer.js``, read from result files alone. One question::

    {"id": "17-conv", "kind": "conv", "text": "How is the left elbow?", "picture": "17", "answers": [
        {"text": ["The person stands and ", ["the left elbow is bent", "right"], "."], "note": "", "wrong": 0,
         "ratings": [8.5], "controls": [[1.0, 2.0]], "verdicts": [[0, 8.5, "names the elbow", "baseline", "ab", 0]]}]}

An answer a row of the tables, a rating a judge; ``controls`` are its ratings with shuffled pictures and without any; a
verdict is (judge, rating, reason, opponent, order, repeat), packed with the reason's number in ``reasons``, where each
stands once: a reply to a pair is the reason of both its ratings. A question that a paper quotes has ``quoted`` as well,
a model and the text that is printed each, which nobody rates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from llavapose.config.choices import Control
from llavapose.errors import DataError, shown
from llavapose.evaluation.tables.ablation import file_arm
from llavapose.evaluation.tables.parties import panel_seats
from llavapose.evaluation.tables.verdicts import judges_found, rated_answers, verdict_rows
from llavapose.files import read_jsonl
from llavapose.kinds import KINDS
from llavapose.pose.check import CONTRADICTED
from llavapose.records import BASELINE, CONTROL_ARMS, POSE, PRIOR
from llavapose.report.markup import marked, rendered
from llavapose.report.room import PAGE_BYTES, share_room

PANEL = "panel"
"""Value of the filter for the median of the judges that form the tables' panel: never pose, whose scale is another."""
QUOTED = "as printed in the paper, never rated"

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """What ``explorer.html.j2`` and the script show, of answers as of samples.

    Attributes:
        title: what screen readers call it.
        searched: what the search looks through.
        filters: name in the address, label, choices as (value, text); the value "" takes all.
        items: what is listed; ``data`` holds it for the script, and the page itself lists it where scripts do not run.
        data, pictures: for the script.
        plain: all of it for browsers without scripts, where the page does not list ``items`` itself.
        told: what found no room.
        folds: whether there are explanations to unfold.
        arms: names of an item's answers.
    """

    title: str
    searched: str
    filters: Sequence[tuple[str, str, Choices]]
    items: Sequence[Mapping[str, Any]]
    data: Markup
    pictures: Markup
    plain: Markup = field(default_factory=Markup)
    told: Sequence[str] = ()
    folds: bool = False
    arms: Sequence[str] = ()


OUTCOMES = (
    ("", "any outcome"),
    ("better", "better than baseline"),
    ("worse", "worse than baseline"),
    ("equal", "equal to baseline"),
    ("wrong", "contradicted claims"),
    ("unscored", "unscored"),
    ("missing", "no answer"),
    ("blind", "† not above a control"),
)
JUDGES_APART = "judges"
"""The order by how far judges lie apart: models that share a scale where there are two, else the pose judge too."""
ORDERS = (
    ("", "benchmark"),
    ("gain", "gain over baseline"),
    ("loss", "loss to baseline"),
    ("arms", "disagreement of arms"),
    (JUDGES_APART, "disagreement of judges"),
    ("orders", "disagreement of orders"),
)
"""How the list is sorted; the script knows each by its value."""


@dataclass(frozen=True, kw_only=True)
class _ArmResults:
    """One arm's files by question: answers, ratings by judge, ratings under each control by judge, verdicts."""

    answers: Mapping[str, Mapping[str, Any]]
    ratings: Mapping[str, Mapping[str, float | None]]
    controls: Mapping[str, Sequence[Mapping[str, float | None]]]
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]]


def rows_shown(arms: Sequence[str], folders: Mapping[str, Path]) -> list[str]:
    """The arms, and behind them the control arms that answered in any of their folders."""
    there = {*folders, *_controls(list(folders.values()))}
    return [*arms, *(arm for arm in CONTROL_ARMS if arm in there and arm not in arms)]


def _controls(places: Sequence[Path]) -> dict[str, Path]:
    """Control arm -> a folder with its answers; one is as good as another."""
    found = {arm: next((f for f in places if (f / "answers" / f"{arm}.jsonl").is_file()), None) for arm in CONTROL_ARMS}
    return {arm: folder for arm, folder in found.items() if folder is not None}


def answers_explorer(
    arms: Sequence[str],
    folders: Mapping[str, Path],
    failed: Sequence[str],
    colours: Sequence[str],
    baseline: str = BASELINE,
    *,
    num_bytes: int = PAGE_BYTES,
) -> Explorer | None:
    """Read what the arms left; None where no folder has questions.

    Args:
        arms: rows of the tables.
        folders: arm -> folder with its ``answers/`` and ``verdicts/``; an arm that left none is missing.
        failed: arms whose job failed.
        colours: of the rows in order (``rows_shown``).
        baseline: the arm that the others are compared with.
        num_bytes: how large it may be.

    Raises:
        DataError: a broken result file.
    """
    places = list(dict.fromkeys(folders.values()))
    home = next((folder for folder in places if (folder / "benchmark.jsonl").is_file()), None)
    if home is None:
        return None
    folders = {**_controls(places), **folders}
    arms = rows_shown(arms, folders)
    judges = list(judges_found(places))
    seats = panel_seats(places, judges)
    models = [judge for judge in judges if judge != POSE]
    disagreeing = models if len(models) > 1 else judges
    found = {arm: _results(folders[arm], arm, judges) for arm in arms if arm in folders}
    quoted = _quoted(home)
    questions = [
        {
            "id": row["id"],
            "kind": row["kind"],
            "text": row["text"],
            "picture": str(row["scene_id"]),
            "answers": [_answer(row, found.get(arm), judges, arm in failed) for arm in arms],
            **({"quoted": quoted[row["id"]]} if row["id"] in quoted else {}),
        }
        for row in _asked(home)
    ]
    data = {
        "view": "answers",
        "noun": "questions",
        "nopicture": "Its picture has not been drawn.",
        "blind": "Not above both the prior and the arm's own answer to another picture.",
        "printed": QUOTED,
        "arms": arms,
        "colours": list(colours[: len(arms)]),
        "judges": judges,
        "disagree": [number for number, judge in enumerate(judges) if judge in disagreeing],
        "panel": [judges.index(judge) for judge in seats],
        "baseline": arms.index(baseline) if baseline in arms else -1,
        "prior": arms.index(PRIOR) if PRIOR in arms else -1,
        "controls": [number for number, arm in enumerate(arms) if arm in CONTROL_ARMS],
        "compared": [number for number, arm in enumerate(arms) if arm not in (baseline, *CONTROL_ARMS)],
        "items": questions,
    }
    names = dict.fromkeys(one["picture"] for one in questions)
    shared = share_room(
        data,
        _pictures(list(names), places),
        lambda listed: Markup(
            rendered("answers.html.j2", items=questions, arms=arms, quoted=QUOTED, listed=listed)  # escaped there
        ),
        num_bytes,
    )
    return Explorer(
        title="Questions and answers",
        searched="questions, answers, explanations",
        filters=_filters(arms, list(dict.fromkeys(one["kind"] for one in questions)), judges, disagreeing, len(seats)),
        items=questions,
        data=shared.data,
        pictures=shared.pictures,
        plain=shared.plain,
        told=shared.told,
        folds=any(len(answer.get("verdicts", ())) > 1 for one in questions for answer in one["answers"]),
        arms=arms,
    )


def _asked(home: Path) -> list[dict[str, Any]]:
    """The benchmark's questions, those of one picture side by side, in the tables' order of kinds."""
    asked = [row for _, row in read_jsonl(home / "benchmark.jsonl", what="benchmark")]
    first = {name: number for number, name in enumerate(dict.fromkeys(row["scene_id"] for row in asked))}
    return sorted(asked, key=lambda row: (first[row["scene_id"]], list(KINDS).index(row["kind"])))


def _quoted(home: Path) -> dict[str, list[tuple[str, str]]]:
    """Question -> (model, text) of the answers to it that a paper prints; empty where none are quoted."""
    path = home / "quoted.jsonl"
    found: dict[str, list[tuple[str, str]]] = {}
    for number, row in read_jsonl(path, what="quoted answers") if path.is_file() else ():
        question, model, text = (row.get(name) for name in ("question_id", "arm", "text"))
        if not (isinstance(question, str) and isinstance(model, str) and isinstance(text, str)):
            raise DataError(
                f"quoted answers: {path}:{number} has {shown(row)}; expected question_id, arm and text, each a text: "
                "leave the line out, or evaluate again"
            )
        found.setdefault(question, []).append((model, text))
    return found


def _filters(
    arms: Sequence[str], kinds: Sequence[str], judges: Sequence[str], disagreeing: Sequence[str], num_seats: int
) -> Sequence[tuple[str, str, Choices]]:
    first, *others = judges
    apart = f"{disagreeing[0]} and {disagreeing[1]}" if len(disagreeing) == 2 else f"{len(disagreeing)} judges"
    orders = [(key, f"disagreement of {apart}" if key == JUDGES_APART else told) for key, told in ORDERS]
    panel = [(PANEL, f"panel, the median of {num_seats} judges")] if num_seats > 1 else []
    return (
        ("arm", "Arm", [("", "any arm"), *((arm, arm) for arm in arms)]),
        ("kind", "Kind", [("", "all kinds"), *((kind, kind) for kind in kinds)]),
        ("outcome", "Outcome", OUTCOMES),
        (
            "judge",
            "Ratings of",
            [
                ("", first),
                *((one, one) for one in others),
                *panel,
            ],
        ),
        ("sort", "Sorted by", [one for one in orders if one[0] != JUDGES_APART or len(disagreeing) > 1]),
    )


def _pictures(names: Sequence[str], folders: Sequence[Path]) -> dict[str, Path]:
    """Name -> file of the drawn pictures that are there; one folder's is as good as another's."""
    files = {name: [folder / "pictures" / f"{name}.jpg" for folder in folders] for name in names}
    found = {name: next((path for path in paths if path.is_file()), None) for name, paths in files.items()}
    return {name: path for name, path in found.items() if path is not None}


def _results(folder: Path, arm: str, judges: Sequence[str]) -> _ArmResults:
    name = file_arm(arm)
    path = folder / "answers" / f"{name}.jsonl"
    verdicts: dict[str, list[dict[str, Any]]] = {}
    for judge in judges:
        for row in verdict_rows(folder, name, judge):
            verdicts.setdefault(row["question_id"], []).append({**row, "judge": judge})
    return _ArmResults(
        answers={row["question_id"]: row for _, row in read_jsonl(path, what="answers")} if path.is_file() else {},
        ratings={judge: _ratings(folder, name, judge) for judge in judges},
        controls={judge: [_ratings(folder, name, judge, control) for control in Control] for judge in judges},
        verdicts=verdicts,
    )


def _ratings(folder: Path, arm: str, judge: str, control: Control | None = None) -> dict[str, float | None]:
    return {one.question_id: one.rating for one in rated_answers(folder, arm, judge, control)}


def _answer(question: Mapping[str, Any], results: _ArmResults | None, judges: Sequence[str], failed: bool) -> Any:
    """An arm's answer to a question with all that was said of it; a note alone where there is none."""
    name = question["id"]
    answer = results.answers.get(name) if results else None
    if results is None or answer is None:
        return {"note": "failed" if failed else "no answer"}
    verdicts = results.verdicts.get(name, ())
    if any(row.get("text", question["text"]) != question["text"] for row in verdicts):
        return {"note": "asked another question"}
    if answer.get("finish") == "failed":
        return {"note": f"failed: {answer['text']}"}
    claims = next((row["claims"] for row in verdicts if row.get("claims")), [])
    return {
        "text": [[piece, mark] if mark else piece for piece, mark in marked(answer["text"], claims)],
        "note": _note(answer),
        "wrong": sum(claim["outcome"] == CONTRADICTED for claim in claims),
        "ratings": [_rounded(results.ratings[judge].get(name)) for judge in judges],
        "controls": [[_rounded(of.get(name)) for of in results.controls[judge]] for judge in judges],
        "verdicts": [
            [judges.index(row["judge"]), _rounded(row["rating"]), row.get("reason", ""),
             row.get("opponent"), row.get("order"), row.get("repeat", 0)]
            for row in verdicts
        ],
    }  # fmt: skip


_CUT = {"length": "cut at its longest", "content_filter": "cut by the endpoint's filter"}


def _note(answer: Mapping[str, Any]) -> str:
    if not answer["text"].strip():
        return "empty answer"
    return _CUT.get(answer.get("finish", ""), "")


def _rounded(rating: float | None) -> float | None:
    return None if rating is None else round(rating, 3)
