"""A script as a user runs it."""

from tests.config.conftest import run_script  # noqa: F401 (fixture)
