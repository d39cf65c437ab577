"""Tiny random models of every family, with pictures of several sizes, and rows of them packed by hand.

Read ``models`` (the models and their pictures), ``rows`` (samples packed by hand, and each alone through the public
forward, which is what packing has to equal) and ``wrong`` (rows and masks with one mistake each).
"""
