"""What rules look at: the files of a tree, its Python modules, and who imports whom."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

OLDEST: Final = (3, 11)  # the Python that everything must be readable by


@dataclass(frozen=True)
class Module:
    """A Python module: its dotted name, where it is below the root, and its syntax."""

    name: str
    path: str
    lines: int
    tree: ast.Module

    def imports(self) -> Iterator[str]:
        """Every dotted name that is imported anywhere in it; of `from a import b`, `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                where = "." * node.level + (node.module or "")
                yield from (f"{where}.{alias.name}" for alias in node.names)


def read_modules(root: Path, folder: str = "src/contender") -> list[Module]:
    """The modules below `folder`, by name."""
    return [_read(root, path) for path in sorted((root / folder).rglob("*.py"))]


def _read(root: Path, path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    place = path.relative_to(root).as_posix()
    name = re.sub(r"^src/|(/__init__)?\.py$", "", place).replace("/", ".")
    return Module(name, place, text.count("\n"), _parse(text))


def _parse(text: str) -> ast.Module:
    """The syntax of `text`; empty when it has none, which is a finding of its own rule."""
    try:
        return ast.parse(text, feature_version=OLDEST)
    except SyntaxError:
        return ast.Module([], [])


def read_texts(root: Path) -> dict[str, str]:
    """The content of every text file, by its place below `root`."""
    texts = {}
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root).as_posix()
        if path.is_file() and not place.startswith(".git/"):
            try:
                texts[place] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return texts


def read_text(root: Path, place: str) -> str:
    """The content of the file at `place`; empty when there is none."""
    path = root / place
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_yaml(root: Path, place: str) -> dict[str, Any]:
    """The mapping in the YAML file at `place`; empty when there is none."""
    return YAML(typ="safe").load(read_text(root, place)) or {}


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """What `module` calls, as it is written, and in which line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno
