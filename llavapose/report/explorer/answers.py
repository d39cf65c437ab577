"""The explorer of answers: every question with all arms' answers and all judges' verdicts on them.

Plain values for the script ``templates/answers.js``, read from result files alone. One question::

    {"id": "17-conv", "kind": "conv", "text": "How is the left elbow?", "picture": "17", "answers": [
        {"text": ["The person stands and ", ["the left elbow is bent", "right"], "."], "note": "", "wrong": 0,
         "ratings": [8.5], "controls": [[1.0, 2.0]], "verdicts": [[0, 8.5, "names the elbow", "baseline", "ab", 0]]}]}

An answer a row of the tables, a rating a judge; ``controls`` are its ratings with shuffled pictures and without any,
of a clip with its frames in other orders too; a verdict is (judge, rating, reason, opponent, order, repeat), packed
with the reason's number in ``reasons``, where each stands once: a reply to a pair is the reason of both its ratings.
``facing`` has, for a judge (its number) that laid the answer and the baseline's to the same question in one pair, both
ratings of just that, for their difference. A question that a paper quotes has ``quoted`` as well, a model and the text
that is printed each, which nobody rates; one about several pictures has ``further``, the names of those behind the
first, and one about a clip ``times`` too, when each of these frames was taken, in seconds. ``spans`` of an answer are
its claims of motion whose fact says when: from, to, the claim's mark and its words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from llavapose.config.choices import Control
from llavapose.errors import DataError, shown
from llavapose.evaluation.tables.parties import panel_seats
from llavapose.evaluation.tables.verdicts import judges_found
from llavapose.files import read_jsonl
from llavapose.kinds import KINDS
from llavapose.records import BASELINE, CONTROL_ARMS, PEOPLE, PRIOR, base_of, peer, with_base, without_base
from llavapose.report.explorer.arm_results import answer_shown, arm_results, facing_baseline
from llavapose.report.explorer.clips import Clips, clips_shown
from llavapose.report.explorer.view import Explorer, answers_filters, models_of
from llavapose.report.markup import SPANS_TOLD, rendered
from llavapose.report.room import PAGE_BYTES, share_room

QUOTED = "as printed in the paper, never rated"


@dataclass(frozen=True, kw_only=True)
class _Company:
    """Whose answers and ratings there are.

    Attributes:
        arms: in the tables' order, controls too.
        folders: arm -> its results.
        failed: arms whose job failed.
        judges: the pose judge first.
        seats: those that form the panel.
        baseline: the arm that the others are compared with.
        named: judge -> its name as it is shown; one that is missing has none but its own.
    """

    arms: Sequence[str]
    folders: Mapping[str, Path]
    failed: Sequence[str]
    judges: Sequence[str]
    seats: Sequence[str]
    baseline: str
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def disagreeing(self) -> Sequence[str]:
        """The judges between whom disagreement is told: models, which share a scale, where there are two."""
        models = models_of(self.judges)
        return models if len(models) > 1 else self.judges


def rows_shown(arms: Sequence[str], folders: Mapping[str, Path]) -> list[str]:
    """The arms, and behind them the control arms that answered in any of their folders."""
    there = {*folders, *_controls(folders)}
    rows = [with_base(arm, base) for arm in CONTROL_ARMS for base in dict.fromkeys(map(base_of, arms))]
    return [*arms, *(arm for arm in rows if arm in there and arm not in arms)]


def _controls(folders: Mapping[str, Path]) -> dict[str, Path]:
    """Control arm of a base -> a folder with its answers; one is as good as another."""
    found = {}
    for row, folder in folders.items():
        for arm in CONTROL_ARMS:
            if (folder / "answers" / f"{arm}.jsonl").is_file():
                found.setdefault(peer(row, arm), folder)
    return found


def answers_explorer(
    arms: Sequence[str],
    folders: Mapping[str, Path],
    failed: Sequence[str],
    colours: Sequence[str],
    baseline: str = BASELINE,
    *,
    num_bytes: int = PAGE_BYTES,
    named: Mapping[str, str] | None = None,
) -> Explorer | None:
    """Read what the arms left; None where no folder has questions.

    Args:
        arms: rows of the tables.
        folders: arm -> folder with its ``answers/`` and ``verdicts/``; an arm that left none is missing.
        failed: arms whose job failed.
        colours: of the rows in order (``rows_shown``).
        baseline: the arm that the others are compared with.
        num_bytes: how large it may be.
        named: judge -> its name as titles have it, with the mark of one that disagrees with itself.

    Raises:
        DataError: a broken result file.
    """
    places = list(dict.fromkeys(folders.values()))
    home = next((folder for folder in places if (folder / "benchmark.jsonl").is_file()), None)
    if home is None:
        return None
    judges = list(judges_found(places))
    company = _Company(
        arms=rows_shown(arms, folders),
        folders={**_controls(folders), **folders},
        failed=failed,
        judges=judges,
        seats=panel_seats(places, judges),
        baseline=baseline,
        named=named or {},
    )
    clips = clips_shown(_asked(home), places)
    questions = _questions(home, company, clips)
    names = dict.fromkeys(name for one in questions for name in (one["picture"], *one.get("further", ())))
    found = {**_pictures([name for name in names if name not in clips.files], places), **clips.files}
    pictures = {name: found[name] for name in names if name in found}
    return _explorer(questions, company, colours, pictures, num_bytes, clips.told)


def _questions(home: Path, company: _Company, clips: Clips) -> list[dict[str, Any]]:
    """The benchmark's questions as the script has them."""
    judges, quoted = company.judges, _quoted(home)
    found = {arm: arm_results(company.folders[arm], arm, judges) for arm in company.arms if arm in company.folders}
    bases = {arm: found.get(peer(arm, company.baseline)) for arm in found}
    against = {
        arm: facing_baseline(of_arm, base) if (base := bases[arm]) is not None and base is not of_arm else {}
        for arm, of_arm in found.items()
    }
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "text": row["text"],
            **(clips.pictured(row) or _pictured(row)),
            "answers": [
                answer_shown(row, found.get(arm), judges, arm in company.failed, against.get(arm, {}))
                for arm in company.arms
            ],
            **({"quoted": quoted[row["id"]]} if row["id"] in quoted else {}),
        }
        for row in _asked(home)
    ]


