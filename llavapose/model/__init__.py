"""Tensors in, tensors out: LLaVA over packed batches.

In: a ``Batch``, a base (folder or hub id). Out: the loss of every supervised token; a Hugging Face checkpoint.

Read ``batch`` (what a packed batch is, and the one legend of shapes), ``attention/`` (who sees whom, and the proof that
packing changes nothing), ``llava`` (losses and their weights), ``connectors``, ``vision`` (a DINOv2 in the base's
place), ``features`` (of pictures that come again), ``vocabulary`` (new words), ``processors`` (of any family),
``pretrained`` (checkpoints, both ways) and ``weights`` (a base tensor by tensor).
"""
