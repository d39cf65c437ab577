"""Pictures that a test may change."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def own_pictures(tmp_path, tiny_pictures) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for picture in tiny_pictures.iterdir():
        (folder / picture.name).write_bytes(picture.read_bytes())
    return folder
