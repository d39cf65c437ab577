"""What the exported folder says of itself.

Read ``facts`` (how it was made, as values: ``training.json``), then ``card`` (the same for people, with results).
"""
