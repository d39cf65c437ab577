"""The papers' set as a planner sees it, before there is any: their numbers of samples, lengths drawn at random."""

import numpy as np
from numpy.typing import NDArray

from llavapose.data.plan.lengths import Lengths
from llavapose.kinds import KINDS

_QUESTION = {"conv": 18, "detail": 18, "complex": 45}
"""Tokens of a question with its ``USER:`` and ``ASSISTANT:``: means of the samples that the papers publish."""
_ANSWER = {"conv": (22, 0.5), "detail": (470, 0.2), "complex": (420, 0.25)}
"""Tokens of an answer, and their spread as a share of it: likewise, and of GPT-4's answers to LLaVA's questions."""
_WORDS_A_TOKEN = 0.72


def published_lengths(seed: int = 0, *, long_answers: float = 1.0) -> tuple[Lengths, NDArray[np.str_]]:
    """Lengths as in the papers' set, and each sample's kind.

    112,980 conversations are five a picture for half of the 45,174 pictures; each picture is described once, and 42,174
    of them are reasoned about.

    Args:
        seed: of the lengths, and of which picture has which samples.
        long_answers: factor on the lengths of descriptions and reasoning, which differ from teacher to teacher.
    """
    generator = np.random.default_rng(seed)
    num_pictures = KINDS["detail"].num_published
    order = generator.permutation(num_pictures)
    pairs = KINDS["conv"].samples_per_reply
    images = {
        "conv": np.repeat(order[: KINDS["conv"].num_published // pairs], pairs),
        "detail": np.arange(num_pictures),
        "complex": generator.permutation(num_pictures)[: KINDS["complex"].num_published],
    }
    questions, answers = [], []
    for kind, chosen in images.items():
        mean, spread = _ANSWER[kind]
        mean *= 1.0 if kind == "conv" else long_answers
        sigma = np.sqrt(np.log1p(spread**2))
        answers.append(generator.lognormal(np.log(mean) - sigma**2 / 2, sigma, len(chosen)).round().clip(2))
        questions.append(generator.poisson(_QUESTION[kind], len(chosen)).clip(6))
    question, answer = np.concatenate(questions), np.concatenate(answers)
    lengths = Lengths(
        image=np.concatenate(list(images.values())).astype(np.int32),
        num_tokens=(question + answer).astype(np.int32),
        num_targets=answer.astype(np.int32),
        num_words=((question + answer) * _WORDS_A_TOKEN).round().astype(np.int32),
    )
    return lengths, np.repeat(list(images), [len(chosen) for chosen in images.values()])
