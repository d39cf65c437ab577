"""Sample files -> arrays on disk, made once and mapped into memory by every rank and worker; no torch.

In: JSONL or LLaVA's JSON lists, a tokenizer. Out: folders below ``index/``, each a table: **records** (where each
sample stands in its file, its kind, picture and words), **tokens** (ids and labels behind the picture) and **pictures**
(what each held when it was last read). The first depends on the files alone, the second on the tokenizer, the template
and ``max_length`` as well, so that another base reads no record anew.

Read ``table`` (arrays in a folder, whole or not there), ``shards`` (work cut in pieces, done by several processes, kept
piece by piece, by one run at a time), ``sources`` (the files, cut at line ends), ``groups`` (of pictures), ``clips``
(which pictures are frames of one), ``reading`` (their records), ``records``, ``encoder`` (texts to ids without
transformers), ``tokens`` and ``seen`` (pictures).
"""
