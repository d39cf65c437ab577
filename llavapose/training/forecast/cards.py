"""GPUs by their data sheets: what torch can use of their memory, and operations a second."""

from dataclasses import dataclass

from llavapose.config.choices import CardName

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Card:
    """One GPU.

    Attributes:
        name: as it is shown.
        memory: bytes that a process can use.
        half: dense bfloat16 operations a second; None where nobody here knows.
        single: float32 operations a second without TF32, torch's own choice.
    """

    name: str
    memory: float
    half: float | None = None
    single: float | None = None

    def flops(self, compute_bytes: int) -> float | None:
        """Operations a second at a precision."""
        return self.half if compute_bytes == 2 else self.single


CARDS: dict[CardName, Card] = {
    CardName.a100_80gb: Card(name="A100 80 GB", memory=79.1 * GIB, half=312e12, single=19.5e12),
    CardName.a100_40gb: Card(name="A100 40 GB", memory=39.4 * GIB, half=312e12, single=19.5e12),
    CardName.h100: Card(name="H100 80 GB", memory=79.1 * GIB, half=989e12, single=67e12),
    CardName.h200: Card(name="H200", memory=139.8 * GIB, half=989e12, single=67e12),
    CardName.l40s: Card(name="L40S", memory=44.4 * GIB, half=362e12, single=91.6e12),
    CardName.rtx4090: Card(name="RTX 4090", memory=23.5 * GIB, half=165e12, single=82.6e12),
}
"""Memory as torch reports it; operations by the makers' data sheets, without sparsity."""

_WORDS = {"A100": CardName.a100_80gb, "H100": CardName.h100, "H200": CardName.h200, "L40S": CardName.l40s,
          "RTX 4090": CardName.rtx4090}  # fmt: skip


def card_of(name: str, memory: float) -> Card:
    """The card that a driver calls so, with the memory that it has."""
    known = next((CARDS[card] for word, card in _WORDS.items() if word in name), None)
    if known is None:
        return Card(name=name, memory=memory)
    return Card(name=name, memory=memory, half=known.half, single=known.single)
