"""One lock for all environments, and a serving environment without the training side."""

import re
import subprocess
from pathlib import Path
from typing import Final

from tests.repository.rules.trees import read_text

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


def one_uv(root: Path) -> list[str]:
    """Places that install another uv than the one that is locked."""
    places = {
        "pyproject.toml": r'"uv==([\d.]+)"',
        "Makefile": r"^UV_VERSION := (\S+)$",
        "Dockerfile": r"^ARG UV_VERSION=(\S+)$",
    }
    found = {
        place: match[1] if (match := re.search(pattern, read_text(root, place), re.M)) else "none"
        for place, pattern in places.items()
    }
    is_one = "none" not in found.values() and len(set(found.values())) == 1
    return [] if is_one else [f"{place} installs uv {version}" for place, version in found.items()]


def _uv(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["uv", *arguments, "--offline"], cwd=root, capture_output=True, text=True, check=False
    )
