"""The connector between vision encoder and language model, and what stands behind and beside it.

In: features of pictures, float[P, patches, inputs]. Out: embeddings in the language model's width, float[P, tokens, D].

A model whose connector transformers does not have (further parts, or features averaged behind it) is no LLaVA any more:
its configuration tells what it has in ``connector``, and its folder is of a family of its own (``pretrained``).

Read ``configured`` (what a configuration says of it), ``own`` (the connectors that transformers does not have),
``frames`` (one of them: attention over time, and which pictures belong together), ``made`` (the connector and the class
of a configuration) and ``fit`` (a model gets the connector of a run's settings).
"""
