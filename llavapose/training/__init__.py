"""One training run.

In: settings, samples, pictures. Out: ``<output_dir>/hf``, a folder that ``from_pretrained`` loads, beside
``checkpoints/`` and ``metrics.jsonl``::

    {"step": 20, "train/loss": 2.31, "train/loss/conv": 1.87, "train/grad_norm": 1.4, "lr": 0.0019}
    {"step": 20, "val/loss": 2.44, "val/loss/conv": 1.95}

All keys are in docs/logged.md.

Read ``module`` (the step), ``optim`` (optimizer and schedule), ``strategies`` (what Lightning leaves to be finished),
``loading`` (the model, as each strategy wants it) with ``adapters``, ``export`` (back to a Hugging Face folder, also
from a checkpoint), ``callbacks/``, ``checkpoints/`` (writing them, going on from them), ``launched`` (what the first of
a launcher's processes does for all), ``watch`` (what ends a run),
``trainer`` (settings -> Lightning's trainer), ``told/`` (what the exported folder says of itself), ``forecast/``
(what a run needs, told before it starts), then ``fit``: the run from first check to checkpoint.
"""
