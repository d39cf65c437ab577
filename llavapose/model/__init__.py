"""Tensors in, tensors out: base models of every family over packed batches.

In: a ``Batch``, a base (folder or hub id). Out: the loss of every supervised token; a Hugging Face checkpoint.

Read ``batch`` (what a packed batch is, and the one legend of shapes), ``attention/`` (who sees whom, and the proof that
packing changes nothing), ``losses`` (of every token, and their weights), ``parts`` (vision, connector, language, and
what of them learns), ``connectors/`` (between the two, and what is averaged behind it), ``vision`` (a DINOv2 in the
base's place), ``features`` (of pictures that come again), ``vocabulary`` (new words), ``processors`` (of any family),
``bases`` (what a base is), ``pretrained`` (checkpoints, both ways), ``written`` (a family's folder by its own class),
``weights`` (a base tensor by tensor) and ``renaming`` (keys of files -> parameters).
"""
