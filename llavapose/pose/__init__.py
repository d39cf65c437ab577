"""What keypoints say, and what a text claims about a pose: this project's own science, without a model.

In: a ``Scene``'s joints and boxes, or free English. Out: ``Fact``s with a margin (sure or not), ``Claim``s, and claims
checked against facts: supported, contradicted or unverifiable.

Read ``skeleton`` and ``geometry`` (joints, lengths, angles), ``thresholds`` (every number that somebody chose),
``people`` and ``things`` (who and what is spoken of), ``vocabulary`` (kinds of facts, their values), then ``facts/``
(joints -> facts), ``motion/`` (tracks -> facts), ``claims/`` (text -> claims), ``check`` (claims against facts),
``identities`` (who is who where words leave it open) and ``language`` (facts -> English).
"""