def _numbers(row: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers of a question's pictures, as its line has them."""
    found = row["scene_id"]
    return tuple(found) if isinstance(found, list) else (found,)


def _pictured(row: Mapping[str, Any]) -> dict[str, Any]:
    """The name of a question's picture; of several, those behind the first too."""
    first, *further = map(str, _numbers(row))
    return {"picture": first, **({"further": further} if further else {})}


def _explorer(
    questions: Sequence[Mapping[str, Any]],
    company: _Company,
    colours: Sequence[str],
    pictures: Mapping[str, Path],
    num_bytes: int,
    told: Sequence[str],
) -> Explorer:
    arms, judges = company.arms, company.judges
    shared = share_room(
        {**_constants(company), "colours": list(colours[: len(arms)]), "items": questions},
        pictures,
        lambda listed: Markup(
            rendered("answers.html.j2", items=questions, arms=arms, quoted=QUOTED, listed=listed)  # escaped there
        ),
        num_bytes,
    )
    kinds = list(dict.fromkeys(one["kind"] for one in questions))
    return Explorer(
        title="Questions and answers",
        searched="questions, answers, explanations",
        filters=answers_filters(arms, kinds, judges, company.disagreeing, len(company.seats), company.named),
        items=questions,
        data=shared.data,
        pictures=shared.pictures,
        plain=shared.plain,
        told=(*told, *shared.told),
        folds=any(len(answer.get("verdicts", ())) > 1 for one in questions for answer in one["answers"]),
        arms=arms,
    )


def _constants(company: _Company) -> dict[str, Any]:
    """What the script must know beside the questions; arms and judges are told by their numbers."""
    arms, judges = company.arms, company.judges
    numbers = {arm: number for number, arm in enumerate(arms)}
    baselines = [numbers.get(peer(arm, company.baseline), -1) for arm in arms]
    controls = [number for number, arm in enumerate(arms) if without_base(arm) in CONTROL_ARMS]
    return {
        "view": "answers",
        "noun": "questions",
        "nopicture": "Its picture has not been drawn.",
        "noclip": "Its frames have not been drawn.",
        "marks": SPANS_TOLD,
        "blind": "Not above both the prior and the arm's own answer to another picture.",
        "printed": QUOTED,
        "looks": [one.told for one in Control],
        "arms": arms,
        "judges": judges,
        "named": [company.named.get(judge, judge) for judge in judges],
        "disagree": [number for number, judge in enumerate(judges) if judge in company.disagreeing],
        "people": judges.index(PEOPLE) if PEOPLE in judges else -1,
        "models": [judges.index(judge) for judge in models_of(judges)],
        "panel": [judges.index(judge) for judge in company.seats],
        "baselines": baselines,
        "priors": [numbers.get(peer(arm, PRIOR), -1) for arm in arms],
        "controls": controls,
        "compared": [number for number in range(len(arms)) if number not in (baselines[number], *controls)],
    }


def _asked(home: Path) -> list[dict[str, Any]]:
    """The benchmark's questions, those of one picture side by side, in the tables' order of kinds."""
    asked = [row for _, row in read_jsonl(home / "benchmark.jsonl", what="benchmark")]
    first = {name: number for number, name in enumerate(dict.fromkeys(map(_numbers, asked)))}
    return sorted(asked, key=lambda row: (first[_numbers(row)], list(KINDS).index(row["kind"])))


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


def _pictures(names: Sequence[str], folders: Sequence[Path]) -> dict[str, Path]:
    """Name -> file of the drawn pictures that are there; one folder's is as good as another's."""
    files = {name: [folder / "pictures" / f"{name}.jpg" for folder in folders] for name in names}
    found = {name: next((path for path in paths if path.is_file()), None) for name, paths in files.items()}
    return {name: path for name, path in found.items() if path is not None}
