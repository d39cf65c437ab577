"""Who answers: a checkpoint, a file of answers made elsewhere, an endpoint's model.

In: questions with their pictures. Out: ``Answer``s; and log-likelihoods of given texts, for what can be probed.

Read ``protocol`` (what an answerer is), then ``checkpoint`` (the evaluation's only torch), ``file`` (answers made
elsewhere) and ``endpoint`` (a model that is asked).
"""
