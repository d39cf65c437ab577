"""The papers' set as a planner sees it, before there is any: their numbers of samples, lengths drawn at random."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from llavapose.data.plan.lengths import Lengths
from llavapose.kinds import KINDS

TOKENS_A_WORD = 1.35
"""Of English, by Llama's tokenizer."""
TEMPLATE_TOKENS = 7
"""A line feed, ``ASSISTANT:`` and ``</s>``."""


def published_lengths(seed: int = 0, *, longer: Mapping[str, float] | None = None) -> tuple[Lengths, NDArray[np.str_]]:
    """Lengths as in the papers' set, and each sample's kind.

    112,980 conversations are five a picture for half of the 45,174 pictures; each picture is described once, and 42,174
    of them are reasoned about.

    Args:
        seed: of the lengths, and of which picture has which samples.
        longer: kind -> factor on the lengths of its answers, which differ from teacher to teacher.
    """
    generator = np.random.default_rng(seed)
    kinds = [kind for kind in KINDS.values() if kind.num_published]
    num_pictures = max(kind.num_published // kind.samples_per_reply for kind in kinds)
    images, answers = [], []
    for kind in kinds:
        replies = generator.permutation(num_pictures)[: -(-kind.num_published // kind.samples_per_reply)]
        images.append(np.repeat(replies, kind.samples_per_reply)[: kind.num_published])
        mean = kind.reply_tokens / kind.samples_per_reply * (longer or {}).get(kind.name, 1.0)
        # Around the mean and not the median: tokens add up to the published kind's.
        middle = np.log(mean) - kind.spread**2 / 2
        answers.append(np.maximum(2, generator.lognormal(middle, kind.spread, kind.num_published).round()))
    counts = [kind.num_published for kind in kinds]
    targets, asked = np.concatenate(answers), np.repeat([kind.question_tokens for kind in kinds], counts)
    lengths = Lengths(
        image=np.concatenate(images).astype(np.int32),
        num_tokens=(targets + asked).astype(np.int32),
        num_targets=targets.astype(np.int32),
        num_words=((targets + asked - TEMPLATE_TOKENS) / TOKENS_A_WORD).astype(np.int32),
    )
    return lengths, np.repeat([kind.name for kind in kinds], counts)
