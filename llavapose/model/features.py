"""Features of a frozen vision encoder, kept in the host's memory while training: pictures come again every epoch."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from llavapose.model.connectors.configured import can_exchange

GIB = 2**30
States = tuple[Tensor | None, ...]
"""Hidden states of one picture by layer, [1, patches and class token, D]; None: a layer that nobody reads."""


class KeptFeatures:
    """A vision encoder's ``forward`` that keeps the layers that LLaVA reads, and gives them when a picture comes again.

    A picture is told by its pixels, not by a file's name. Each is read alone, so that its features are the same bits
    whatever was kept before: how large the memory is, and a resume, which starts with an empty one, change no loss.

    Args:
        forward: the encoder's own; nothing in it may be trained or drawn by lot.
        most_bytes: of features, in the precision in which they are computed. What is kept stays: in an epoch's random
            order, throwing out what was asked for least recently would throw out what comes next.

    Attributes:
        num_encoded: readings of a picture.
        num_taken: pictures that were not read again.
        num_bytes: of what is kept now.
    """

    def __init__(self, forward: Callable[..., Any], most_bytes: float) -> None:
        self.forward = forward
        self.most_bytes = most_bytes
        self.num_encoded = self.num_taken = self.num_bytes = 0
        self._kept: dict[bytes, States] = {}
        self._seen: set[bytes] = set()

    @property
    def num_pictures(self) -> int:
        """Different pictures, of one precision, that were asked for."""
        return len(self._seen)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """The tensors of every picture that is kept."""
        return (tuple(_given(states)) for states in self._kept.values())

    def __call__(
        self, pixel_values: Tensor, *, output_hidden_states: bool | int | list[int] | None = None, **further: Any
    ) -> Any:
        """The hidden states of the layers asked for, of float[P, 3, H, W]; whoever asks for all is not served here."""
        if output_hidden_states is None or isinstance(output_hidden_states, bool):
            return self.forward(pixel_values, output_hidden_states=output_hidden_states, **further)
        further["output_hidden_states"] = output_hidden_states
        kind = pixel_values.device.type
        computes_in = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        told = f"{computes_in} {sorted(further.items())}"
        given = pixel_values.detach().cpu()
        found = [self._states(content(given[i], told), pixel_values[i : i + 1], further) for i in range(len(given))]
        layers = zip(*found, strict=True)
        states = tuple(None if layer[0] is None else torch.cat([*layer]).to(pixel_values.device) for layer in layers)
        return BaseModelOutputWithPooling(hidden_states=states)  # type: ignore[arg-type]

    def _states(self, key: bytes, picture: Tensor, further: dict[str, Any]) -> States:
        self._seen.add(key)
        if key in self._kept:
            self.num_taken += 1
            return self._kept[key]
        self.num_encoded += 1
        # Validation's inference mode would leave what no training step can go backwards through.
        with torch.inference_mode(False), torch.no_grad():
            read = self.forward(picture, **further).hidden_states
        states = tuple(None if state is None else state.cpu() for state in read)
        size = sum(one.nbytes for one in _given(states))
        if self.num_bytes + size <= self.most_bytes:
            self._kept[key] = states
            self.num_bytes += size
        return states

    def said(self) -> str:
        """One line of what was kept."""
        size = f"{self.num_bytes / GIB:.1f} GiB" if self.num_bytes >= GIB else f"{self.num_bytes / 2**20:.1f} MiB"
        return (
            f"features: {self.num_pictures} pictures encoded {self.num_encoded} times, {self.num_taken} taken from "
            f"memory ({size})"
        )


def content(picture: Tensor, told: str) -> bytes:
    """A hash of a picture's bytes, and of all that decides its features besides."""
    digest = sha256(f"{picture.dtype} {tuple(picture.shape)} {told}".encode())
    digest.update(picture.contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.digest()


def keep_features(model: Any, gib: float) -> KeptFeatures:
    """Have a model's frozen vision encoder keep features, in place; names of weights stay as they are.

    Args:
        model: its vision encoder is frozen.
        gib: the most that is kept, by this process.
    """
    tower: Any = model.model.vision_tower
    tower.forward = kept = KeptFeatures(tower.forward, gib * GIB)
    return kept


def let_go(model: Any) -> KeptFeatures | None:
    """Give the encoder its own ``forward`` back and the memory free; what was counted, None where nothing was kept."""
    if not can_exchange(model.config):
        return None
    tower: Any = model.model.vision_tower
    kept = tower.forward
    if not isinstance(kept, KeptFeatures):
        return None
    tower.forward = kept.forward
    return kept


def _given(states: States) -> list[Tensor]:
    return [state for state in states if state is not None]
