"""What is loaded, in processes of their own: imports are lines, doors and a price."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "mlflow", "dvc", "onnxruntime")

ONLY_SERVING = """
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"contender", "numpy", "onnxruntime"} | sys.stdlib_module_names:
            raise ImportError(f"{name} is not there where models are served")
sys.meta_path.insert(0, Refuse())
"""


def test_importing_the_package_does_nothing() -> None:
    """`import contender` loads itself and no other module."""
    code = (
        "import sys; before = set(sys.modules); import contender; print(set(sys.modules) - before)"
    )

    assert python(code).stdout.strip() == "{'contender'}"


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["no-such-command"]])
def test_help_loads_no_library(arguments: list[str]) -> None:
    """What to type is answered at once."""
    code = f"""
import sys
from contender.cli import main
try:
    main({arguments!r})
except SystemExit:
    print("loaded", sorted(set(sys.modules) & set({HEAVY!r})))
"""

    assert python(code).stdout.splitlines()[-1] == "loaded []"


def test_inference_needs_two_libraries() -> None:
    """Where models are served, numpy and ONNX Runtime are enough to predict."""
    process = python(f"{ONLY_SERVING}\nimport contender.inference; print('imported')")

    assert process.stdout.strip() == "imported", process.stderr


def test_the_refusal_refuses() -> None:
    """The test above could fail: what is not served cannot be imported there."""
    process = python(f"{ONLY_SERVING}\nimport pandas")

    assert "not there where models are served" in process.stderr


def test_the_lines_of_the_architecture_hold(clone: Path) -> None:
    """import-linter keeps every contract of pyproject.toml."""
    process = lint_imports(clone)

    assert process.returncode == 0, process.stdout


@pytest.mark.parametrize(
    ("place", "line", "broken"),
    [
        ("files.py", "from contender import storage", "contender.files is not allowed to import"),
        ("problem/schema.py", "import contender.files", "contender.problem is not allowed"),
        ("stages/split.py", "import contender.release.gate.decision", "contender.stages is not"),
        ("newcomer.py", "", "contender.newcomer"),
    ],
)
def test_an_import_against_the_lines_is_found(
    clone: Path, place: str, line: str, broken: str
) -> None:
    """Upwards, sideways, inside a function, and a module that stands in no line."""
    with (clone / "src/contender" / place).open("a", encoding="utf-8") as stream:
        stream.write(f"\ndef late() -> None:\n    {line or 'pass'}\n")

    process = lint_imports(clone)

    assert process.returncode != 0
    assert broken in process.stdout


def python(code: str) -> subprocess.CompletedProcess[str]:
    """The finished process of `code`."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """The finished process of `lint-imports` on the tree at `root`."""
    return subprocess.run(
        ["lint-imports", "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
