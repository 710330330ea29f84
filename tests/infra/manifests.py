"""The manifests of a cluster as kustomize renders them, and those who know what may be in them."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
from ruamel.yaml import YAML

from tests.conftest import ROOT

KUBERNETES: Final = "1.37"
CHECKOV: Final = "checkov==3.3.30"
TYPES: Final = "@kubernetes-models/argo-rollouts"  # made from the Go types of Argo Rollouts
COMPILER: Final = "typescript@5.9.3"  # refuses what a type does not have
TYPED: Final = ("Rollout", "AnalysisTemplate")
OPTIONS: Final = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext")

Manifest = dict[str, Any]


def copy(folder: Path, overlay: str, **changes: Any) -> Path:
    """The overlay in a copy of all manifests below `folder`, its kustomization changed."""
    shutil.copytree(ROOT / "infra/kubernetes", folder, dirs_exist_ok=True)
    path = folder / "overlays" / overlay
    file, yaml = path / "kustomization.yaml", YAML(typ="safe")
    content = yaml.load(file) | changes
    file.write_text(json.dumps(content), encoding="utf-8")
    return path


def render(overlay: Path) -> list[Manifest]:
    """What kustomize makes of the overlay; it has nothing to warn of."""
    command = ["kubectl", "kustomize", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return list(YAML(typ="safe").load_all(done.stdout))


def find(manifests: Iterable[Manifest], kind: str, name: str = "") -> Manifest:
    """The only one of that kind, or of that kind and name."""
    (found,) = [
        item
        for item in manifests
        if item["kind"] == kind and name in ("", item["metadata"]["name"])
    ]
    return found


def judge_of(manifests: Iterable[Manifest]) -> Manifest:
    """The Job that Argo Rollouts makes of the AnalysisTemplate."""
    template = find(manifests, "AnalysisTemplate")
    (metric,) = template["spec"]["metrics"]
    job = metric["provider"]["job"]
    metadata = {**job["metadata"], "name": "judge", "namespace": template["metadata"]["namespace"]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job["spec"]}


def plain(manifests: Sequence[Manifest]) -> list[Manifest]:
    """What a cluster without Argo Rollouts knows too; the judge as the Job that it will be."""
    known = [item for item in manifests if item["kind"] not in TYPED]
    return known + ([judge_of(manifests)] if len(known) < len(manifests) else [])


def broken(manifests: Sequence[Manifest]) -> list[str]:
    """What the schemas of Kubernetes refuse, also fields that they do not know; or emptiness."""
    found = [] if manifests else ["there is no manifest"]
    for item in manifests:
        try:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{item['kind']}: {error.message}")
    return found


def find_types() -> Path:
    """The folder with the types of Argo Rollouts and their compiler, made once a user.

    Raises:
        RuntimeError: npm is not there, or cannot get them.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "contender-tests"
    folder = home / "argo-rollouts-2.0.0"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as draft:
            packages = (f"{TYPES}@2.0.0", COMPILER)
            quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", f"{draft}/new")
            _run("npm", "install", *quiet, *packages)
            Path(draft, "new").replace(folder)
    return folder


def mistyped(types: Path, manifests: Sequence[Manifest]) -> list[str]:
    """What the types of Argo Rollouts refuse; or that nothing is theirs."""
    typed = [item for item in manifests if item["kind"] in TYPED]
    if not typed:
        return ["there is nothing of Argo Rollouts"]
    lines = [
        f'export const m{number}: import("{TYPES}/argoproj.io/v1alpha1/{item["kind"]}").'
        f"I{item['kind']} = {json.dumps(item)};"
        for number, item in enumerate(typed)
    ]
    with tempfile.TemporaryDirectory(dir=types) as folder:
        file = Path(folder) / "manifests.mts"
        file.write_text("\n".join(lines), encoding="utf-8")
        command = [str(types / "node_modules/.bin/tsc"), *OPTIONS, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == ("error TS" in done.stdout), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "error TS" in line]


def find_checkov() -> list[str]:
    """The command that runs checkov, in an environment of its own.

    Raises:
        RuntimeError: it cannot be had.
    """
    command = ["uv", "tool", "run", "--quiet", "--from", CHECKOV]
    _run(*command, "python", "-c", "")
    return [*command, "checkov"]


def failing(checkov: Sequence[str], folder: Path) -> set[tuple[str, str]]:
    """File and check of everything that checkov finds wrong in `folder`; it finds much right."""
    options = ("--framework", "kubernetes", "--skip-download", "--compact", "--output", "json")
    command = [*checkov, "--directory", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    assert said["summary"]["parsing_errors"] == said["summary"]["skipped"] == 0
    assert said["summary"]["passed"] > 100
    return {
        (Path(check["file_path"]).stem, check["check_id"])
        for check in said["results"]["failed_checks"]
    }


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise RuntimeError(f"{command[0]}: {str(said).strip()[-500:]}") from error
