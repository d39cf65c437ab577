"""Every form of a reply by its name."""

from collections.abc import Callable

from llavapose.locate.answers.about import About, Body
from llavapose.locate.answers.molmo import read_molmo
from llavapose.locate.answers.own import read_own
from llavapose.locate.answers.qwen import read_qwen, read_qwen_pixels
from llavapose.locate.answers.rex_omni import read_rex_omni

FORMS: dict[str, Callable[[str, About], list[Body]]] = {
    "rex_omni": read_rex_omni,
    "qwen": read_qwen,
    "qwen_pixels": read_qwen_pixels,
    "molmo": read_molmo,
    "llavapose": read_own,
}
