"""Arguments read from source are those that the classes really take."""

import inspect
import sys

import pytest

from llavapose.config.checks.targets import signature_of


@pytest.mark.parametrize(
    "target", ["hydra.core.plugins.Plugins.instance", "omegaconf.Nope", "no_such_package.Class", "Class"]
)
def test_unknown_names(target):
    assert signature_of(target) is None


def test_follows_imports_and_base_classes(tmp_path, monkeypatch):
    package = tmp_path / "parts_for_test"
    package.mkdir()
    (package / "__init__.py").write_text("from .shapes import Round as Circle, Square\nfrom .shapes import *\n")
    (package / "shapes.py").write_text(
        "from dataclasses import dataclass\n"
        "class Shape:\n    def __init__(self, size, *, colour='red'): ...\n"
        "class Round(Shape): ...\n"
        "class Square(Shape):\n    def __init__(self, *args, **kwargs): ...\n"
        "@dataclass\nclass Point:\n    x: int\n    y: int = 0\n"
        "if True:\n    def draw(shape, scale=1): ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    circle, square = signature_of("parts_for_test.Circle"), signature_of("parts_for_test.Square")
    point, draw = signature_of("parts_for_test.Point"), signature_of("parts_for_test.draw")
    assert circle is not None and circle.names == ("size", "colour") and circle.required == ("size",)
    assert square is not None and square.open
    assert point is not None and (point.names, point.required) == (("x", "y"), ("x",))
    assert draw is not None and (draw.names, draw.required) == (("shape", "scale"), ("shape",))
    assert "parts_for_test" not in sys.modules


def test_a_class_of_this_project():
    from llavapose.config.checks import targets

    found = signature_of("llavapose.config.checks.targets.Signature")
    assert found is not None
    assert set(found.names) == set(inspect.signature(targets.Signature).parameters)


def test_lightnings_trainer():
    import lightning

    found = signature_of("lightning.Trainer")
    assert found is not None
    assert set(found.names) == set(inspect.signature(lightning.Trainer).parameters)
