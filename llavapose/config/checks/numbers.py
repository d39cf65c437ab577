"""Numbers that Lightning's trainer and the callbacks take, which they themselves say late, or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 1_000_000_000
"""Of any count: ten thousand times the papers' steps, and steps, samples and tokens still fit 64 bits multiplied."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a number may be; null is for the class to say.

    Attributes:
        least: the smallest.
        above: whether the smallest itself is too small.
        whole: whether fractions are refused.
        odd: a value that stands for something else -> what for.
        times: whether a text such as 00:12:00:00, or a mapping, is a length of time.
        switch: whether true and false stand for numbers too.
        share: whether a fraction is a share of what is whole, and so at most 1.
        most: the largest; what counts with more does not come to its end.
    """

    least: float
    most: float = MOST
    above: bool = False
    whole: bool = True
    odd: tuple[int, str] | None = None
    times: bool = False
    switch: bool = False
    share: bool = False

    def problem(self, value: Any) -> str:
        """What was expected instead of a value; "" where it is good."""
        if self.times and (isinstance(value, Mapping) or (isinstance(value, str) and ":" in value)):
            return ""
        if self.switch and isinstance(value, bool):
            return ""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return f"expected a {'whole ' * self.whole}number"
        if self.share and isinstance(value, float) and value > 1:
            return "expected a whole number, or a share of at most 1.0"
        if value > self.most:
            return f"expected at most {self.most:,}"
        good = value > self.least if self.above else value >= self.least
        if good or (self.odd is not None and value == self.odd[0]):
            return ""
        instead = f", or {self.odd[0]} for {self.odd[1]}" if self.odd else ""
        return f"expected {'more than' if self.above else 'at least'} {self.least:g}{instead}"


_FRACTION = Limit(least=0, whole=False)
_SHARE = Limit(least=0, whole=False, share=True)
_NO_LIMIT = Limit(least=1, odd=(-1, "no limit"))
TRAINER = {
    "max_epochs": _NO_LIMIT,
    "max_steps": _NO_LIMIT,
    "min_epochs": Limit(least=0),
    "min_steps": Limit(least=0),
    "accumulate_grad_batches": Limit(least=1),
    "num_nodes": Limit(least=1, most=10_000),
    "log_every_n_steps": Limit(least=1),
    "check_val_every_n_epoch": Limit(least=1),
    "val_check_interval": Limit(least=0, above=True, whole=False, times=True, share=True),
    "num_sanity_val_steps": Limit(least=0, odd=(-1, "all of them")),
    "limit_train_batches": Limit(least=0, above=True, whole=False, share=True),
    "limit_val_batches": _SHARE,
    "overfit_batches": _SHARE,
    "fast_dev_run": Limit(least=0, switch=True),
    "gradient_clip_val": _FRACTION,
    "reload_dataloaders_every_n_epochs": Limit(least=0),
}
_NOT_RECKONED = {
    "limit_train_batches": "give trainer.max_steps, or data.num_samples",
    "overfit_batches": "give data.num_samples and trainer.max_epochs: few samples, again and again",
}
"""Arguments that end an epoch before its plan does -> what is meant instead. One step of it would be half a step."""
TRAINER_WORDS = {
    "gradient_clip_algorithm": ("norm", "value"),
    "profiler": ("simple", "advanced", "pytorch", "xla"),
}
CALLBACKS = {
    "llavapose.training.callbacks.progress.Progress": {"refresh_rate": Limit(least=0), "every_s": _FRACTION},
    "llavapose.training.callbacks.throughput.Throughput": {"window": Limit(least=2)},
    "llavapose.training.callbacks.profile.Profile": {
        "warmup": Limit(least=1), "steps": Limit(least=1), "operators": Limit(least=0),
    },
    "llavapose.training.callbacks.packing.PackingCheck": {"tolerance": _FRACTION},
    "llavapose.training.checkpoints.callback.Checkpoints": {"every_n_steps": Limit(least=0), "keep": Limit(least=1)},
    "llavapose.training.callbacks.predictions.Predictions": {
        "every_n_steps": Limit(least=1), "num_samples": Limit(least=1), "max_new_tokens": Limit(least=1),
    },
    "llavapose.training.callbacks.early_stopping.EarlyStopping": {
        "patience": Limit(least=1), "min_delta": _FRACTION,
    },
    "llavapose.training.watch.LossWatch": {
        "factor": Limit(least=1, above=True, whole=False), "nats": _FRACTION, "window": Limit(least=1),
    },
}  # fmt: skip
"""``_target_`` -> its numbers."""


def number_problems(where: str, values: Mapping[str, Any], limits: Mapping[str, Limit]) -> Iterator[str]:
    """One line for each value that is not what its limit says."""
    for key, limit in limits.items():
        value = values.get(key)
        if value is not None and (expected := limit.problem(value)):
            yield f"{where}.{key} is {value!r}; {expected}"


def trainer_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """One line for each value that the trainer would not take or nobody means: numbers, words, contradictions."""
    yield from number_problems("trainer", values, TRAINER)
    for key, words in TRAINER_WORDS.items():
        value = values.get(key)
        if isinstance(value, str) and value.lower() not in words:
            yield f"trainer.{key} is {value!r}; expected one of {', '.join(words)}"
    for key, instead in _NOT_RECKONED.items():
        value = values.get(key)
        whole = isinstance(value, float) and value == 1.0 and key == "limit_train_batches"
        if value and not whole and TRAINER[key].problem(value) == "":
            yield f"trainer.{key}={value}: neither the schedule nor the plan reckons with it; {instead}"
    if values.get("max_epochs", 1) in (-1, None) and (values.get("max_steps") or -1) == -1:
        told = "null" if values["max_epochs"] is None else "-1"
        yield f"trainer.max_epochs={told} trains on without end; give a number of epochs, or trainer.max_steps"
    if values.get("max_time") is not None:
        yield (
            "trainer.max_time: a run that it ends is not gone on with; end it by a signal, which saves: "
            "`timeout 8h python train.py ...`, or launcher=slurm launcher.time=8:00:00"
        )
    least, most = values.get("min_epochs"), values.get("max_epochs")
    if isinstance(least, int) and isinstance(most, int) and -1 != most < least:
        yield f"trainer.min_epochs is {least}, more than trainer.max_epochs={most}; lower the first or raise the second"
