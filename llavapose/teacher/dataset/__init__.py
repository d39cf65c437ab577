"""What goes with a file of samples: its card, its numbers, its forms for other trainers.

In: ``samples.jsonl`` and how it was made. Out: ``README.md`` and ``card.json``; JSONL, JSON or parquet for LLaVA,
LLaMA-Factory, ms-swift and ``datasets``.

Read ``measures`` (lengths, verbs, body parts), ``card``, ``exports``, and ``release``, which writes them all.
"""
