"""The image: what is in it, what it is called, and what it refuses to be built from."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from contender.bundle import Bundle
from tests.conftest import git
from tests.servers.engine import Engine
from tests.servers.images import SECRET, Built, build

pytestmark = pytest.mark.timeout(900)  # the first one sets an engine up
MAX_SIZE_MB = 300
OWN = ("srv/contender/", "srv/bundles/", "srv/params.yaml", "srv/logs")
TRAINING_SIDE = "dvc fairlearn joblib mlflow onnx pandas pyarrow scipy shap sklearn skops".split()
# Those of the environment, then those that the base brings along.
LIST_PACKAGES = """
import json, sys
from importlib import metadata
minor = f"python3.{sys.version_info[1]}"
base = [f"{sys.base_prefix}/lib/{name}" for name in (f"{minor}/site-packages", "python3/dist-packages")]
for places in sys.path, base:
    found = metadata.distributions(path=places)
    print(json.dumps([[item.name, item.version] for item in found]))
"""


@pytest.fixture(scope="module")
def files(engine: Engine, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of the image, as a tar."""
    path = tmp_path_factory.mktemp("files") / "image.tar"
    container = engine.ask("create", built.tag)
    engine.ask("export", "--output", str(path), container)
    engine.ask("rm", container)
    return path


def run(engine: Engine, built: Built, *command: str) -> str:
    """What `command` says in the image."""
    return engine.ask("run", "--rm", f"--entrypoint={command[0]}", built.tag, *command[1:])


def packages(engine: Engine, built: Built) -> list[set[tuple[str, str]]]:
    """Name and version of what Python finds in the image: in its environment, and in the base."""
    said = run(engine, built, "python", "-c", LIST_PACKAGES).splitlines()
    return [{tuple(item) for item in json.loads(line)} for line in said]


def test_the_image_tells_what_it_is(engine: Engine, built: Built) -> None:
    """Its tag and its label are the commit, another label is the bundle, and its user is nobody."""
    commit = git(built.repository, "rev-parse", "HEAD").strip()
    config = engine.inspect(built.tag)["Config"]
    labels = config["Labels"]

    assert built.tag == f"contender:{commit}"
    assert labels["org.opencontainers.image.revision"] == commit
    assert labels["org.opencontainers.image.title"] == "contender"
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    assert labels["contender.bundle.digest"] == built.bundle.digest
    assert f"BUNDLE_DIGEST={built.bundle.digest}" in config["Env"]
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert config["Entrypoint"][0] == "python"


def test_the_image_is_small(engine: Engine, built: Built) -> None:
    """At most 300 MB, unpacked."""
    assert engine.inspect(built.tag)["Size"] <= MAX_SIZE_MB * 1_000_000


def test_nothing_is_in_it_that_does_not_serve(files: Path, built: Built) -> None:
    """One bundle and the code that serves it: no data, test, secret, cache or training side."""
    with tarfile.open(files) as tar:
        members = tar.getmembers()
        own = [item for item in members if item.name.startswith("srv/") and item.isfile()]
        ours = {item.name for item in own if not item.name.startswith("srv/.venv/")}
        secrets = [
            item.name for item in own if SECRET.encode() in (tar.extractfile(item) or b"").read()
        ]
    names = {item.name for item in members}
    installed = {Path(name).name for name in names if Path(name).parent.name == "site-packages"}
    bundles = {name.split("/")[2] for name in ours if name.startswith("srv/bundles/")}

    assert {"contender", "bundles", "params.yaml"} == {name.split("/")[1] for name in ours}
    assert bundles == {"current"}
    assert {Path(name).suffix for name in ours if "/contender/" in name} == {".py", ".pyc"}
    assert "srv/contender/serving/server.py" in ours
    assert not [name for name in ours if "/tests/" in name or "/stages/" in name]
    assert not secrets
    assert "onnxruntime" in installed
    assert not installed & {*TRAINING_SIDE, "pytest"}
    assert not [name for name in names if re.search(r"(^|/)\.(env|git|cache)(/|$)|/uv/", name)]
    assert not [item.name for item in members if item.isfile() and item.mode & 0o6000]
    assert len([name for name in ours if name.startswith("srv/bundles/")]) == len(
        [*built.bundle.sums, "SHA256SUMS"]
    )


def test_its_files_cannot_be_changed_by_who_runs_it(files: Path) -> None:
    """Everything but the folder of the log belongs to root, and all may read it."""
    with tarfile.open(files) as tar:
        own = [item for item in tar if item.name.startswith("srv/")]

    assert {item.name.rstrip("/") for item in own if item.uid} == {"srv/logs"}
    assert not [item.name for item in own if not item.issym() and item.mode & 0o022]
    assert not [item.name for item in own if item.mode & 0o444 != 0o444]


def test_every_package_is_the_one_of_the_lock(engine: Engine, built: Built) -> None:
    """What Python finds in the image is what `uv.lock` names for the group `serving`."""
    command = ["uv", "export", "--only-group=serving", "--frozen", "--no-hashes", "--offline"]
    exported = subprocess.run(
        command, cwd=built.repository, check=True, capture_output=True, text=True
    ).stdout
    locked = set(re.findall(r"^([\w.-]+)==([\w.]+)", exported, re.MULTILINE))
    found = {(normal(name), version) for name, version in packages(engine, built)[0]}

    assert "onnxruntime" in {name for name, _ in found}
    assert found <= locked


