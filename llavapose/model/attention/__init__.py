"""Who sees whom in packed rows: backends that compute the same attention in different ways, and the proof that they do.

In: segments int64[R, T] of a batch. Out: what ``llava.token_losses`` hands to the language layers.

Read ``mask`` (dense: the rule itself, for any two tokens), ``layout`` (prefixes and branches of rows, once a
batch), ``interface`` (how a backend reaches the layers), ``branches`` (piece by piece, anywhere), ``varlen`` (two calls
of a flash kernel, merged) with ``flash`` (torch's kernels), ``flex`` (FlexAttention), ``choose`` (which of them runs),
``alone`` (samples without packing), ``watch`` (gradients of attention while a model runs) and ``proof`` (the self-test
before the first step).
"""
