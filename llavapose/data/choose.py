"""Which samples a run is trained on: the mixture of kinds, the held-out pictures, the number."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from random import Random

from llavapose.records import Sample


def without_pictures(samples: Sequence[Sample], held_out_ids: Collection[int]) -> list[Sample]:
    """The samples but for those about held-out pictures, told by the number at the end of the picture's name."""
    held_out = frozenset(held_out_ids)
    kept = [sample for sample in samples if not any(coco_id(image) in held_out for image in sample.images)]
    if len(kept) < len(samples):
        pictures = {image for sample in samples for image in sample.images if coco_id(image) in held_out}
        print(f"{len(samples) - len(kept)} samples left out: their {len(pictures)} pictures are held out by COCO id")
    return kept


def coco_id(image: str) -> int | None:
    """The image id in COCO's file names ("COCO_val2014_000000000042.jpg", "000000000042.jpg"); None in others."""
    digits = re.search(r"(?:^|[_/])(\d+)\.\w+$", image)
    return int(digits[1]) if digits else None


def mix(samples: Sequence[Sample], kinds: Mapping[str, float], *, seed: int) -> list[Sample]:
    """The mixture: weight 1 takes each sample of a kind once, fractions a seeded part, 2 each twice."""
    chosen: list[Sample] = []
    for kind, weight in kinds.items():
        pool = [sample for sample in samples if sample.kind == kind]
        whole, part = divmod(float(weight), 1.0)
        chosen += pool * int(whole)
        chosen += Random(f"{seed}/{kind}").sample(pool, round(part * len(pool)))
    return chosen


def hold_out(
    samples: Sequence[Sample], *, num_val: int, num_samples: int | None, seed: int
) -> tuple[list[Sample], list[Sample]]:
    """(train, val), split by whole pictures so that no held-out picture is trained on."""
    images = sorted({sample.image for sample in samples})
    Random(f"{seed}/hold-out").shuffle(images)
    sizes = Counter(sample.image for sample in samples)
    place: dict[str, str] = {}
    num_held = num_used = 0
    for image in images:
        if num_held < num_val:
            place[image], num_held = "val", num_held + sizes[image]
        elif num_samples is None or num_used < num_samples:
            place[image], num_used = "train", num_used + sizes[image]
    train = [sample for sample in samples if place.get(sample.image) == "train"]
    val = [sample for sample in samples if place.get(sample.image) == "val"]
    return train[:num_samples], val


def kind_counts(samples: Sequence[Sample]) -> str:
    """How many of each kind, for a message: "conv 113, detail 45"."""
    return ", ".join(f"{kind} {count}" for kind, count in sorted(Counter(s.kind for s in samples).items())) or "none"
