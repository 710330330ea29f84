"""A fork that has its own data merges what is new in the template, by `make update`."""

import shutil
from pathlib import Path

import pytest

from tests.adoption.plans import visits
from tests.conftest import git
from tests.pipeline.projects import Said, run

OWN = ("data", "dvc.lock", "reports", "params.yaml")


@pytest.fixture
def template(snapshot: Path, tmp_path: Path) -> Path:
    """The template as it was when the fork was made; to be advanced."""
    git(tmp_path, "clone", "--quiet", str(snapshot), str(tmp_path / "template"))
    return tmp_path / "template"


@pytest.fixture(params=["a fork", "made by `Use this template`"])
def fork(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    """A project that has adopted its own table, with or without the history of the template."""
    folder = tmp_path / "fork"
    git(tmp_path, "clone", "--quiet", str(template), str(folder))
    if request.param != "a fork":
        shutil.rmtree(folder / ".git")
        git(folder, "init", "--quiet", "--initial-branch=main")
        commit(folder, "Initial commit")
    (folder / "data/schema.yaml").write_text("dataset: visits\n")
    (folder / "data/raw/visits.csv.dvc").write_text("outs: []\n")
    for path in (folder / "data/raw").glob("*.dvc"):
        if path.name != "visits.csv.dvc":
            path.unlink()
    for path in (folder / "reports/curves").iterdir():
        path.unlink()
    (folder / "dvc.lock").write_text("schema: '2.0'\n")
    (folder / "README.md").write_text("# Visits\n" + (folder / "README.md").read_text())
    commit(folder, "Adopt visits")
    return folder


def advance(template: Path) -> None:
    """Change machinery, docs and tests, and what the sample's stages then write anew."""
    for name in ("src/contender/stages/train.py", "docs/guides/data.md", "tests/test_files.py"):
        with (template / name).open("a", encoding="utf-8") as stream:
            stream.write("\n# newer\n")
    (template / "src/contender/newer.py").write_text('"""Something new."""\n')
    (template / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    for folder in ("data/raw", "reports/curves"):
        for path in (template / folder).iterdir():
            if path.suffix in (".dvc", ".csv") and git(template, "ls-files", str(path)):
                path.write_text("newer\n")
    (template / "data/schema.yaml").write_text("dataset: newer\n")
    (template / "data/sample.md").write_text("About the sample\n")
    commit(template, "Advance the template")


def commit(folder: Path, message: str) -> None:
    """Commit everything in `folder`."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", f"--message={message}")


def update(fork: Path, template: Path) -> Said:
    """What `make update` says in `fork`."""
    return run(fork, "make", "update", f"TEMPLATE={template}", "BRANCH=main")


def own(folder: Path) -> str:
    """The names and digests of what belongs to the project alone."""
    return git(folder, "ls-tree", "-r", "HEAD", "--", *OWN)


def test_a_newer_template_is_merged_without_a_conflict(fork: Path, template: Path) -> None:
    """Machinery, docs and tests are the newer ones; data, lock and results are as they were."""
    before = own(fork)
    advance(template)

    said = update(fork, template)

    assert said.code == 0, said.err
    assert own(fork) == before
    assert git(fork, "status", "--porcelain") == ""
    assert (fork / "src/contender/newer.py").is_file()
    for name in ("src/contender/stages/train.py", "docs/guides/data.md", "tests/test_files.py"):
        assert (fork / name).read_text() == (template / name).read_text()
    assert (fork / "README.md").read_text().startswith("# Visits\n")


def test_it_can_be_done_again(fork: Path, template: Path) -> None:
    """With nothing new, and with something new once more."""
    advance(template)
    assert update(fork, template).code == 0
    head = git(fork, "rev-parse", "HEAD")

    said = update(fork, template)

    assert said.code == 0, said.err
    assert git(fork, "rev-parse", "HEAD") == head
    (template / "docs/guides/data.md").write_text("newer still\n")
    commit(template, "Advance it again")
    assert update(fork, template).code == 0
    assert (fork / "docs/guides/data.md").read_text() == "newer still\n"


def test_what_both_changed_is_left_to_people(fork: Path, template: Path) -> None:
    """The file is named, the merge waits, and the project's own files are as they were."""
    (fork / "docs/guides/data.md").write_text("ours\n")
    commit(fork, "Write our own page")
    before = own(fork)
    advance(template)

    said = update(fork, template)

    assert said.code != 0
    assert git(fork, "diff", "--name-only", "--diff-filter=U") == "docs/guides/data.md\n"
    assert own(fork) == before


def test_work_that_is_not_committed_is_not_lost(fork: Path, template: Path) -> None:
    """The command refuses before it fetches anything."""
    advance(template)
    visits(50).to_csv(fork / "data/schema.yaml")
    before = git(fork, "rev-parse", "HEAD")

    said = update(fork, template)

    assert said.code != 0
    assert "not committed" in said.err
    assert git(fork, "rev-parse", "HEAD") == before
    assert "amount" in (fork / "data/schema.yaml").read_text()


def test_a_stranger_is_not_merged(fork: Path, tmp_path: Path) -> None:
    """Neither a repository that the project was not made from, nor no address at all."""
    stranger = tmp_path / "stranger"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(stranger))
    (stranger / "README.md").write_text("something else\n")
    commit(stranger, "Something else")

    assert "was not made from that template" in update(fork, stranger).err
    assert "TEMPLATE is not set" in run(fork, "make", "update").err
    assert git(fork, "status", "--porcelain") == ""
