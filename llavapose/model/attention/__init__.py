"""Who sees whom in a packed batch, and the proof that packing changes no loss.

Read ``mask`` (the dense mask), ``alone`` (samples without packing) and ``proof``.
"""
