"""A stage has one name everywhere, and dvc.yaml lists all that its output depends on."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeGuard

from tests.repository.rules.trees import Module, read_modules, read_yaml

# They cannot change an output: names of files, classes of errors, and parameters without defaults.
HARMLESS: Final = {"contender.errors", "contender.params", "contender.paths"}
SECTIONS: Final = {"validate_": "validate"}  # pydantic reserves the word


def one_word(root: Path) -> list[str]:
    """Stages whose module, section, command or test has another name, and modules of no stage."""
    stages, params = _stages(root), read_yaml(root, "params.yaml")
    broken = [] if stages else ["dvc.yaml has no stage"]
    for name, entry in stages.items():
        for place in (f"src/contender/stages/{name}.py", f"tests/stages/test_{name}.py"):
            if not (root / place).is_file():
                broken.append(f"stage `{name}` has no {place}")
        if name not in params:
            broken.append(f"stage `{name}` has no section in params.yaml")
        if entry["cmd"] != f"python -m contender {name}":
            broken.append(f"stage `{name}` runs `{entry['cmd']}`")
    for module in read_modules(root, "src/contender/stages"):
        if module.name.count(".") == 2 and module.name.split(".")[-1] not in stages:
            broken.append(f"{module.path} belongs to no stage of dvc.yaml")
    return broken


def dependencies(root: Path) -> list[str]:
    """Stages whose `deps` below src/ are not the modules they import, directly or not."""
    modules = {module.name: module for module in read_modules(root)}
    stages = _stages(root)
    broken = [] if stages else ["dvc.yaml has no stage"]
    for name, entry in stages.items():
        listed = {dep for dep in entry.get("deps", []) if dep.startswith("src/")}
        needed = {
            modules[found].path
            for found in _reach(f"contender.stages.{name}", modules)
            if found not in HARMLESS and not _is_silent(modules[found])
        }
        broken += [f"stage `{name}` does not list {path}" for path in sorted(needed - listed)]
        broken += [f"stage `{name}` lists {path} for nothing" for path in sorted(listed - needed)]
    return broken


def parameters(root: Path) -> list[str]:
    """Stages whose module reads parameters that their entry does not list."""
    modules = {module.name: module for module in read_modules(root)}
    sections, stages = set(read_yaml(root, "params.yaml")), _stages(root)
    broken = [] if stages else ["dvc.yaml has no stage"]
    for name, entry in stages.items():
        listed = set(entry.get("params", []))
        if name not in listed:
            broken.append(f"stage `{name}` does not list its own section of params.yaml")
        module = modules.get(f"contender.stages.{name}")
        for section, key in _reads(module) if module else []:
            if section == "model_dump":
                broken.append(f"stage `{name}` reads all of params.yaml at once")
            elif section in sections and not listed & {section, f"{section}.{key}"}:
                broken.append(f"stage `{name}` reads `{section}.{key}`, which it does not list")
    return broken


def no_defaults(root: Path) -> list[str]:
    """Parameters that have a value outside params.yaml, where DVC does not see it change."""
    trees = [module.tree for module in read_modules(root) if module.name == "contender.params"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    fields = [node for node in nodes if isinstance(node, ast.AnnAssign)]
    broken = [] if fields else ["src/contender/params.py declares no parameter"]
    for field in fields:
        if field.value is not None and not _is_field(field.value):
            broken.append(f"params.py:{field.lineno} has a default")
    for node in filter(_is_field, nodes):
        if node.args or {"default", "default_factory"} & {word.arg for word in node.keywords}:
            broken.append(f"params.py:{node.lineno} has a default")
    return broken


def _stages(root: Path) -> dict[str, Any]:
    stages = read_yaml(root, "dvc.yaml").get("stages")
    return stages if isinstance(stages, dict) else {}


def _reach(start: str, modules: dict[str, Module]) -> set[str]:
    """`start`, every module it imports, directly or not, and the packages around them."""
    reached: set[str] = set()
    waiting = [start, "contender", "contender.stages"]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            for imported in modules[name].imports():
                parts = imported.split(".")
                waiting += [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return reached


def _is_silent(module: Module) -> bool:
    """True for a package that holds nothing but its docstring."""
    return module.path.endswith("__init__.py") and not any(
        not isinstance(node, ast.Expr) for node in module.tree.body
    )


def _reads(module: Module) -> Iterator[tuple[str, str]]:
    """Section and key of every `params.section.key` in `module`; no key for a whole section."""
    inner = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            if section := _section(node.value):
                inner.add(id(node.value))
                yield section, node.attr
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            if section := _section(node):
                yield section, "*"


def _section(node: ast.Attribute) -> str:
    """`split` for the expression `params.split`; empty for any other."""
    if not isinstance(node.value, ast.Name) or node.value.id != "params":
        return ""
    return SECTIONS.get(node.attr, node.attr)


def _is_field(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "Field"
