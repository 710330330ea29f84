"""One lock for all environments, and a serving environment without the training side."""

import re
import subprocess
from pathlib import Path
from typing import Final

TRAINING_SIDE: Final = (
    "dvc",
    "fairlearn",
    "great-expectations",
    "matplotlib",
    "mlflow",
    "onnx",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "shap",
    "skl2onnx",
    "skops",
)


def current_lock(root: Path) -> list[str]:
    """What keeps uv.lock from being the one that pyproject.toml asks for."""
    process = _uv(root, "lock", "--check")
    return [] if process.returncode == 0 else [f"uv lock --check: {process.stderr.strip()}"]


def serving_group(root: Path) -> list[str]:
    """Packages of the training side that the group `serving` would install."""
    process = _uv(root, "export", "--only-group", "serving", "--frozen", "--no-hashes")
    if process.returncode != 0:
        return [f"uv export: {process.stderr.strip()}"]
    names = re.findall(r"^([\w.-]+)==", process.stdout, re.MULTILINE)
    broken = [] if "onnxruntime" in names else ["the group `serving` has no onnxruntime"]
    return broken + [
        f"the group `serving` brings {name}" for name in names if name in TRAINING_SIDE
    ]


def _uv(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["uv", *arguments, "--offline"], cwd=root, capture_output=True, text=True, check=False
    )
