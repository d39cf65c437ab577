"""Sample files -> packed batches.

In: JSONL of samples with their pictures, a base's processor. Out: ``model.batch.Batch``, micro-step after micro-step,
in an order that follows from seed, epoch and step alone.

Read ``conversation`` (turns -> ids and labels), ``images`` (pictures -> pixels), ``check`` (everything is proven good
first), ``choose`` (mixture, held-out pictures), ``plan`` (which samples share a step), ``pack`` (a picture's
samples behind one prefix) and ``datamodule``, where they meet. ``show`` prints what a model is trained on.
"""
