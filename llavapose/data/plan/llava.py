"""Sampler ``llava``: LLaVA's own order, grouped by length in megabatches of one step.

As LLaVA's trainer (``group_by_modality_length``, Liu et al., 2024) with Hugging Face's: a random permutation is cut
into megabatches of a step's samples; each is sorted by words, longest first, and dealt to even chunks: the next sample
goes to the chunk with fewest words until that is full. A chunk is a micro-batch, and chunk k goes to rank k mod ranks.
Samples without a picture are dealt apart, the megabatches of both are shuffled, and their rests are put together.

LLaVA has one sample a row, which is ``packing=none`` here; its micro-batches hold the same samples in every packing.

Two things differ. The permutation is drawn from the run's seed and epoch by another generator. And LLaVA's trainer
leaves out a last step that is not full; here it is taken where every rank has a sample for each micro-step.
"""

import heapq
import random
from collections.abc import Iterator, Sequence

from llavapose.config.choices import Packing
from llavapose.data.plan.copied import copied, sizes_alone
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from llavapose.data.plan.shared import limited, split


def deal(lengths: Lengths, settings: PlanSettings, epoch: int) -> Iterator[list[list[list[int]]]]:
    """Rows of each micro-batch, in the order step, micro-step, rank."""
    generator = random.Random(f"{settings.seed}/{epoch}")
    seen = lengths.image >= 0
    # The picture's placeholder is a word to LLaVA: it counts the words of its JSON.
    words = (lengths.num_words + lengths.shown).tolist()
    parts = [part for part in (seen.nonzero()[0].tolist(), (~seen).nonzero()[0].tolist()) if part]
    for part in parts:
        generator.shuffle(part)
    grouped = [megabatches(part, words, settings) for part in parts]
    order = _joined(*grouped, size=settings.global_batch, generator=generator) if len(grouped) > 1 else grouped[0]
    image, num_tokens, sizes = lengths.image.tolist(), lengths.num_tokens.tolist(), sizes_alone(lengths, settings)
    prefixes = lengths.prefixes(settings).tolist()
    for megabatch in order[: num_steps(len(lengths), settings)]:
        for chunk in split(megabatch, settings.slices):
            if settings.packing is Packing.pictures:
                yield [[part] for part in _by_picture(chunk, image, num_tokens, prefixes, settings)]
            else:
                yield copied(chunk, sizes, settings)


def _by_picture(
    chunk: Sequence[int],
    image: Sequence[int],
    num_tokens: list[int],
    prefixes: Sequence[int],
    settings: PlanSettings,
) -> Iterator[list[int]]:
    """The samples of a micro-batch that share a picture, in parts that fit a row; those without one each alone."""
    groups: dict[tuple[int, int], list[int]] = {}
    for index in chunk:
        groups.setdefault((image[index], index if image[index] < 0 else -1), []).append(index)
    for group in groups.values():
        yield from limited(group, num_tokens, prefix=prefixes[group[0]], settings=settings)


def megabatches(order: Sequence[int], words: Sequence[int], settings: PlanSettings) -> list[list[int]]:
    """Samples in a permuted order -> those of each step, chunk behind chunk; the last may be shorter."""
    found = []
    for start in range(0, len(order), settings.global_batch):
        longest_first = sorted(order[start : start + settings.global_batch], key=words.__getitem__, reverse=True)
        found.append([index for chunk in even_chunks(longest_first, words, settings.slices) for index in chunk])
    return found


def _joined(
    pictured: list[list[int]], texts: list[list[int]], *, size: int, generator: random.Random
) -> list[list[int]]:
    """Megabatches of both kinds, shuffled; of the two last ones together, a whole step comes first, the rest last."""
    rest = pictured[-1] + texts[-1]
    full = pictured[:-1] + texts[:-1]
    generator.shuffle(full)
    if len(rest) >= size:
        full, rest = [rest[:size], *full], rest[size:]
    return [*full, rest] if rest else full


def even_chunks(ordered: Sequence[int], words: Sequence[int], number: int) -> list[list[int]]:
    """Deal samples, longest first, to chunks of equal number and about equally many words.

    Args:
        ordered: sample indices.
        words: of every sample.
        number: of chunks; where it does not divide the samples, they are dealt in turn.
    """
    size, rest = divmod(len(ordered), number)
    if rest:
        return [list(ordered[place::number]) for place in range(number)]
    chunks: list[list[int]] = [[] for _ in range(number)]
    shortest = [(0, place) for place in range(number)]
    for index in ordered:
        # Of several that are equally short, the first.
        total, place = heapq.heappop(shortest)
        chunks[place].append(index)
        if len(chunks[place]) < size:
            heapq.heappush(shortest, (total + words[index], place))
    return chunks