def test_the_bill_names_every_package(engine: Engine, built: Built) -> None:
    """What Python and Debian themselves find in the image is in the SBOM, and nothing else."""
    bill = json.loads((built.repository / "reports/image.sbom.json").read_text(encoding="utf-8"))
    purls = [component["purl"] for component in bill["components"]]
    listed = {
        kind: {
            (item["name"], item["version"]) for item in bill["components"] if kind in item["purl"]
        }
        for kind in ("pkg:deb/", "pkg:pypi/")
    }
    debian = run(engine, built, "dpkg-query", "--show", "--showformat=${Package} ${Version}\n")
    own, base = packages(engine, built)

    assert bill["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": built.digest.removeprefix("sha256:")}
    ]
    assert listed["pkg:deb/"] == {tuple(line.split()) for line in debian.splitlines()}
    assert own
    assert listed["pkg:pypi/"] == {*own, *base}
    assert len(purls) == len(set(purls)) > 50


def test_the_same_again_is_the_same_image(engine: Engine, built: Built) -> None:
    """Built twice, by another bundle path: one digest, and the same list of packages."""
    bill = built.repository / "reports/image.sbom.json"
    before = bill.read_bytes()
    place = built.repository / "bundles" / built.bundle.digest
    done = build(built.repository, engine, "--bundle", str(place))

    assert done.stdout.splitlines()[:2] == [built.tag, built.digest]
    assert bill.read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "is_dirty"),
    [("params.yaml", True), ("src/contender/serving/new.py", True), ("README.md", False)],
)
def test_uncommitted_code_does_not_carry_the_tag_of_a_commit(
    engine: Engine, built: Built, changed: str, is_dirty: bool
) -> None:
    """Changed or untracked, if it is in the image; what cannot get in does not matter."""
    path = built.repository / changed
    before = path.read_bytes() if path.exists() else None
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n# a change\n")
    try:
        done = build(built.repository, engine, "--bundle", str(built.bundle.folder), "--name=Own")
        tag = done.stdout.splitlines()[0]
        labels = engine.inspect(tag)["Config"]["Labels"]
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)
    revision = built.tag.partition(":")[2] + "-dirty" * is_dirty

    assert tag == f"own:{revision}"
    assert labels["org.opencontainers.image.revision"] == revision


def test_no_image_without_a_bundle(engine: Engine, built: Built) -> None:
    """Neither by the command nor by Docker alone."""
    said = build(built.repository, engine)
    plain = engine.run("build", f"--build-arg=PYTHON={engine.base}", ".", cwd=built.repository)

    assert said.returncode == 1
    assert "SHA256SUMS` is missing" in said.stderr
    assert plain.returncode != 0
    assert "BUNDLE_DIGEST" in plain.stderr


def test_no_image_of_a_damaged_bundle(
    engine: Engine, built: Built, bundle: Bundle, tmp_path: Path
) -> None:
    """One byte of the model flipped: refused before anything is built."""
    folder = flip(bundle, tmp_path / "damaged")
    done = build(built.repository, engine, "--bundle", str(folder))

    assert done.returncode == 1
    assert "`model.onnx` is not the file that SHA256SUMS names" in done.stderr


def test_no_image_by_an_impossible_name(engine: Engine, built: Built) -> None:
    """What Docker refuses is an error, and no image."""
    done = build(built.repository, engine, "--bundle", str(built.bundle.folder), "--name=a b")

    assert done.returncode == 1
    assert "error: `docker build` failed" in done.stderr


def test_no_image_without_a_commit(engine: Engine, clone: Path, bundle: Bundle) -> None:
    """A folder that is no repository cannot tell which code is in it."""
    shutil.rmtree(clone / ".git")
    done = build(clone, engine, "--bundle", str(bundle.folder), GIT_CEILING_DIRECTORIES="/")

    assert done.returncode == 1
    assert "has no commit" in done.stderr


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PATH": os.devnull}, "`docker` cannot be run"),
        ({"DOCKER_HOST": "unix:///nowhere/docker.sock"}, "`docker version` failed"),
    ],
)
def test_no_docker_is_told(
    clone: Path, bundle: Bundle, environment: dict[str, str], expected: str
) -> None:
    """Not installed or not running: one sentence and what to do, and nothing is left behind."""
    done = build(clone, Engine("none"), "--bundle", str(bundle.folder), **environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {expected}" in done.stderr
    assert "hint: " in done.stderr
    assert not (clone / "bundles").exists()


def flip(bundle: Bundle, folder: Path) -> Path:
    """A copy of `bundle` in `folder`, one byte of its model changed."""
    shutil.copytree(bundle.folder, folder)
    model = folder / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.chmod(0o644)
    model.write_bytes(content)
    return folder


def normal(name: str) -> str:
    """The one spelling of the name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()
