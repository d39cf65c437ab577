"""How a base reads: what stands around questions and answers, as its own processor and chat template have it.

In: a processor. Out: a ``Wording``, and the ``Conversation`` that speaks it.

Read ``wording`` (plain values, with LLaVA-1.5's) and ``template`` (any chat template taken apart).
"""
