"""One image: the code of one commit around one bundle, named by both."""

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender import files
from contender.bundle import Bundle, open_bundle
from contender.deploy import engine
from contender.deploy.sbom import write_bill
from contender.errors import ImageError
from contender.paths import Paths

# What the Dockerfile copies, and what decides how: the rest of the tree cannot change an image.
CONTENT: Final = (
    "Dockerfile",
    ".dockerignore",
    "pyproject.toml",
    "uv.lock",
    "params.yaml",
    "src/contender",
)
BRANCH: Final = re.compile(r"^# branch\.oid ([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """A built image: its name with its tag, the digest of its configuration, its size."""

    tag: str
    digest: str
    size_bytes: int


def build_image(paths: Paths, bundle: Bundle, *, name: str, base: str | None = None) -> Image:
    """The image of `bundle` and the code of this commit, tagged `name:<commit>`.

    When the code is not that of the commit, the tag ends in `-dirty`. The packages in the image
    are listed in reports/image.sbom.json. `base` takes the place of the base in the Dockerfile.

    Raises:
        ImageError: no commit, no engine, or the build fails.
        IntegrityError: the bundle was changed while it was copied.
    """
    engine.ask("version", "--format", "{{.Server.Version}}")
    bundle = _bring(bundle, paths.bundles)
    revision = find_revision(paths.root)
    tag = f"{name.lower()}:{revision}"
    told = {
        "GIT_SHA": revision,
        "BUNDLE_DIGEST": bundle.digest,
        "VERSION": _version(paths.root),
        "SOURCE": _source(),
    }
    if base:
        told["PYTHON"] = base
    options = [item for key, value in told.items() for item in ("--build-arg", f"{key}={value}")]
    engine.build("--tag", tag, *options, str(paths.root))
    digest, size = engine.ask("image", "inspect", "--format", "{{.Id}} {{.Size}}", tag).split()
    image = Image(tag, digest, int(size))
    _list_packages(image, paths.sbom)
    return image


def find_revision(root: Path) -> str:
    """The commit in `root`, with `-dirty` at its end when CONTENT is not what was committed.

    Raises:
        ImageError: there is no commit.
    """
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--"]
    process = subprocess.run([*command, *CONTENT], cwd=root, capture_output=True, check=False)
    said = process.stdout.decode(errors="replace")
    if process.returncode or not (commit := BRANCH.search(said)):
        raise ImageError(
            f"`{root.resolve()}` has no commit; expected one to name the image after.",
            hint="`git init`, `git add`, `git commit`: an image must tell which code is in it",
        )
    changed = [line for line in said.splitlines() if not line.startswith("#")]
    return f"{commit[1]}-dirty" if changed else commit[1]


def _bring(bundle: Bundle, folder: Path) -> Bundle:
    """The same bundle below `folder`, where the Dockerfile looks for it."""
    place = folder / bundle.digest
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with files.replacing_folder(place) as draft:
            shutil.copytree(bundle.folder, draft, dirs_exist_ok=True)
    return open_bundle(place, digest=bundle.digest)


def _version(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _source() -> str:
    """Where the code is, when GitHub builds it; the address that git knows may hold a password."""
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
    return ""


def _list_packages(image: Image, path: Path) -> None:
    about = {
        "type": "container",
        "name": image.tag,
        "hashes": [{"alg": "SHA-256", "content": image.digest.removeprefix("sha256:")}],
    }
    with engine.exporting(image.tag) as archive:
        files.write_json(path, write_bill(archive, image=about))
