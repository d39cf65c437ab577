"""Makes the dataclasses of ``schema.py`` known to Hydra under the names that open each primary defaults list."""

from hydra.core.config_store import ConfigStore

from llavapose.config.schema import EvaluateConfig, GenerateConfig, TrainConfig

SCHEMAS: dict[str, type] = {"train": TrainConfig, "generate": GenerateConfig, "evaluate": EvaluateConfig}
"""Script -> dataclass of all its settings."""


def register() -> None:
    """Store every script's schema as ``<script>_schema``."""
    store = ConfigStore.instance()
    for script, schema in SCHEMAS.items():
        store.store(name=f"{script}_schema", node=schema)
