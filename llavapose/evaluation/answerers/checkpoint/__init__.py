"""A checkpoint answers: the evaluation's only torch.

In: questions with their pictures. Out: answers, in their order, and likelihoods of statements.

Read ``answerer``, then ``loading`` (a folder or hub id of any family), ``readers`` (how each writes a question),
``generation`` (many questions at once, each picture read once), ``trie`` (statements that begin alike), ``kept``
(pictures that come again), ``single`` (one at a time, which it is compared with), ``locating`` (where joints are, with
``constrained`` writing), ``devices`` (several GPUs) and ``timing`` (what an answer costs).
"""
