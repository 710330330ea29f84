"""What a clone and its environment say: no network, except to what the user has set up."""

import platform
import tomllib
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from contender import reproduction
from contender.checkup.findings import Finding, State
from contender.errors import ContenderError
from contender.ledger import open_ledger
from contender.ledger.branch import BRANCH, REMOTE
from contender.ledger.git import NOT_FOUND, Repository
from contender.params import read_yaml
from contender.paths import Paths

TEMPLATE: Final = "template"
SHOWN: Final = 3
MOVE: Final = "make remote URL=s3://bucket/path"
BADLY: Final = (ContenderError, OSError, ValueError, LookupError)  # what a broken file ends in
Seen = tuple[State, str, str]


def find_local(
    paths: Paths, reach_registry: Callable[[], str], environment: Mapping[str, str]
) -> list[Finding]:
    """Every finding in the clone at `paths`; `reach_registry` says where it is, or raises."""
    repository = Repository(paths.root)
    return [
        _look("Python", lambda: _python(paths.root)),
        _look("environment", lambda: _environment(paths.root)),
        _look("result", lambda: _result(paths)),
        _look("data", lambda: _data(paths.root)),
        _look("registry", lambda: _registry(reach_registry, environment)),
        _look("commit", lambda: _commit(repository)),
        _look("ledger", lambda: _ledger(repository, paths.root)),
    ]


def find_template(root: Path, source: str) -> Finding:
    """Whether updates of the template can be fetched; `source` is its address, if known."""
    address = Repository(root).setting(f"remote.{TEMPLATE}.url")
    if address:
        return Finding("template updates", State.OK, f"`git fetch {TEMPLATE}` brings them")
    command = f"git remote add {TEMPLATE} {source or 'ADDRESS-OF-THE-TEMPLATE'}"
    return Finding("template updates", State.OFF, f"no remote `{TEMPLATE}`", command)


def _look(name: str, look: Callable[[], Seen]) -> Finding:
    """What `look` sees; what it stumbles over is broken."""
    try:
        return Finding(name, *look())
    except BADLY as error:
        told = str(error.args[0] if isinstance(error, ContenderError) else repr(error))
        hint = error.hint.splitlines()[0] if isinstance(error, ContenderError) else "git status"
        return Finding(name, State.BROKEN, " ".join(told.split()), hint)


def _python(root: Path) -> Seen:
    from packaging.specifiers import SpecifierSet

    wanted, found = _project(root)["requires-python"], platform.python_version()
    if SpecifierSet(wanted).contains(found):
        return State.OK, f"{found}; expected {wanted}", ""
    return State.BROKEN, f"{found}; expected {wanted}", "make setup PYTHON=python3.12"


def _environment(root: Path) -> Seen:
    """Whether what the pipeline needs is installed, in a version that uv.lock names."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    locked: dict[str, set[str]] = {}
    for package in tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))["package"]:
        locked.setdefault(package["name"], set()).add(package.get("version", ""))
    needed = [canonicalize_name(Requirement(it).name) for it in _project(root)["dependencies"]]
    found = {name: _version(name) for name in needed}
    other = [f"{name} {found[name]}" for name in needed if found[name] not in locked.get(name, ())]
    if other:
        return State.BROKEN, f"not as uv.lock says: {', '.join(other[:SHOWN])}", "make setup"
    return State.OK, f"{len(needed)} packages as uv.lock says", ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _project(root: Path) -> Any:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _result(paths: Paths) -> Seen:
    """Whether dvc.lock is about this tree."""
    lock = reproduction.parse_lock(paths.pins.read_text(encoding="utf-8"))
    pipeline, params = read_yaml(paths.pipeline), read_yaml(paths.params)
    if stale := reproduction.find_stale(lock, pipeline, params, paths.root):
        seen = f"dvc.lock is not about this tree: {'; '.join(stale[:SHOWN])}"
        return State.BROKEN, seen, "dvc repro && git add dvc.lock reports"
    return State.OK, "dvc.lock is about this tree; `contender reproduce` proves it", ""


def _data(root: Path) -> Seen:
    """Where DVC keeps the data."""
    from configobj import ConfigObj

    config = ConfigObj()
    for path in (root / ".dvc/config", root / ".dvc/config.local"):
        if path.is_file():
            config.merge(ConfigObj(path.read_text(encoding="utf-8").splitlines()))
    remote = config.get("core", {}).get("remote")
    url = config.get(f'remote "{remote}"', {}).get("url")
    if not url:
        return State.BROKEN, "DVC has no default remote", MOVE
    if "://" in url:
        return State.OK, f"in {url}; `make data` proves that it can be had", ""
    if (root / ".dvc" / url).resolve().is_relative_to(root.resolve()):
        return State.OK, "in git, which suits tens of megabytes", MOVE
    return State.OK, f"in the folder {url}", ""


def _registry(reach: Callable[[], str], environment: Mapping[str, str]) -> Seen:
    command = "export MLFLOW_TRACKING_URI=https://..."
    if environment.get("MLFLOW_TRACKING_URI"):
        return State.OK, f"MLflow answers at {reach()}", ""
    return State.OFF, "SQLite on each machine; Releases carry the champion between them", command


def _commit(repository: Repository) -> Seen:
    """Whether somebody else could have this commit."""
    said = repository.ask("rev-list", "--count", "HEAD", "--not", "--remotes")
    if said.code != 0:
        return State.BROKEN, said.reason, "git init"
    if not repository.tell("remote"):
        return State.OFF, "no remote: it is here alone", "gh repo create --source . --push"
    if count := int(said.out):
        return State.OFF, f"not pushed, commits: {count}", "git push"
    changed = repository.tell("status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        return State.OFF, f"pushed; files changed since: {len(changed)}", "git commit"
    return State.OK, "pushed, as far as this clone has seen the remote", ""


def _ledger(repository: Repository, root: Path) -> Seen:
    """Whether the ledger is there and unbroken; one that cannot be reached is UNKNOWN."""
    is_shared = bool(repository.setting(f"remote.{REMOTE}.url"))
    if is_shared:
        said = repository.ask("ls-remote", "--exit-code", REMOTE, BRANCH)
        if said.code not in (0, NOT_FOUND):
            return State.UNKNOWN, said.reason, "contender ledger verify"
    ledger = open_ledger(root, local=not is_shared)
    entries = ledger.read().entries
    if not entries:
        return State.OFF, f"{ledger.place}: nothing was decided yet", "contender promote"
    return State.OK, f"{ledger.place}: {len(entries)} entries, unbroken", ""
