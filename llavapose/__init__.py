"""llavapose: teach vision-language models to understand human pose and action."""

__version__ = "0.1.0"
