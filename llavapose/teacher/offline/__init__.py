"""The keyless teacher: conversations, descriptions and reasoning from sure facts and captions alone.

In: scenes with facts. Out: ``samples.jsonl``, true by construction, and its ``summary.json``.

Read ``evidence`` (what it may use in a context), ``captions`` with ``caption_words`` (what captions say),
``grammar`` (facts -> clauses, one name a person), then one file a kind of sample: ``conv`` with ``conv_told`` (what
captions and boxes answer), ``detail``, ``complex`` with ``themes/`` (lines of reasoning). ``limited`` answers the same
questions from less. ``motion/`` has the same kinds about what moves in a clip. ``teacher``, ``balance`` (which facts
get their turn) and ``write``: the whole way.
"""
