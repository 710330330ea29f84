"""One door a library: who may import what, print, or start a process."""

import sys
from pathlib import Path
from typing import Final

from tests.repository.rules.trees import calls, read_modules

DOORS: Final = {
    "argparse": ("contender.cli",),
    "dvc": ("contender.objects", "contender.storage"),
    "fairlearn": ("contender.problem",),
    "fastapi": ("contender.serving",),
    "great_expectations": ("contender.problem.expectations", "contender.stages.validate"),
    "mlflow": ("contender.tracking",),
    "onnxruntime": ("contender.inference",),
    "shap": ("contender.problem",),
    "sklearn": ("contender.problem", "contender.stages"),
    "subprocess": ("contender.deploy", "contender.ledger.git"),
}

# Values in, values out: what these may import besides each other and the standard library.
PURE: Final = {
    "contender.ledger.chain": {"contender.errors", "contender.ledger.entries", "pydantic"},
    "contender.ledger.standing": {"contender.ledger.entries"},
    "contender.release.gate": {
        "contender.errors",
        "contender.params",
        "contender.problem",
        "contender.release.gate",
        "numpy",
        "pydantic",
        "scipy",
    },
}
WORLDLY: Final = frozenset(
    "asyncio ctypes fcntl glob http importlib io logging multiprocessing os pathlib pickle random "
    "secrets shutil signal socket sqlite3 subprocess sys tempfile threading time urllib".split()
)
SPEAKERS: Final = ("contender.cli", "contender.__main__")
SPEECH: Final = ("print", "sys.exit", "exit", "quit", "input", "sys.stdout.write", "os._exit")


def doors(root: Path) -> list[str]:
    """Imports of a library by a module that is not its door."""
    modules = read_modules(root)
    broken = [] if modules else ["src/contender has no module"]
    for module in modules:
        for name in module.imports():
            allowed = DOORS.get(name.split(".")[0])
            if allowed is not None and not _within(module.name, allowed):
                broken.append(f"{module.path} imports {name}; only {', '.join(allowed)} may")
    return sorted(set(broken))


def purity(root: Path) -> list[str]:
    """What reaches out of a package that is values in, values out: imports, clocks and files."""
    broken = []
    for package, allowed in PURE.items():
        modules = [module for module in read_modules(root) if _within(module.name, (package,))]
        broken += [] if modules else [f"{package} has no module"]
        for module in modules:
            for name in module.imports():
                if not _harmless(name, allowed):
                    broken.append(f"{module.path} imports {name}")
            for name, line in calls(module):
                if name == "open" or name.split(".")[-1] in ("now", "today", "utcnow"):
                    broken.append(f"{module.path}:{line} calls {name}")
    return broken


def silence(root: Path) -> list[str]:
    """Places outside the command table that print or choose an exit code."""
    modules = read_modules(root)
    broken = [] if modules else ["src/contender has no module"]
    for module in modules:
        for name, line in calls(module):
            if name in SPEECH and module.name not in SPEAKERS:
                broken.append(f"{module.path}:{line} calls {name}")
    return broken


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _harmless(name: str, allowed: set[str]) -> bool:
    top = name.split(".")[0]
    if top in sys.stdlib_module_names:
        return top not in WORLDLY
    return _within(name, tuple(allowed))
