"""The key of Weights & Biases, where a run is sent there: its client would look for it behind data and model."""

import netrc
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from llavapose.config.schema import TrainConfig

_ADDRESS = "https://api.wandb.ai"
_ELSEWHERE = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


def wandb_problems(config: TrainConfig) -> Iterator[str]:
    """A line where a run is to be sent to Weights & Biases and nothing here says who sends it."""
    for name, part in config.logger.items():
        if part is None or not str(part.get("_target_")).endswith(".WandbLogger") or part.get("offline") is not False:
            continue
        if os.environ.get("WANDB_MODE", "online") in ("online", "shared") and not _has_key():
            yield (
                f"logger.{name}.offline=false: no key of Weights & Biases here; set WANDB_API_KEY, or run `wandb "
                "login`, or leave it offline"
            )


def _has_key() -> bool:
    """Whether the client finds one: in the environment, or in the file that ``wandb login`` writes."""
    if any(os.environ.get(name, "").strip() for name in _ELSEWHERE):
        return True
    settings = Path(os.environ.get("WANDB_CONFIG_DIR", Path.home() / ".config" / "wandb")) / "settings"
    if settings.is_file() and "base_url" in settings.read_text(encoding="utf-8", errors="replace"):
        return True  # another server, which the client knows by itself
    host = urlsplit(os.environ.get("WANDB_BASE_URL", _ADDRESS)).hostname or ""
    given = os.environ.get("NETRC")
    for path in [Path(given)] if given else [Path.home() / ".netrc", Path.home() / "_netrc"]:
        try:
            if path.is_file() and host in netrc.netrc(path).hosts:
                return True
        except (netrc.NetrcParseError, OSError, ValueError):
            return True  # what it says is for the client to find out
    return False
