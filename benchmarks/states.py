"""Gradients and optimizer of a bfloat16 model with float32 masters in one process: ZeRO-3's own, or laid out alike."""

import os
from typing import Any

import torch
from torch import Tensor, nn

from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import Batch
from llavapose.model.losses import token_losses
from llavapose.training.forecast.setup import Setup


class MeanLoss(nn.Module):
    """A LLaVA whose forward pass is the mean loss of a batch, for engines that take nothing else."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.llava = model

    def forward(self, batch: Batch) -> Tensor:
        """float32[]."""
        return token_losses(self.llava, batch, packed_mask(batch.segments)).mean()


class PlainStates:
    """What ZeRO-3 holds on one rank, by torch alone: gradients in one buffer, masters and moments by sub-groups.

    Args:
        model: bfloat16, frozen parts frozen.
        setup: its sub-group.
        optimizer: whether there are masters and moments at all; without, only gradients.
    """

    def __init__(self, model: Any, setup: Setup, *, optimizer: bool) -> None:
        self.model, self.loss = model, MeanLoss(model)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        first = trained[0]
        self.gradients = torch.zeros(sum(p.numel() for p in trained), dtype=first.dtype, device=first.device)
        at = 0
        for parameter in trained:
            parameter.grad = self.gradients[at : at + parameter.numel()].view_as(parameter)
            at += parameter.numel()
        self.groups: list[tuple[list[nn.Parameter], Tensor]] = []
        self.optimizers: list[torch.optim.Optimizer] = []
        for group in sub_groups(trained, setup.sub_group) if optimizer else []:
            master = torch.cat([p.detach().flatten() for p in group]).float().requires_grad_()
            adam = torch.optim.AdamW([master], lr=2e-5, weight_decay=0.0, foreach=True)
            zeros = {"exp_avg": torch.zeros_like(master), "exp_avg_sq": torch.zeros_like(master)}
            adam.state[master] = {"step": torch.tensor(0.0), **{k: v.detach() for k, v in zeros.items()}}
            self.groups.append((group, master))
            self.optimizers.append(adam)

    def backward(self, batch: Batch) -> None:
        """Add a batch's gradients."""
        self.loss(batch).backward()

    @torch.no_grad()
    def step(self) -> None:
        """Update sub-group by sub-group: its gradient in float32, AdamW, and back to bfloat16."""
        for (group, master), adam in zip(self.groups, self.optimizers, strict=True):
            size = sum(p.numel() for p in group)
            start = group[0].grad.storage_offset()  # type: ignore[union-attr]
            master.grad = self.gradients[start : start + size].float()
            adam.step()
            master.grad = None
            at = 0
            for parameter in group:
                parameter.copy_(master[at : at + parameter.numel()].view_as(parameter))
                at += parameter.numel()

    def zero(self) -> None:
        """Forget the gradients."""
        self.gradients.zero_()


class DeepSpeedStates:
    """DeepSpeed's own engine, ZeRO-3 in one process, as Lightning's strategy sets it up."""

    def __init__(self, model: Any, setup: Setup, *, optimizer: bool) -> None:
        assert optimizer
        on_gpu = next(model.parameters()).device.type == "cuda"
        here = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"}
        os.environ |= here if on_gpu else {**here, "DS_ACCELERATOR": "cpu"}
        import deepspeed

        deepspeed.init_distributed("nccl" if on_gpu else "gloo")
        self.model = model
        zero = {"stage": 3, "sub_group_size": setup.sub_group, "reduce_bucket_size": setup.reduce_bucket}
        config = {
            "train_micro_batch_size_per_gpu": 8,
            "bf16": {"enabled": True},
            "zero_optimization": {**zero, "contiguous_gradients": True, "overlap_comm": True},
            "zero_allow_untested_optimizer": True,
            "zero_force_ds_cpu_optimizer": False,
        }
        adam = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-5, weight_decay=0.0)
        loss = MeanLoss(model)
        loss.train()
        model.model.vision_tower.eval()
        self.engine: Any = deepspeed.initialize(model=loss, optimizer=adam, config=config)[0]

    def backward(self, batch: Batch) -> None:
        """Forward and backward of the engine."""
        self.engine.backward(self.engine(batch))

    def step(self) -> None:
        """The engine's step."""
        self.engine.step()

    def zero(self) -> None:
        """The step has forgotten the gradients."""


def sub_groups(parameters: list[nn.Parameter], size: int) -> list[list[nn.Parameter]]:
    """Parameters in order, cut behind the one that fills a sub-group, as DeepSpeed cuts them."""
    groups: list[list[nn.Parameter]] = [[]]
    filled = 0
    for parameter in parameters:
        if filled >= size:
            groups.append([])
            filled = 0
        groups[-1].append(parameter)
        filled += parameter.numel()
    return groups
