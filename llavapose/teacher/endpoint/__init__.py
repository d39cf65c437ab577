"""Samples by a chat model at an endpoint: paid once, read, checked, asked again, or set aside with the reason.

In: scenes, an assignment (so many of each kind) and the door to a model (``llm``). Out: ``samples.jsonl``,
``set_aside.jsonl``, ``repairs.jsonl`` and ``summary.json``, in which every request is counted once.

Read ``plan`` (what will be asked, and its price, before anybody is), ``rounds`` (an assignment's slots: ask, read, ask
again, until there are enough), ``rows`` and ``summary`` (standings -> files), then ``write``: the whole way.
"""
