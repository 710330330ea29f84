"""From the machine that promoted to a clean one: the champion arrives proven, or not at all."""

import contextlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from contender.cli import main
from contender.ledger import looks_of, open_ledger
from contender.ledger.branch import FILE
from contender.paths import Paths
from tests import datasets
from tests.conftest import git
from tests.pipeline.projects import OUTPUTS
from tests.servers.entries import make_entry

IGNORED = "\n".join((".contender/", "bundles/", "mlartifacts/", "mlflow.db*", *OUTPUTS))
EASY = {
    "train__estimator": "linear",
    "gate__fairness__max_gap": 0.9,
    "gate__epsilon": 0.1,
}


@dataclass(frozen=True)
class Machine:
    """A clone with a registry of its own."""

    folder: Path

    def run(self, *arguments: str) -> int:
        """The exit code of `contender` with `arguments` here."""
        with contextlib.chdir(self.folder):
            return main(list(arguments))

    def decision(self) -> dict[str, object]:
        """What the gate wrote last."""
        text = Paths(work=self.folder).decision.read_text(encoding="utf-8")
        found: dict[str, object] = json.loads(text)
        return found

    def archive(self) -> Path:
        """The archive that was exported."""
        (found,) = (self.folder / "bundles").glob("bundle-*.tar.gz")
        return found


def make_machine(origin: Path, name: str, database: Path) -> Machine:
    """A fresh clone beside `origin`, with an empty registry."""
    git(origin.parent, "clone", "--quiet", str(origin), name)
    shutil.copyfile(database, origin.parent / name / "mlflow.db")
    return Machine(origin.parent / name)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Machine:
    """A machine that ran the pipeline, promoted its model and exported it."""
    folder = tmp_path_factory.mktemp("machines")
    paths = datasets.boxes(600).write(folder / "seed", **EASY)
    (paths.root / ".gitignore").write_text(IGNORED, encoding="utf-8")
    git(paths.root, "init", "--quiet", "--initial-branch=main")
    git(paths.root, "add", ".")
    git(paths.root, "commit", "--quiet", "--message=First")
    git(folder, "clone", "--quiet", "--bare", str(paths.root), "origin.git")
    home = make_machine(folder / "origin.git", "home", empty_database)
    datasets.run_stages(Paths(root=home.folder, work=home.folder))
    assert home.run("record") == 0
    assert home.run("promote") == 0
    assert home.run("champion", "export") == 0
    return home


@pytest.fixture
def away(home: Machine, tmp_path: Path, empty_database: Path) -> Machine:
    """A clean machine with an origin of its own that holds all that `home` pushed."""
    git(tmp_path, "clone", "--quiet", "--mirror", str(home.folder.parent / "origin.git"), "o.git")
    return make_machine(tmp_path / "o.git", "away", empty_database)


def rehearse(home: Machine, away: Machine) -> None:
    """Make on `away` what the stages made on `home`: they give the same bytes."""
    for part in OUTPUTS:
        if (home.folder / part).is_dir():
            shutil.copytree(home.folder / part, away.folder / part, dirs_exist_ok=True)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a web server that offers the files of `folder`."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_clean_machine_judges_against_the_champion(
    home: Machine, away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Restored over the web, twice: the same model is HOLD identical, and looks go on counting."""
    open_ledger(away.folder, local=False).write(
        lambda entries: [make_entry(9, holdout=entries[0].holdout, look=2)]
    )
    with serving(home.archive().parent) as address:
        assert away.run("restore", "--from", address) == 0
    assert away.run("restore", "--from", "nowhere-now") == 0
    assert "looks at holdouts counted: 2" in capsys.readouterr().err
    rehearse(home, away)
    assert away.run("record") == 0

    assert away.run("gate", "--final", "--enforce") == 10

    decision = away.decision()
    assert [check["code"] for check in decision["checks"]] == ["identical"]
    assert decision["holdout"]["look"] == 1
    entries = open_ledger(away.folder, local=False).read().entries
    assert [entry.verdict for entry in entries if entry.kind == "verdict"][-1] == "HOLD"
    assert {holdout: len(models) for holdout, models in looks_of(entries).items()} == {
        decision["holdout"]["digest"]: 2
    }


def test_the_next_challenger_takes_the_next_look(home: Machine, away: Machine) -> None:
    """A model that the clean machine trained is judged against the champion it was given."""
    assert away.run("restore", "--from", str(home.archive().parent)) == 0
    paths = Paths(root=away.folder, work=away.folder)
    datasets.change_params(paths, train__hyperparameters__linear__strength=0.001)
    datasets.run_stages(paths)
    assert away.run("record") == 0

    assert away.run("gate") == 0

    decision = away.decision()
    assert decision["opponent"] == "champion"
    assert decision["holdout"]["look"] == 2
    assert decision["digests"]["champion"] == home.decision()["digests"]["challenger"]


def test_the_same_champion_is_the_same_archive(
    home: Machine, away: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Imported by hand and exported again, byte for byte; twice is once."""
    archive = home.archive()
    for _ in range(2):
        assert away.run("champion", "import", str(archive)) == 0
    capsys.readouterr()

    for _ in range(2):
        assert away.run("champion", "export", "--to", str(tmp_path / "out")) == 0

    copy = Path(capsys.readouterr().out.split()[0])
    assert copy.name == archive.name
    assert copy.read_bytes() == archive.read_bytes()


