"""How the tiny base is made: tokenizer, vision encoder, then a LLaVA trained on captions and boxes alone.

In: the built-in world. Out: ``assets/tiny_base``, a LLaVA-1.5 of 2.7 million parameters that knows people and words,
and is to learn poses in words from the samples.

Read ``recipe`` (the stages, their sizes and numbers), then what they use: ``tokenizer``, ``architecture``, ``vision``
with ``targets`` and ``body_frame`` (what the encoder learns to say), ``connector``.
"""
