"""How a base reads: what stands around questions and answers; pictures as tokens and inputs of a prefix.

In: a processor, pictures or their sizes. Out: a ``Wording``, the ``Conversation`` that speaks it, ``Shown`` values and
counts of tokens.

Read ``wording`` (plain values, with LLaVA-1.5's), ``template`` (any chat template taken apart), ``timed`` (with frames,
each behind its time), ``shown`` (what a group of pictures is to a model; LLaVA's squares), ``native`` (a base's own
resolution), ``positions`` (of grids), ``joining`` (several groups as one batch), ``bounds`` (``model.max_pixels``),
``read``, where words and pictures meet, and ``groups`` (tokens of all prefixes of a set).
"""
