"""One question at a time, by transformers alone.

What rows behind a shared prefix are compared with, and the way for models whose layers keep no keys and values.
"""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig

from llavapose.evaluation.answerers.checkpoint.generation import Prompt, first_logits, forget_grids

_TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-3}
"""Largest difference of a logit, relative to the largest of all: rounding. Lower precisions round more."""
_TOLERANCE_LOW = 5e-2


def inputs_of(model: Any, prompt: Prompt) -> dict[str, Tensor]:
    """All that the model is given for one question, as its processor wrote it."""
    forget_grids(model)
    ids = torch.tensor([[*prompt.prefix.ids, *prompt.ids]], device=model.device)
    found = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    for name, value in prompt.prefix.inputs.items():
        given = value.to(model.device)
        if given.shape == (1, len(prompt.prefix.ids)):
            given = torch.nn.functional.pad(given, (0, len(prompt.ids)))
        found[name] = given.to(model.dtype) if given.is_floating_point() else given
    return found


@torch.inference_mode()
def answer_alone(model: Any, prompt: Prompt, *, ends: Collection[int], max_new_tokens: int) -> list[int]:
    """The greedy answer's token ids without their end."""
    greedily = GenerationConfig(
        do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=sorted(ends), pad_token_id=min(ends)
    )
    inputs = inputs_of(model, prompt)
    written = model.generate(**inputs, generation_config=greedily)[0, inputs["input_ids"].shape[1] :].tolist()
    stops = [place for place, token in enumerate(written) if token in ends]
    return written[: stops[0]] if stops else written


@torch.inference_mode()
def sharing_agrees(model: Any, prompts: Sequence[Prompt]) -> bool:
    """Whether the first words behind shared prefixes are weighed as those of each question alone."""
    shared = first_logits(model, prompts, batch_size=len(prompts))
    whole = torch.cat([model(**inputs_of(model, prompt), logits_to_keep=1).logits[:, -1] for prompt in prompts]).float()
    # Not `> tolerance`: NaN must fail too.
    return bool((shared - whole).abs().max() <= _TOLERANCE.get(model.dtype, _TOLERANCE_LOW) * whole.abs().max())


@torch.inference_mode()
def log_likelihood_alone(model: Any, prompt: Prompt, said: Sequence[int]) -> float:
    """Mean log-likelihood a token (nats) of what would be answered, its end included."""
    whole = Prompt(prefix=prompt.prefix, ids=(*prompt.ids, *said[:-1]))
    logits = model(**inputs_of(model, whole), logits_to_keep=len(said)).logits[0].float()  # [len(said), V]
    chosen = torch.tensor(said, device=logits.device)[:, None]
    return float(logits.log_softmax(-1).gather(1, chosen).mean())
