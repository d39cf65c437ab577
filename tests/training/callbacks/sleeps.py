"""Where a step can be made slower, and the row of the profile's table in which it must show, and in no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import lightning as L

SLEEP_S = 0.15
"""A step of the tiny model takes a tenth of a second."""


def _slowed(plain: Callable[..., Any]) -> Callable[..., Any]:
    def slow(*given: Any, **named: Any) -> Any:
        time.sleep(SLEEP_S)
        return plain(*given, **named)

    return slow


def _forward(part: Any) -> None:
    part.forward = _slowed(part.forward)


def _loading(trainer: Any, module: Any) -> None:
    trainer.datamodule.train.__class__ = type(
        "Slow", (type(trainer.datamodule.train),), {"__getitem__": _slowed(type(trainer.datamodule.train).__getitem__)}
    )


def _moving(trainer: Any, module: Any) -> None:
    trainer.strategy.batch_to_device = _slowed(trainer.strategy.batch_to_device)


def _backward(trainer: Any, module: Any) -> None:
    plain = module.losses

    def losses(batch: Any) -> Any:
        found = plain(batch)
        found.register_hook(lambda gradient: time.sleep(SLEEP_S))
        return found

    module.losses = losses


def _loss(trainer: Any, module: Any) -> None:
    _forward(module.llava.lm_head)


def _optimizer(trainer: Any, module: Any) -> None:
    trainer.optimizers[0].register_step_post_hook(lambda *_: time.sleep(SLEEP_S))


class _Slow(L.Callback):
    def on_train_batch_start(self, *given: Any) -> None:
        time.sleep(SLEEP_S)


def _callbacks(trainer: Any, module: Any) -> None:
    trainer.callbacks.append(_Slow())


PLANTED: dict[str, Callable[[Any, Any], None]] = {
    "loading (waiting for the batch)": _loading,
    "moving it to the device": _moving,
    "vision encoder": lambda trainer, module: _forward(module.llava.model.vision_tower),
    "connector": lambda trainer, module: _forward(module.llava.model.multi_modal_projector),
    "language model: attention": lambda trainer, module: _forward(
        module.llava.model.language_model.layers[0].self_attn
    ),
    "language model: MLP": lambda trainer, module: _forward(module.llava.model.language_model.layers[-1].mlp),
    "language model: other": lambda trainer, module: _forward(module.llava.model.language_model.norm),
    "forward: other (mask, embeddings)": lambda trainer, module: _forward(module.llava.get_input_embeddings()),
    "logits and loss": _loss,
    "backward": _backward,
    "optimizer": _optimizer,
    "callbacks and logging": _callbacks,
}
"""Row -> what plants a sleep in it, given the trainer and the module."""
