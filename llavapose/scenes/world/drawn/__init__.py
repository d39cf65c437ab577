"""The built-in world's drawing: people posed in three dimensions, painted, and annotated from what was painted."""
