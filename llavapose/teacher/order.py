"""Which picture is asked for which kind of sample, in an order that never changes.

A slot is one place in that order::

    Slot(kind="detail", scene_id=134754, turn=0)

The order depends on the seed, the kind and the picture's id alone: more samples, more pictures or another kind add
slots and leave those before as they were, so that nothing paid for is asked again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llavapose.kinds import KINDS, taught_kinds

NUM_PER_SCENE = 200 / 45
"""Samples a scene where no number is asked for: one description, and the other kinds in the papers' ratio."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One request's place: ``turn`` counts how often the picture comes up for this kind, from 0."""

    kind: str
    scene_id: int
    turn: int

    @property
    def name(self) -> str:
        """Unique in a run: "134754-detail-0"."""
        return f"{self.scene_id}-{self.kind}-{self.turn}"


def order_of(scene_ids: Iterable[int], kind: str, seed: int) -> tuple[int, ...]:
    """The pictures in the order in which they are asked about for this kind."""

    def place(scene_id: int) -> bytes:
        return hashlib.sha256(f"{seed}/{kind}/{scene_id}".encode()).digest()

    return tuple(sorted(scene_ids, key=place))


def slots_between(order: tuple[int, ...], kind: str, start: int, end: int) -> list[Slot]:
    """The slots number ``start`` to ``end`` of a kind: every picture once, then every picture again."""
    return [
        Slot(kind=kind, scene_id=order[number % len(order)], turn=number // len(order)) for number in range(start, end)
    ]


def wanted_samples(num_scenes: int, num_samples: int | None) -> dict[str, int]:
    """Kind -> samples to make, in the papers' ratio of kinds; ``num_samples`` in all, None: about 4.4 a scene."""
    total = round(NUM_PER_SCENE * num_scenes) if num_samples is None else num_samples
    return split_by_ratio(total, {name: KINDS[name].num_published for name in taught_kinds()})


def split_by_ratio(total: int, ratio: Mapping[str, float]) -> dict[str, int]:
    """``total`` split by ``ratio``, exactly: what rounding leaves goes to the largest remainders."""
    whole = sum(ratio.values())
    exact = {key: total * share / whole for key, share in ratio.items()}
    parts = {key: int(value) for key, value in exact.items()}
    for key in sorted(exact, key=lambda key: (parts[key] - exact[key], list(ratio).index(key)))[
        : total - sum(parts.values())
    ]:
        parts[key] += 1
    return parts
