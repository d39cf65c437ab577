"""stub."""
from pathlib import Path


def write_card_page(path: Path) -> Path:
    return path
