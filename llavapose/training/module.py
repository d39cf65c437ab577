"""The LightningModule: builds the model under the strategy, one step over a packed batch, the optimizer. No more."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import lightning as L
import torch
from torch import Tensor
from transformers import PreTrainedModel

from llavapose.config.choices import PackedAttention
from llavapose.config.schema import OptimConfig
from llavapose.errors import CheckpointError
from llavapose.model.attention.choose import first_that_runs, heads_of, to_try
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.mask import DENSE, OWN
from llavapose.model.attention.rules import Rules, rows_of, rules_of
from llavapose.model.batch import Batch
from llavapose.model.losses import token_weights
from llavapose.model.parts import adapts_vision, family_of, language_of, rest_vision
from llavapose.training.optim import group_parts, make_optimizer
from llavapose.training.strategies import losses_of


class PoseModule(L.LightningModule):
    """Trains the connector and the language model of a base.

    Args:
        build: returns the model with its frozen parts frozen, placed as the trainer's strategy wants it; called once,
            inside the strategy's model context.
        num_steps: optimizer steps of the whole run, for the schedule.
        optim: the optimizer's settings, and what a step's loss is the mean over.
        packed_attention: the setting, from which ``backends`` are chosen when a run starts.
        packs: whether rows hold more than one sample.
        picture_ids: all ids that the base's processor marks as a picture's; none: the configuration's.
    """

    llava: PreTrainedModel

    def __init__(
        self,
        *,
        build: Callable[[L.Trainer], PreTrainedModel],
        num_steps: int,
        optim: OptimConfig,
        packed_attention: PackedAttention = PackedAttention.auto,
        packs: bool = True,
        picture_ids: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self._build = build
        self._built = False
        self.num_steps = num_steps
        self.optim = optim
        self.loss_power = optim.loss_mean.power
        self.group_parts: list[tuple[str, ...]] = []
        """The parts that each group of the optimizer holds."""
        self._packed_attention = packed_attention
        self._packs = packs
        self._picture_ids = tuple(picture_ids)
        self._rules = Rules()
        self.backends = (DENSE,)
        """Of packed attention: the one that is used, and those to fall back to."""
        self._step_loss: Tensor | float = 0.0
        self.step_loss: Tensor | None = None
        """The optimizer step's loss over all ranks, at the last of its micro-steps; None at the others."""

    def configure_model(self) -> None:
        """Build the weights where the strategy wants them; called again by Lightning, does nothing then."""
        if self._built:
            return
        # A base of any family: checkpoints carry this name, so that it stays.
        self.llava = self._build(self.trainer)
        self._token_losses = partial(losses_of(self.llava), picture_ids=self._picture_ids)
        self._rules = rules_of(language_of(self.llava).config, family_of(self.llava))
        self._buffers_as_built = {name: value.clone() for name, value in self.llava.named_buffers()}
        self._built = True
        self.train()  # from_pretrained leaves eval mode, in which gradient checkpointing is silently off.

    def on_fit_start(self) -> None:
        """Give the buffers their digits back: a strategy that makes a module half makes its rotary frequencies half.

        With bfloat16's eight bits a token's angle is wrong by whole turns at position 2,000.
        """
        for name, value in self.llava.named_buffers():
            if value.is_floating_point():
                value.data = self._buffers_as_built[name].to(value.device)
        self.backends = self._usable_backends()

    def _usable_backends(self) -> tuple[Backend, ...]:
        """The setting's backends from the first on whose kernels run on every rank."""
        trainer = self.trainer
        language: Any = language_of(self.llava)
        half = {"bf16": torch.bfloat16, "16": torch.float16}
        backends = to_try(
            self._packed_attention.value,
            device=self.device.type,
            eager=language.config._attn_implementation == "eager",
            rules=self._rules,
            packs=self._packs,
        )
        if self._packs and not self._rules.causal and trainer.is_global_zero:
            print(f"packed attention: {backends[0].name}: of this base {self._rules.told()}", flush=True)
        return first_that_runs(
            backends,
            heads_of(self.llava),
            dtype=half.get(str(trainer.precision).partition("-")[0], torch.float32),
            device=self.device,
            agree=trainer.strategy.reduce_boolean_decision,
            say=lambda line: print(line, flush=True) if trainer.is_global_zero else None,
        )

    @property
    def strict_loading(self) -> bool:
        """Whether a checkpoint must hold every weight; beside an adapter it holds what is trained."""
        return not self._has_adapter

    @property
    def _has_adapter(self) -> bool:
        return any("lora_" in name for name, _ in self.named_parameters())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the base that stands beside an adapter: it does not change, and may lie in 4 bits."""
        if self._has_adapter and self.device_mesh is None and "state_dict" in checkpoint:
            trained = {name for name, value in self.named_parameters() if value.requires_grad}
            checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What is trained must be there.

        Raises:
            CheckpointError: it is another adapter's checkpoint, or none's.
        """
        if not self._has_adapter or not checkpoint.get("state_dict"):
            return
        trained = {name: value for name, value in self.named_parameters() if value.requires_grad}
        found = checkpoint["state_dict"]
        odd = [name for name in trained if name not in found or found[name].shape != trained[name].shape]
        if odd:
            shape = tuple(trained[odd[0]].shape)
            there = f"in another shape, {tuple(found[odd[0]].shape)} for {shape}" if odd[0] in found else "not at all"
            raise CheckpointError(
                f"resume: the checkpoint was trained by other settings: it holds {odd[0]} {there}; go on with the "
                "settings of adapter that it was written with"
            )

    def losses(self, batch: Batch) -> Tensor:
        """float32[N]: cross-entropy of every supervised token, in nats."""
        return self._token_losses(batch, self.backends[0].see(rows_of(batch, self._rules)))

    def losses_alone(self, batch: Batch) -> Tensor:
        """The same of rows that hold one sample each, with transformers' own masks."""
        return self._token_losses(batch, OWN.see(rows_of(batch, self._rules)))

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Weighted sum over supervised tokens / the weight of the whole step, whatever way it is cut up.

        Beside it the losses themselves, float32[N], for callbacks.

        The strategy averages over ranks and Lightning divides by the accumulation: both are multiplied back.
        DeepSpeed's engine divides by the accumulation once more.
        """
        losses = self.losses(batch)
        total = (losses * token_weights(batch, self.loss_power)).sum()
        accumulate = self.trainer.accumulate_grad_batches
        self._log_loss(total.detach() / batch.step_weight, batch_idx % accumulate, accumulate)
        # Not the mean of the micro-batches: their weights differ, and the step's own is known from the plan.
        scale = self.trainer.world_size * accumulate
        if self.trainer.strategy.handles_gradient_accumulation:
            scale *= accumulate
        return {"loss": total / batch.step_weight * scale, "losses": losses.detach()}

    def _log_loss(self, part: Tensor, micro_step: int, accumulate: int) -> None:
        """Log the optimizer step's own loss, summed over its micro-steps and ranks, at the last of its micro-steps.

        A micro-batch's mean says little of the step: the planner puts the short answers last.
        """
        self._step_loss = part if micro_step == 0 else self._step_loss + part
        self.step_loss = None
        if micro_step == accumulate - 1:
            loss = self.trainer.strategy.reduce(self._step_loss, reduce_op="sum")
            self.log("train/loss", loss, on_step=True, prog_bar=True)
            self.step_loss = loss if isinstance(loss, Tensor) else None

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Mean loss of a held-out token; the losses themselves, float32[N], for callbacks."""
        losses = self.losses(batch)
        # Lightning averages the weights over ranks as integers: a multiple of the ranks keeps the division exact.
        weight = len(losses) * self.trainer.world_size
        self.log(
            "val/loss", losses.mean(), batch_size=weight, on_epoch=True, on_step=False, prog_bar=True, sync_dist=True
        )
        return {"losses": losses.detach()}

    def configure_optimizers(self) -> Any:
        """AdamW with warmup and cosine decay, stepped every optimizer step."""
        part_of = family_of(self.llava).part_of
        optimizer, schedule = make_optimizer(
            self.named_parameters(), self.optim, num_steps=self.num_steps, part_of=part_of
        )
        self.group_parts = group_parts(self.named_parameters(), optimizer, part_of)
        # Stepped by optimizer steps; Lightning's own choice is once an epoch.
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_end(self) -> None:
        """Let go of the optimizer's states: Lightning would move them to the host, 108 GB at the 7B's size."""
        self.trainer.strategy.optimizers = []

    def train(self, mode: bool = True) -> "PoseModule":
        """Training mode for everything but a frozen vision encoder; one with adapters is trained."""
        super().train(mode)
        if self._built and not adapts_vision(self.llava):
            rest_vision(self.llava)
        return self
