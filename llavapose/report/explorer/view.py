"""What an explorer shows, and the filters and orders of one of answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from llavapose.records import PEOPLE, POSE

PANEL = "panel"
"""Value of the filter for the median of the judges that form the tables' panel: never pose, whose scale is another."""

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
PEOPLE_APART, FACTS_APART = "people", "facts"
"""The orders by how far a model's rating lies from people's, and from what the answer's claims are worth."""
ORDERS = (
    ("", "benchmark"),
    ("gain", "gain over baseline"),
    ("loss", "loss to baseline"),
    ("arms", "disagreement of arms"),
    (JUDGES_APART, "disagreement of judges"),
    (PEOPLE_APART, "disagreement with people"),
    (FACTS_APART, "disagreement with facts"),
    ("orders", "disagreement of orders"),
)
"""How the list is sorted; the script knows each by its value."""


def models_of(judges: Sequence[str]) -> list[str]:
    """The judges that are models: neither people nor the pose judge."""
    return [judge for judge in judges if judge not in (POSE, PEOPLE)]


def answers_filters(
    arms: Sequence[str], kinds: Sequence[str], judges: Sequence[str], disagreeing: Sequence[str], num_seats: int,
    named: Mapping[str, str],
) -> Sequence[tuple[str, str, Choices]]:  # fmt: skip
    """What answers are filtered and sorted by: name in the address, label, choices.

    Args:
        arms: whose answers there are.
        kinds: of the questions.
        judges: whose ratings there are.
        disagreeing: those between whom disagreement is told.
        num_seats: how many judges the panel has.
        named: judge -> its name as it is shown, where that is not its own.
    """
    first, *others = judges
    apart = f"{disagreeing[0]} and {disagreeing[1]}" if len(disagreeing) == 2 else f"{len(disagreeing)} judges"
    orders = [(key, f"disagreement of {apart}" if key == JUDGES_APART else told) for key, told in ORDERS]
    there = {
        JUDGES_APART: len(disagreeing) > 1,
        PEOPLE_APART: PEOPLE in judges and len(judges) > 1,
        FACTS_APART: bool(models_of(judges)),
    }
    panel = [(PANEL, f"{named.get(PANEL, PANEL)}, the median of {num_seats} judges")] if num_seats > 1 else []
    return (
        ("arm", "Arm", [("", "any arm"), *((arm, arm) for arm in arms)]),
        ("kind", "Kind", [("", "all kinds"), *((kind, kind) for kind in kinds)]),
        ("outcome", "Outcome", OUTCOMES),
        (
            "judge",
            "Ratings of",
            [
                ("", named.get(first, first)),
                *((one, named.get(one, one)) for one in others),
                *panel,
            ],
        ),
        ("sort", "Sorted by", [one for one in orders if there.get(one[0], True)]),
    )
