"""Who rates answers.

In: questions, the answers of one or two arms, and the facts of the pictures. Out: a rating each with the
reason, or the reason why there is none: what cannot be judged is unscored, never zero.

Read ``protocol``, ``pose/`` (the offline judge: what an answer's claims add to chance), ``llm`` (a language model as
judge), ``rubric`` (what it is told, with the texts in ``rubrics/``), ``replies`` (what its reply says), ``people/``
(what people rate), ``missing`` (what cannot be rated, and when that is too much) and ``card/`` (what a model is worth
as judge).
"""
