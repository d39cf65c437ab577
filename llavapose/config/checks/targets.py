"""What arguments a ``_target_`` takes, read from its source: nothing is imported, so a typo answers at once."""

import ast
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The arguments of a class or function.

    Attributes:
        names: those that can be given by name.
        required: those of them without a default.
        open: whether it also takes any other (``**kwargs``).
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    open: bool


@dataclass(frozen=True, kw_only=True)
class _Definition:
    node: ast.ClassDef | ast.FunctionDef
    module: str


_PASSES_ON = {"lightning.pytorch.loggers.wandb.WandbLogger": "wandb.sdk.wandb_init.init"}
"""Who hands its ``**kwargs`` to whom, where that is documented."""


def signature_of(target: str) -> Signature | None:
    """The arguments of the class or function with this dotted name; None where there is none or no source."""
    definition = _find(target)
    if definition is None:
        return None
    if isinstance(definition.node, ast.FunctionDef):
        return _of_function(definition.node, method=False)
    signature = _of_class(definition)
    passed_on = _PASSES_ON.get(f"{definition.module}.{definition.node.name}")
    further = signature_of(passed_on) if passed_on else None
    if further is None:
        return signature
    return Signature(names=(*signature.names, *further.names), required=signature.required, open=False)


def _of_class(definition: _Definition) -> Signature:
    node = definition.node
    assert isinstance(node, ast.ClassDef)
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return _of_function(statement, method=True)
    if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return _of_dataclass(node)
    for base in node.bases:
        inherited = _find(f"{definition.module}.{ast.unparse(base)}")
        if inherited is not None and isinstance(inherited.node, ast.ClassDef):
            return _of_class(inherited)
    return Signature(names=(), required=(), open=bool(node.bases))


def _of_function(node: ast.FunctionDef, *, method: bool) -> Signature:
    arguments = node.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)][1 if method else 0 :]
    num_required = max(0, len(positional) - len(arguments.defaults))
    keyword = [argument.arg for argument in arguments.kwonlyargs]
    required = [name for name, value in zip(keyword, arguments.kw_defaults, strict=True) if value is None]
    return Signature(
        names=(*positional, *keyword),
        required=(*positional[:num_required], *required),
        open=arguments.kwarg is not None,
    )


def _of_dataclass(node: ast.ClassDef) -> Signature:
    items = [item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    names = tuple(item.target.id for item in items if isinstance(item.target, ast.Name))
    required = tuple(name for name, item in zip(names, items, strict=True) if item.value is None)
    return Signature(names=names, required=required, open=False)


@cache
def _find(target: str, depth: int = 0) -> _Definition | None:
    """The definition behind a dotted name, following imports from module to module."""
    if depth > 12:
        return None
    module, _, name = target.rpartition(".")
    source = _source(module) if module else None
    if source is None:
        return None
    package = module if source.name == "__init__.py" else module.rpartition(".")[0]
    for statement in _statements(_parsed(source).body):
        if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == name:
            return _Definition(node=statement, module=module)
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if alias.name == "*" or (alias.asname or alias.name) == name:
                    wanted = name if alias.name == "*" else alias.name
                    found = _find(f"{_absolute(statement, package)}.{wanted}", depth + 1)
                    if found is not None:
                        return found
    return None


def _absolute(statement: ast.ImportFrom, package: str) -> str:
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - (statement.level - 1)]
    return ".".join([*parts, statement.module] if statement.module else parts)


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, also those inside ``if`` and ``try``."""
    for statement in body:
        yield statement
        for block in ("body", "orelse", "handlers", "finalbody"):
            if isinstance(statement, ast.If | ast.Try):
                for inner in getattr(statement, block, []):
                    yield from _statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


@cache
def _parsed(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))


@cache
def _source(module: str) -> Path | None:
    """The file of a module: only the top package is looked up, because looking up a submodule imports its parents."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin is not None and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():  # several, where a package has no __init__.py
        path = Path(folder).joinpath(*rest)
        for candidate in (path / "__init__.py", path.with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None
