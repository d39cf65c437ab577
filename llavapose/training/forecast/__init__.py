"""What a run would need, told before anything is loaded: memory by part, steps, hours, disk, and what fits; no torch.

In: a run's settings, and its samples where they are there. Out: lines::

    fits: 62.6 GiB of the 79.1 that A100 80 GB has

Read ``shapes`` (a model's sizes, from its config.json), ``setup`` (how ranks hold it) with ``settings`` (which setup a
run's settings are), ``states`` (weights, gradients, optimizer), ``activations`` (what a micro-batch adds), ``host``
(what a machine's own memory takes), ``mixture``, ``indexed`` (samples, those of an index exactly), ``frames`` (what
stands in front of clips) and ``epoch`` (the planner's steps of them), ``cost`` (operations), ``cards`` (GPUs), then ``forecast``, where they meet, ``advice`` (what
would fit instead) and ``text``.
``benchmarks/memory.py`` and ``benchmarks/host.py`` hold the bytes against measured ones.
"""
