"""The keyless teacher: conversations, descriptions and reasoning from sure facts and captions alone.

In: scenes with facts. Out: ``samples.jsonl``, true by construction, and its ``summary.json``.

Read ``evidence`` (what it may use in a context), ``captions`` (what captions give), ``conv``, ``detail`` and
``complex`` (one file a kind of sample), ``teacher``, ``balance`` (which facts get their turn) and ``write``: the whole
way.
"""
