"""Sample files -> packed batches.

In: JSONL of samples with their pictures, a base's processor. Out: ``model.batch.Batch``, micro-step after micro-step,
in an order that follows from seed, epoch and step alone.

Read ``conversation`` (turns -> ids and labels), ``template`` (a tokenizer that reads them otherwise than LLaVA's is
refused), ``images`` (pictures -> pixels), ``reading`` (how any base reads), ``index`` (all records and tokens, made
once and mapped into memory), ``check`` (pictures proven good), ``joined`` (several sets as one), ``choose`` (mixture,
held-out pictures), ``plan`` (which samples share a step), ``pack`` (a picture's samples behind one prefix), ``dataset``
and ``datamodule``, where they meet, with the ``worker`` processes that load. ``show`` prints what a model is trained
on.
"""
