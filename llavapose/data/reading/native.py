"""Pictures at a base's own resolution, by its own processor: as many tokens as their size asks for."""

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from llavapose.data.reading.positions import grid_positions
from llavapose.data.reading.shown import Head, Shown, Size
from llavapose.errors import CheckpointError
from llavapose.families.family import Family, Resolution, SeesItself

_OF_WORDS = frozenset(("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"))
"""What a processor says of the text; the rest is of pictures."""
_PROBES: tuple[Size, ...] = ((64, 64), (96, 400), (500, 200), (900, 1300), (37, 221), (233, 59), (640, 480))
"""Sizes that a processor's own count of tokens is held against: small, wide, high, large, and odd ones."""
_BLANK = (64, 64)


class NativePictures:
    """The processor's own way.

    Args:
        processor: the base's; bounded already where it is to be (``bounds.py``).
        family: how its inputs are laid out.
        head: of the base's chat template.
        marker: the last special token of a head, behind which words are encoded: the prefix ends with it.
    """

    def __init__(self, processor: Any, family: Family, head: Head, *, marker: str) -> None:
        self.processor, self.family, self._head = processor, family, head
        self._marker_id = processor.tokenizer.convert_tokens_to_ids(marker)
        self.image_id = _image_id(processor, family.patch_token)
        marked = [one for one in getattr(processor, "image_token_ids", None) or () if one is not None]
        self.picture_ids = tuple(int(one) for one in marked) or (self.image_id,)
        self._counts: dict[tuple[Size, ...], int] = {}
        self._of_times: dict[tuple[float, ...], int] = {}
        self._told: dict[int, bool] = {}
        self._rest: dict[int, int | None] = {}
        self.constant: int | None = None
        probed = {self.num_tokens([size]) for size in _PROBES[:3]} if family.resolution is Resolution.fixed else set()
        # M-RoPE's positions of an answer are found by them as well.
        self.type_ids = family.type_ids or ("mm_token_type_ids" if family.grid_positions else "")
        self.constant = probed.pop() if len(probed) == 1 else None

    def shown(self, images: Sequence[Image.Image], times_s: Sequence[float] = ()) -> Shown:
        """As ``Pictures.shown``.

        Raises:
            CheckpointError: the processor leaves pictures out.
        """
        text = self._head(len(images), times_s)
        begun = self.processor.tokenizer.bos_token
        made = self.processor(
            text=[text],
            images=[list(images)],
            # As transformers' own ``apply_chat_template``: a template may write the first token itself.
            add_special_tokens=not (begun and text.startswith(begun)),
            return_mm_token_type_ids=True,
            return_tensors="pt",
        )
        ids = _until(made["input_ids"][0], self._marker_id)
        inputs = {name: self._rows(value) for name, value in made.items() if name not in _OF_WORDS}
        if "pixel_values" not in inputs or not (ids == self.image_id).any():
            raise CheckpointError(
                f"processor {type(self.processor).__name__}: no tokens or pixels of a picture behind {text[-40:]!r}; "
                "the chat template's marker is not the processor's"
            )
        rope = self._rope(ids, inputs) if self.family.grid_positions else None
        return Shown(
            ids=tuple(ids.tolist()),
            inputs=inputs,
            next_position=len(ids) if rope is None else int(rope.max()) + 1,
            is_picture=self._types(made, ids),
            rope=rope,
            blocks=self._blocks(self._types(made, ids)),
            patch_indices=self.family.patch_indices,
        )

    def _rows(self, value: Any) -> Tensor:
        """An input of pictures, a row a picture or patch: [N, ...]."""
        tensor = torch.as_tensor(value)
        # [1, N, ...] -> [N, 1, ...]: the forward takes each picture for a sample of its own.
        return tensor[0][:, None] if self.family.sample_rows else tensor

    def _rope(self, ids: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        merge = self.processor.image_processor.merge_size
        return grid_positions(ids, inputs["image_grid_thw"], image_id=self.image_id, merge=merge)

    def _types(self, made: Any, ids: Tensor) -> Tensor:
        """bool[P], by the processor's own marks of picture tokens where it makes any."""
        types = made.get("mm_token_type_ids", made.get("token_type_ids"))
        return ids == self.image_id if types is None else types[0, : len(ids)] == 1

    def _blocks(self, is_picture: Tensor) -> Tensor | None:
        """int64[P], the block that each token belongs to."""
        if self.family.sees_itself is SeesItself.none:
            return None
        if self.family.sees_itself is SeesItself.group:
            return torch.where(is_picture, 0, -1)
        before = torch.cat([torch.zeros(1, dtype=torch.bool), is_picture[:-1]])
        return torch.where(is_picture, (is_picture & ~before).cumsum(0) - 1, -1)

    def num_tokens(self, sizes: Sequence[Size], times_s: Sequence[float] = ()) -> int:
        """As ``Pictures.num_tokens``: by the processor's own count where it holds, else by a blank of each size."""
        return self._num_untimed(sizes) + (self._num_of_times(tuple(times_s)) if times_s else 0)

    def _num_of_times(self, times_s: tuple[float, ...]) -> int:
        """Tokens that the times of frames add, whatever their sizes."""
        if times_s not in self._of_times:
            num = len(times_s)
            if num not in self._told:
                # A processor may write words of its own beside a picture, which the tokenizer joins with the time's.
                long = tuple(1000.0 + one for one in times_s)
                self._told[num] = all(self._told_tokens(one) == self._shown_tokens(one) for one in (times_s, long))
            self._of_times[times_s] = self._told_tokens(times_s) if self._told[num] else self._shown_tokens(times_s)
        return self._of_times[times_s]

    def _told_tokens(self, times_s: tuple[float, ...]) -> int:
        """What times add to a head, by the tokenizer alone."""
        with_times, without = (self._head(len(times_s), one) for one in (times_s, ()))
        found = self.processor.tokenizer([with_times, without], add_special_tokens=False).input_ids
        return len(found[0]) - len(found[1])

    def _shown_tokens(self, times_s: tuple[float, ...]) -> int:
        """What times add to a prefix, by the processor."""
        blanks = [_grey(_BLANK)] * len(times_s)
        return len(self.shown(blanks, times_s).ids) - len(self.shown(blanks).ids)

    def _num_untimed(self, sizes: Sequence[Size]) -> int:
        # Whatever they are where all pictures are of one size: nobody looks them up then.
        key = tuple(_BLANK if self.constant else (int(height), int(width)) for height, width in sizes)
        if key not in self._counts:
            if len(key) not in self._rest:
                self._rest[len(key)] = self._proven_rest(len(key))
            rest = self._rest[len(key)]
            self._counts[key] = self._rendered(key) if rest is None else rest + self._counted(key)
        return self._counts[key]

    def _proven_rest(self, num: int) -> int | None:
        """Tokens of a prefix beside those that the processor counts; None where its count does not hold."""
        if not hasattr(self.processor, "_get_num_multimodal_tokens"):
            return None
        # Groups of one size as well: those of sizes in turn may all hold the same ones, and hide a wrong count.
        turns = [tuple(_PROBES[(at + more) % len(_PROBES)] for more in range(num)) for at in range(3)]
        probes = dict.fromkeys([*((size,) * num for size in _PROBES), *turns])
        rests: set[int] = set()
        try:
            for sizes in probes:
                rests.add(self._rendered(sizes) - self._counted(sizes))
                # No prefix has fewer tokens than its pictures take.
                if len(rests) > 1 or min(rests) < 0:
                    return None
        except (NotImplementedError, AttributeError, TypeError):
            return None
        return rests.pop()

    def _counted(self, sizes: tuple[Size, ...]) -> int:
        return sum(self.processor._get_num_multimodal_tokens(image_sizes=list(sizes)).num_image_tokens)

    def _rendered(self, sizes: tuple[Size, ...]) -> int:
        return len(self.shown([_grey(size) for size in sizes]).ids)

    def blank(self) -> Shown:
        """A small grey picture."""
        return self.shown([_grey(_BLANK)])


def _grey(size: Size) -> Image.Image:
    # Not the mean of 0 and 255: SmolVLM takes a picture of zeros for padding.
    return Image.new("RGB", (size[1], size[0]), (120, 120, 120))


def _until(ids: Tensor, marker: int) -> Tensor:
    """The ids up to the last marker."""
    places = (ids == marker).nonzero().flatten().tolist()
    return ids[: places[-1] + 1] if places else ids[:0]


def _image_id(processor: Any, patch_token: str) -> int:
    """The id that the model replaces by features."""
    tokenizer = processor.tokenizer
    if patch_token:
        return int(tokenizer.convert_tokens_to_ids(patch_token))
    found = getattr(processor, "image_token_id", None)
    if found is None:
        found = getattr(tokenizer, "image_token_id", None)
    return int(tokenizer.convert_tokens_to_ids(processor.image_token) if found is None else found)
