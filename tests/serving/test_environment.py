"""The environment of the service: small, without the training side, and without a pickle loader."""

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from contender.bundle import Bundle
from tests.serving.records import BOX, BOXES, as_tensors
from tests.servers.serving import ROOT, running_service

TRAINING_SIDE = {
    "cloudpickle",
    "dill",
    "dvc",
    "fairlearn",
    "great_expectations",
    "joblib",
    "matplotlib",
    "mlflow",
    "onnx",
    "pandas",
    "pyarrow",
    "scipy",
    "shap",
    "skl2onnx",
    "sklearn",
    "skops",
}
LOADERS = TRAINING_SIDE | {"pickle", "_pickle", "shelve", "marshal", "dbm"}

# Loaded by Python before anything else: whoever unpickles or runs code from data, fails.
NO_PICKLE = """
import _pickle, pickle

def refuse(*arguments, **options):
    raise RuntimeError("something was unpickled")

for module in (pickle, _pickle):
    module.load = module.loads = module.Unpickler = refuse
pickle._load = pickle._loads = pickle._Unpickler = refuse
"""
LIST_MODULES = """
import json, sys
import contender.serving.server
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a new environment that has the group `serving` of the lock, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    uv = shutil.which("uv")
    assert uv
    subprocess.run(
        [uv, "sync", "--only-group=serving", "--no-install-project", "--frozen", "--offline"],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder)},
        check=True,
        capture_output=True,
    )
    return str(folder / "bin/python")


def read_modules(python: str) -> set[str]:
    """The top-level modules that are imported in a service."""
    outcome = subprocess.run(
        [python, "-c", LIST_MODULES],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.split(".")[0] for name in json.loads(outcome.stdout)}


def test_the_serving_group_serves_alone(python: str, boxes: Bundle, tmp_path: Path) -> None:
    """In its own environment, with unpickling forbidden, it loads and answers every protocol."""
    (tmp_path / "sitecustomize.py").write_text(NO_PICKLE)
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'src'}"}
    with (
        running_service(boxes.folder, tmp_path, python=python, environment=path) as service,
        service.client() as client,
    ):
        answers = {
            "/predict": client.post("/predict", json={"records": BOXES}),
            "/invocations": client.post("/invocations", json={"instances": BOXES}),
            "infer": client.post("/v2/models/boxes/infer", json={"inputs": as_tensors(BOXES)}),
            "/explain": client.post("/explain", json={"record": BOX}),
            "/openapi.json": client.get("/openapi.json"),
            "/metrics": client.get("/metrics"),
            "/docs": client.get("/docs"),
        }

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )


def test_a_service_imports_nothing_of_the_training_side(python: str) -> None:
    """Neither what would be large, nor what would run code that a file brings along."""
    modules = read_modules(python)

    assert {"onnxruntime", "fastapi", "msgspec"} < modules
    assert not modules & TRAINING_SIDE


def test_no_module_of_the_service_imports_a_loader() -> None:
    """From the server down, none of our own modules names pickle or anything built on it."""
    seen: set[str] = set()
    waiting = ["contender.serving.server"]
    imported: set[str] = set()
    while waiting:
        name = waiting.pop()
        path = ROOT / "src" / name.replace(".", "/")
        source = (
            path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        )
        if name in seen or not source.exists():
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        waiting += [item for item in imported if item.startswith("contender.")]

    assert {"contender.bundle.folder", "contender.inference", "contender.files"} < seen
    assert not {item.split(".")[0] for item in imported} & LOADERS
