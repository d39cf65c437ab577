"""Optimizer and schedule: AdamW, linear warmup, cosine decay to zero (LLaVA-1.5's, and the papers' Table 5).

The tiny base and tiny runs may use Muon (Jordan et al., 2024) for the hidden weight matrices.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import nn

from llavapose.config.choices import Schedule
from llavapose.config.schema import OptimConfig
from llavapose.families.family import CONNECTOR, VISION
from llavapose.families.known import LLAVA

PartOf = Callable[[str], str]
"""A parameter's name -> the part of the base that it belongs to, as ``Family.part_of`` has it."""


def cosine_factor(step: int, *, num_steps: int, warmup_ratio: float, min_ratio: float = 0.0) -> float:
    """The learning rate at a step as a share of its peak.

    Args:
        step: optimizer steps done.
        num_steps: of the whole run.
        warmup_ratio: share of steps that the rate rises linearly, rounded up as Hugging Face does.
        min_ratio: share of the peak that remains at the end.
    """
    warmup = math.ceil(num_steps * warmup_ratio)
    if step < warmup:
        # The very first step has rate 0, as Hugging Face's own schedule has it.
        return step / max(1, warmup)
    progress = (step - warmup) / max(1, num_steps - warmup)
    # Held at the end: further on, the cosine would rise again.
    return min_ratio + (1 - min_ratio) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def parameter_groups(
    named: Iterable[tuple[str, nn.Parameter]],
    *,
    lr: float,
    connector_lr: float | None,
    weight_decay: float,
    vision_lr: float | None = None,
    part_of: PartOf = LLAVA.part_of,
) -> list[dict]:
    """Trainable parameters in groups: by rate, and decayed or not (biases and norms never are)."""
    groups: dict[tuple[float, bool, bool], list[nn.Parameter]] = {}
    for name, parameter in named:
        if parameter.requires_grad:
            # ZeRO-3 leaves an empty vector in place of a parameter, and its true shape beside it.
            plain = getattr(parameter, "ds_shape", parameter.shape)
            connector = part_of(name) == CONNECTOR
            own = connector_lr if connector else vision_lr if part_of(name) == VISION else None
            decays = len(plain) >= 2 and getattr(parameter, "decays", True)
            groups.setdefault((lr if own is None else own, connector, decays), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": weight_decay if matrix else 0.0}
        for (rate, _, matrix), parameters in groups.items()
    ]


# Parts of names; "heads." are what the vision encoder is pre-trained with.
NOT_FOR_MUON = ("embed", "lm_head", "heads.", "lora_")


def is_hidden_matrix(name: str, parameter: nn.Parameter, part_of: PartOf = LLAVA.part_of) -> bool:
    """Whether Muon is meant for a parameter: a matrix between two layers, no embedding and no output layer.

    Nor the connector: Muon moves every direction alike, and would drown what the connector starts on.
    """
    plain = not any(part in name for part in NOT_FOR_MUON)
    return parameter.ndim == 2 and plain and part_of(name) != CONNECTOR


class Joined(torch.optim.Optimizer):
    """Several optimizers of disjoint parameters that act as one: one schedule, one state, one step."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts
        # The parts' own groups, not copies: a schedule that sets a rate here sets it there.
        super().__init__([group for part in parts for group in part.param_groups], {})

    def step(self, closure: Any = None) -> Any:
        """Step every part; the closure runs once."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Each part's state."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore each part's state."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        # Loading has put new groups into the parts.
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def group_parts(
    named: Iterable[tuple[str, nn.Parameter]], optimizer: torch.optim.Optimizer, part_of: PartOf = LLAVA.part_of
) -> list[tuple[str, ...]]:
    """The parts of a base that each of an optimizer's groups holds: language, connector, vision; Muon's as _muon."""
    parts = {id(value): part_of(name) for name, value in named}
    found = []
    for one in optimizer.parts if isinstance(optimizer, Joined) else [optimizer]:
        suffix = "_muon" if isinstance(one, torch.optim.Muon) else ""
        for group in one.param_groups:
            found.append(tuple(sorted({parts[id(value)] + suffix for value in group["params"]})))
    return found


def make_optimizer(
    named: Iterable[tuple[str, nn.Parameter]],
    config: OptimConfig,
    *,
    num_steps: int,
    part_of: PartOf = LLAVA.part_of,
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW and its schedule (cosine or constant, both after a warmup), stepped once an optimizer step.

    With ``muon_lr``, the trainable hidden matrices are Muon's; the schedule is the same for both.

    Args:
        named: all parameters of the model.
        config: rates, decay and schedule.
        num_steps: of the whole run.
        part_of: a parameter's name -> the part of the base that it belongs to.
    """
    lr, muon_lr, weight_decay = config.lr, config.muon_lr, config.weight_decay
    matrices: list[nn.Parameter] = []
    of_vision: list[nn.Parameter] = []
    rest = []
    for name, parameter in named:
        if muon_lr is not None and parameter.requires_grad and is_hidden_matrix(name, parameter, part_of):
            (of_vision if config.vision_lr is not None and part_of(name) == VISION else matrices).append(parameter)
        else:
            rest.append((name, parameter))
    groups = parameter_groups(
        rest,
        lr=lr,
        connector_lr=config.connector_lr,
        weight_decay=weight_decay,
        vision_lr=config.vision_lr,
        part_of=part_of,
    )
    betas = (config.betas[0], config.betas[1])
    optimizer: torch.optim.Optimizer = torch.optim.AdamW(
        groups, lr=lr, betas=betas, eps=config.eps, weight_decay=weight_decay
    )
    if muon_lr is not None and (matrices or of_vision):
        # In the same proportion as AdamW's rates.
        slower = muon_lr if config.vision_lr is None else muon_lr * config.vision_lr / lr
        parts = [{"params": m, "lr": rate} for m, rate in ((matrices, muon_lr), (of_vision, slower)) if m]
        # The order decides the last digits of the clipped gradient's norm, and so those of every number in the README.
        optimizer = Joined([torch.optim.Muon(parts, lr=muon_lr, weight_decay=weight_decay), optimizer])
    # A cosine between 1 and 1 is constant.
    floor = 1.0 if config.schedule == Schedule.constant else config.min_lr_ratio
    factor = partial(cosine_factor, num_steps=num_steps, warmup_ratio=config.warmup_ratio, min_ratio=floor)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
