"""A base image like the official one, from Debian's packages, where no registry can be reached."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

SUITE: Final = "trixie"  # its Python is the minor version that the Dockerfile asks for
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"  # of the host: it may know one more
OPTIONS: Final = (
    "--variant=minbase",
    "--components=main",
    "--include=python3,python3-venv,python3-pip,ca-certificates",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")),
    '--customize-hook=rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
    '--customize-hook=ln -s ../../bin/python3 "$1"/usr/local/bin/python',
    f"--customize-hook=upload {CERTIFICATES} {CERTIFICATES}",
)


def find_base(cache: Path | None = None) -> Path:
    """The files of the base as a tar, made once a user: it takes half a minute."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = (cache or home / "contender-tests") / f"python-{SUITE}.tar"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            draft = Path(folder) / "base.tar"
            run("mmdebstrap", *OPTIONS, SUITE, str(draft), _mirror())
            draft.replace(path)
    return path


def install(*packages: str) -> None:
    """Let the programs of Debian's `packages` be there."""
    command = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages)
    try:
        run(*command)
    except RuntimeError:
        run("apt-get", "update", "--quiet")
        run(*command)


def can_install() -> bool:
    """True for the superuser of a Debian system."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def run(*command: str) -> str:
    """What `command` says.

    Raises:
        RuntimeError: it failed; its last words say why.
    """
    process = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"{command[0]}: {process.stderr.strip()[-500:]}")
    return process.stdout.strip()


def _mirror() -> str:
    """Where this machine's own packages come from."""
    found = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    return found.splitlines()[0]
