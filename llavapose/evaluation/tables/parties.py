"""Who is behind a table's ratings: beside whom answers were rated, who sits on the panel, who answered as text_only.

Columns of ``ablation.csv`` and ``comparison.csv``: ``anchor`` (of a judge of pairs), ``members`` (of the panel, joined
by " + ") and, in the rows of ``text_only``, ``answered_by``; of judges that are models ``card``, what their cards say,
and ``inconsistent``, which of them disagree with themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.evaluation.judges.card.card import find_card, quoted
from llavapose.evaluation.rating.answering import who_answered
from llavapose.evaluation.tables.agreement import PANEL
from llavapose.evaluation.tables.verdicts import FILE
from llavapose.files import read_jsonl
from llavapose.records import CONTROL_ARMS, PEOPLE, POSE, TEXT_ONLY, without_base

PARTY_COLUMNS = ("anchor", "members", "answered_by", "card", "inconsistent")
BETWEEN = " + "
"""Between the members of a panel."""


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Who is behind the tables of a folder.

    Attributes:
        anchors: judge -> the arm beside which it rated the others; nothing of one that rates answers alone.
        members: the judges that form the panel; empty without one.
        answered_by: who answered as ``text_only``; "" where that is not known.
        cards: judge that is a model -> its card in a sentence, or that it has none.
        inconsistent: those that disagree with themselves.
    """

    anchors: Mapping[str, str]
    members: Sequence[str] = ()
    answered_by: str = ""
    cards: Mapping[str, str] = field(default_factory=dict)
    inconsistent: Sequence[str] = ()

    def told(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows of tables, by judge and arm, with the ``PARTY_COLUMNS``."""
        return [
            {
                **row,
                "anchor": self.anchors.get(row["judge"], ""),
                "members": BETWEEN.join(self.members) if row["judge"] == PANEL else "",
                "answered_by": self.answered_by if without_base(row["arm"]) == TEXT_ONLY else "",
                "card": " ".join(self.cards[one] for one in self._models(row["judge"]) if one in self.cards),
                "inconsistent": BETWEEN.join(one for one in self._models(row["judge"]) if one in self.inconsistent),
            }
            for row in rows
        ]

    def _models(self, judge: str) -> Sequence[str]:
        return self.members if judge == PANEL else (judge,)


def parties_of(
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]],
    members: Sequence[str],
    text_only: Path | None,
    folders: Sequence[Path] = (),
) -> Parties:
    """Who is behind the ratings of these judges.

    Args:
        verdicts: judge -> its verdicts.
        members: the judges that form the panel, which has their anchor.
        text_only: the folder with that row's results; None where there is no such row.
        folders: of the results, where the judges' cards are looked for.
    """
    found = {judge: anchor_of(rows) for judge, rows in verdicts.items()}
    anchors = {judge: anchor for judge, anchor in found.items() if anchor is not None}
    if shared := next((anchors[judge] for judge in members if judge in anchors), None):
        anchors[PANEL] = shared
    who = who_answered(text_only / "answers" / f"{TEXT_ONLY}.jsonl") if text_only is not None else ""
    cards = {judge: find_card(folders, judge) for judge, rows in verdicts.items() if is_model(judge, rows)}
    return Parties(
        anchors=anchors,
        members=members,
        answered_by=who,
        cards={judge: quoted(judge, card) for judge, card in cards.items()},
        inconsistent=[judge for judge, card in cards.items() if card is not None and card["inconsistent"]],
    )


def is_model(judge: str, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a model has judged: the pose judge, people and a judge of one's own need no card."""
    return judge not in (POSE, PEOPLE) and any(row.get("model") or row.get("opponent") for row in rows)


def anchor_of(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """The arm beside which a judge of pairs rated most others; None for one that rates answers alone.

    Told by each arm's own file: an anchor has none, its ratings lie in those of the others.
    """
    beside: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        # A control's own lines would make an anchor of every arm that the reference stood beside.
        if row.get("opponent") is not None and row["arm"] == row[FILE] and row["arm"] not in CONTROL_ARMS:
            beside[row["opponent"]].add(row["arm"])
    return max(beside, key=lambda arm: len(beside[arm]), default=None)


def panel_seats(folders: Sequence[Path], judges: Sequence[str]) -> list[str]:
    """The judges that form a panel: different models that rate the same arms in one way.

    A judge of one arm alone would move that arm's median and nobody else's. One way is one protocol, anchor and
    context; of several such groups the largest, the first of equals. A model asked in two ways is no second opinion.
    """
    ways: dict[tuple[Any, ...], dict[str, str]] = defaultdict(dict)
    for judge in judges:
        files = [path for f in folders for path in sorted((f / "verdicts" / judge).glob("*.jsonl"))]
        lines = (line for path in files for _, line in read_jsonl(path, what="verdicts"))
        # The first line of a file is about the arm that it is called by; its opponent is the anchor.
        first = next(lines, None)
        if judge not in (POSE, PEOPLE) and first is not None:
            rated = frozenset(path.stem for path in files) - {*CONTROL_ARMS}
            way = (rated, *(first.get(key) for key in ("protocol", "opponent", "context")))
            ways[way].setdefault(first.get("model") or judge, judge)
    return list(max(ways.values(), key=len, default={}).values())
