"""What a kind of sample is: one value a kind, read by everything that counts, plans, mixes, asks or prints them.

A further kind is one entry::

    KINDS["count"] = Kind(name="count", title="Counting", words=("count",), measure="error")

The order is that of every table. Nothing here is imported: no torch, no config.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of sample and question.

    Attributes:
        name: in samples, settings, files and tables' columns.
        title: on pages.
        words: a file's name or a record's ``category`` or ``type`` that holds one of them tells this kind.
        num_published: samples in the papers' set (Sensors 2025, section 3); also the share of a set made here.
        reply_tokens: length of one teacher's reply to plan with.
        samples_per_reply: that one such reply is expected to hold.
        question_tokens: of the question and the conversation's own words around it, to plan with.
        spread: of the answers' lengths: the deviation of their logarithms, as among GPT-4's 90 answers on LLaVA's
            benchmark of COCO pictures.
        taught: whether a teacher writes it, which needs prompts (``teacher/prompts/``); others come from annotations
            or from elsewhere.
        by_picture: whether a part of it is drawn by whole pictures: its samples are many questions of each.
        measure: how answers are measured: "rating", by a judge from 1 to 10 in a column of the ablation table, or the
            name of a measure of its own, and no judge sees them.
    """

    name: str
    title: str
    words: tuple[str, ...]
    num_published: int = 0
    reply_tokens: int = 0
    samples_per_reply: int = 1
    question_tokens: int = 30
    spread: float = 0.3
    taught: bool = False
    by_picture: bool = False
    measure: str = "rating"

    @property
    def rated(self) -> bool:
        """Whether a judge rates its answers."""
        return self.measure == "rating"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # Five question-answer pairs a picture: 112,980 = 5 x 22,596. Reply lengths: means of the papers' samples.
        Kind(
            name="conv",
            title="Conversation",
            words=("conv",),
            num_published=112_980,
            reply_tokens=200,
            samples_per_reply=5,
            question_tokens=22,
            spread=0.5,
            taught=True,
        ),
        Kind(
            name="detail",
            title="Detailed description",
            words=("detail",),
            num_published=45_174,
            reply_tokens=470,
            question_tokens=24,
            spread=0.26,
            taught=True,
        ),
        Kind(
            name="complex",
            title="Complex reasoning",
            words=("reason", "complex"),
            num_published=42_174,
            reply_tokens=420,
            question_tokens=40,
            spread=0.21,
            taught=True,
        ),
        # From keypoints, without a teacher: where each joint of a person is.
        Kind(
            name="locate",
            title="Keypoint localisation",
            words=("locate", "keypoint"),
            reply_tokens=13,
            question_tokens=60,
            spread=0.1,
            by_picture=True,
            measure="AP",
        ),
    )
}
"""Every kind by its name, in the papers' order."""


def taught_kinds() -> tuple[str, ...]:
    """Names of the kinds that a teacher writes."""
    return tuple(name for name, kind in KINDS.items() if kind.taught)


def rated_kinds() -> tuple[str, ...]:
    """Names of the kinds whose answers a judge rates: the columns of the ablation table."""
    return tuple(name for name, kind in KINDS.items() if kind.rated)


def listed(names: tuple[str, ...] | None = None) -> str:
    """The kinds for a message: "conv, detail, complex"."""
    return ", ".join(names or KINDS)
