"""Who answers: a checkpoint, a file of answers made elsewhere, an endpoint's model, or nobody who looks.

In: questions with their pictures. Out: ``Answer``s; and log-likelihoods of given texts, for what can be probed.

Read ``protocol`` (what an answerer is), then ``checkpoint/`` (the evaluation's only torch), ``file`` (answers made
elsewhere), ``endpoint`` (a model that is asked), ``prior`` (the best answer that needs no picture), ``text_only``
(the ground truth told as text) and ``efficiency`` (what an answer costs).
"""
