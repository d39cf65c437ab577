"""Who sees whom in packed rows: backends that compute the same attention in different ways, and the proof that they do.

In: segments, positions and blocks int64[R, T] of a batch, and the base's rules. Out: what ``losses.token_losses`` hands
to the language layers.

Read ``rules`` (who sees whom in a base, whatever it is packed with), ``mask`` (dense: the rule itself, for any two
tokens; and transformers' own, of rows of one sample), ``layout`` (prefixes and branches of rows, once a batch),
``interface`` (how a backend reaches the layers), ``branches`` (piece by piece, anywhere), ``varlen`` (two calls of a
flash kernel, merged) with ``flash`` (torch's kernels), ``flex`` (FlexAttention), ``choose`` (which of them runs),
``alone`` (samples without packing), ``watch`` (gradients of attention while a model runs) and ``proof`` (the self-test
before the first step).
"""
