"""What an answerer is: questions in, answers out; and, where it can, how likely it finds a statement.

``_target_`` of the group ``answerer`` names a class or function that makes one from the group's settings; an argument
``checkpoint`` is given the setting of this name, ``ledger`` the path of a ledger for an endpoint's replies, ``scenes``
a function that gives the benchmark's annotated pictures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from llavapose.config.choices import Control
from llavapose.evaluation.controls import Shown
from llavapose.evaluation.probe.choice import Chosen
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.locate.codings import Coding
from llavapose.locate.replies import Pointed, Spot
from llavapose.locate.shown import Query
from llavapose.records import Answer, Question


class Answerer(Protocol):
    """Answers questions about pictures.

    One that has an attribute ``frames`` is shown so many frames of a clip; one that has none, all.
    """

    @property
    def batch_size(self) -> int:
        """Questions whose answers are made together.

        An interrupted run goes on behind a whole batch, so that it leaves the same bytes as one that was never
        interrupted.
        """
        ...

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls that it can be asked under: none where its answers do not come from the picture shown."""
        ...

    def identity(self) -> Any:
        """Plain JSON that decides the answers (weights, lengths): what was made under another one is made again."""
        ...

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """One answer a question, in order.

        Args:
            questions: a whole benchmark, or what is left of it behind a whole batch; an ``image`` of "" is no picture.
            images: folder that ``Question.image`` is relative to.
            arm: what each answer says it is from.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Likelihoods:
    """Mean log-likelihood a token (nats) of an item's true and flipped statement, after each order of its question."""

    true: tuple[float, float]
    flipped: tuple[float, float]


@runtime_checkable
class ReadyAnswerer(Answerer, Protocol):
    """An answerer that hands over each answer when it is ready, so that an interrupted run keeps it."""

    def answers_as_ready(
        self, questions: Sequence[Question], images: Path, arm: str, done: frozenset[str]
    ) -> Iterator[Answer]:
        """The answers, in any order within a batch.

        Args:
            questions: as of ``answers``.
            images: folder of their pictures.
            arm: what each answer says it is from.
            done: ids of questions in the first batch whose answers are there: they stand beside the others as before,
                and are not told again.
        """
        ...


@runtime_checkable
class TimedAnswerer(Answerer, Protocol):
    """An answerer that can say what an answer costs."""

    def efficiency(self, questions: Sequence[Question], images: Path) -> dict[str, Any] | None:
        """Times, memory and size, as ``efficiency`` describes them; None where nothing is to be timed.

        Args:
            questions: those to choose from: the benchmark's.
            images: folder of their pictures.
        """
        ...


@runtime_checkable
class ProbedAnswerer(Answerer, Protocol):
    """An answerer that can be probed."""

    def likelihoods(self, items: Sequence[ProbeItem], images: Path, shown: Shown) -> Iterator[Likelihoods]:
        """One value an item, in order.

        Args:
            items: those of one scene stand together and are scored together.
            images: folder of the pictures.
            shown: scene id -> the picture to show, or the frames in order, which are another scene's in the shuffled
                control; (): none. The times of frames are the item's own.
        """
        ...


@dataclass(frozen=True)
class Place:
    """Where a joint was said to be, in 0..1 of what was shown, and how likely the tokens were that say so."""

    x: float
    y: float
    sure: float


@dataclass(frozen=True, kw_only=True)
class PersonTold:
    """Someone whom an answer about a whole picture tells.

    Attributes:
        pointed: the box and the joints.
        sure: mean probability of the tokens that tell this person.
        sure_of: joint -> of those that tell its place.
        places: joint that was told without a place -> the likeliest that could be written.
    """

    pointed: Pointed
    sure: float
    sure_of: Mapping[str, float]
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class JointAnswer:
    """What was answered to one query about joints.

    Attributes:
        text: as it was written freely.
        spots: joint -> what the text says of it; None where that cannot be read.
        places: joint -> its place: of the text, or where it says none, the likeliest that could be written.
        num_tokens: written in all.
        people: everyone whom an answer about a whole picture tells.
        whole: whether such an answer could be read as a list of people.
    """

    text: str
    spots: Mapping[str, Spot | None]
    places: Mapping[str, Place]
    num_tokens: int
    people: tuple[PersonTold, ...] = ()
    whole: bool = True


@runtime_checkable
class LocatingAnswerer(Answerer, Protocol):
    """An answerer that can be asked where joints are."""

    def lacks(self, words: Sequence[str]) -> bool:
        """Whether it cannot write some of these as one token each."""
        ...

    def taught(self) -> Mapping[str, Any]:
        """Settings of ``locate`` that it was taught with; empty where they are not known."""
        ...

    def places(self, queries: Sequence[Query], images: Path, coding: Coding) -> Iterator[JointAnswer]:
        """One answer a query, in order.

        Args:
            queries: those of one picture side by side.
            images: folder of the pictures.
            coding: how a point is written.
        """
        ...


@runtime_checkable
class ChoosingAnswerer(Answerer, Protocol):
    """An answerer that gives no likelihoods and can be asked which of two statements is true."""

    def choices(self, items: Sequence[ProbeItem], images: Path, shown: Shown) -> Iterator[Chosen]:
        """One choice an item, in order; arguments as of ``ProbedAnswerer.likelihoods``."""
        ...
