"""Where joints are, asked of an arm: places of held-out people, beside another picture's and the mean pose's.

In: held-out scenes and an answerer that can be asked (``answerers/protocol``: ``LocatingAnswerer``). Out, below the
results: ``located/<arm>.jsonl``, a row an answer; ``located/<arm>.results.json`` in COCO's format;
``located/<arm>.json``, what they are worth; and ``located/pictures/``, what was shown.

Read ``measure`` (asks and writes), ``people`` (who is asked about and what is shown of them), ``matching`` (whom an
answer about everyone means), ``scores`` (from rows to numbers) and ``pictures`` (skeletons for the page); ``photo``
asks about a picture in which nothing is annotated, ``taught`` tells how a checkpoint was taught to be asked.
"""