def test_history_tells_who_serves(home: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, as JSON and as Markdown; and the head that proves it."""
    for arguments in (["history"], ["history", "--json"], ["history", "--markdown"]):
        assert home.run(*arguments) == 0
        assert home.decision()["digests"]["challenger"][:12] in capsys.readouterr().out
    assert home.run("ledger", "verify") == 0
    head = capsys.readouterr().out.strip()
    assert home.run("ledger", "verify", "--head", head) == 0
    assert home.run("ledger", "verify", "--head", f"{head[:-1]}{'0' if head[-1] != '0' else '1'}")
    assert "entry 2 of the ledger was changed" in capsys.readouterr().err


def test_without_a_promotion_restore_says_bootstrap(
    away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty ledger is no error; the exit code is 0."""
    assert away.run("restore", "--local", "--from", "anywhere") == 0

    assert "BOOTSTRAP: no promotion in the ledger yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (".", "is missing"),
        ("nowhere", "`nowhere` cannot be reached"),
        ("http://127.0.0.1:9/", "cannot be reached"),
        ("ftp://127.0.0.1/", "neither a folder nor an http"),
    ],
)
def test_a_place_without_the_archive_is_an_error(
    away: Machine, place: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never "no champion"."""
    assert away.run("restore", "--from", place) == 1

    assert expected in capsys.readouterr().err


def test_a_web_server_without_the_archive_is_an_error(
    away: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It answers 404, which is "missing" and not "unreachable"."""
    with serving(tmp_path) as address:
        assert away.run("restore", "--from", address) == 1

    assert "is missing (404)" in capsys.readouterr().err


def test_a_lost_ledger_restores_nothing(
    home: Machine, away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unreachable is not BOOTSTRAP."""
    git(away.folder, "remote", "set-url", "origin", "gone.git")

    assert away.run("restore", "--from", str(home.archive().parent)) == 1

    assert "not an empty one" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_one_flipped_byte_of_the_archive_is_refused(
    home: Machine, away: Machine, tmp_path: Path, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """At its start, in the middle, at its end; nothing is taken from it."""
    content = bytearray(home.archive().read_bytes())
    content[int(len(content) * share)] ^= 1
    (tmp_path / home.archive().name).write_bytes(content)

    assert away.run("restore", "--from", str(tmp_path)) == 1

    assert "is not the archive of a bundle that may be used" in capsys.readouterr().err
    assert not (away.folder / "bundles").exists()


def test_one_flipped_byte_of_the_ledger_is_refused(
    home: Machine, away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first entry changed: the second speaks against it."""
    git(away.folder, "switch", "--quiet", "ledger")
    path = away.folder / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"look":1', '"look":2', 1), encoding="utf-8")
    git(away.folder, "commit", "--quiet", "--all", "--message=Forge")
    git(away.folder, "push", "--quiet", "origin", "ledger")
    git(away.folder, "switch", "--quiet", "main")

    for arguments in (["ledger", "verify"], ["restore", "--from", str(home.archive().parent)]):
        assert away.run(*arguments) == 1
        assert "entry 1 of the ledger was changed" in capsys.readouterr().err


def test_an_archive_of_another_bundle_is_refused(
    home: Machine, away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the digest that was asked for; without any there is nothing to go by."""
    archive = str(home.archive())
    unnamed = shutil.copyfile(archive, away.folder.parent / "x.tar.gz")

    assert away.run("champion", "import", archive, "--digest", "0" * 64) == 1
    assert "not `000000000000`" in capsys.readouterr().err
    assert away.run("champion", "import", str(unnamed)) == 1
    assert away.run("champion", "import") == 1
    assert away.run("champion", "export") == 1
    assert "`none` is not in" in capsys.readouterr().err


def test_a_local_promotion_pushes_nothing(home: Machine, away: Machine) -> None:
    """It is written down in this clone, and the shared ledger does not know of it."""
    git(away.folder / "../o.git", "update-ref", "-d", "refs/heads/ledger")
    rehearse(home, away)
    assert away.run("record") == 0

    assert away.run("promote", "--local") == 0

    assert len(open_ledger(away.folder, local=True).read().entries) == 2
    assert not open_ledger(away.folder, local=False).read().entries
