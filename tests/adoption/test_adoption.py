"""The whole way: a clone, somebody's file, one command, a verdict, and the way back."""

import shutil
import sys
from pathlib import Path

import pytest

from contender.commands.adoption import write_files
from contender.errors import ContenderError
from contender.paths import Paths
from tests.adoption.plans import plan_for, visits
from tests.adoption.project import adopt, changed_files
from tests.adoption.sets import BROUGHT
from tests.conftest import git
from tests.pipeline.projects import Said, contender, run
from tests.serving.forms import LONG_S

PATIENTS = BROUGHT["patients"]
pytestmark = pytest.mark.timeout(900)  # the pipeline runs once, in processes of its own


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of 442 patients: semicolons, decimal commas, Latin-1."""
    return PATIENTS.write(tmp_path_factory.mktemp("delivered") / "Diabète 2026.csv")


@pytest.fixture(scope="module")
def told(
    snapshot: Path, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Said]:
    """A clone that has adopted the patients, and what the command said; not committed."""
    folder = tmp_path_factory.mktemp("adopted") / "project"
    git(snapshot, "clone", "--quiet", str(snapshot), str(folder))
    return folder, adopt(folder, source, PATIENTS.target)


@pytest.fixture
def adopted(told: tuple[Path, Said], tmp_path: Path) -> Path:
    """A copy of the project that has adopted the patients, committed."""
    folder = tmp_path / "fork"
    shutil.copytree(told[0], folder, ignore=shutil.ignore_patterns("static", "mlartifacts"))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Adopt the patients")
    return folder


def test_one_command_leads_to_a_verdict(told: tuple[Path, Said]) -> None:
    """With what was assumed, where the data is kept, and how to go back."""
    folder, said = told

    assert said.code == 0, said.err
    assert said.out.startswith("━━ ")
    assert "age, sex: sensitive" in said.out
    assert "[`--task`]" in said.out
    assert "tracked by `data/raw/diabete_2026.csv.dvc`, kept in `data/store`" in said.out
    assert "undo      git checkout . && git clean -fd data reports" in said.out
    assert (folder / "reports/report.html").is_file()


def test_nothing_but_the_projects_own_files_changes(told: tuple[Path, Said]) -> None:
    """Data, its pointer, parameters, the lock, and the small results beside it."""
    changed = changed_files(told[0])

    assert {"params.yaml", "dvc.lock", "data/schema.yaml", "data/README.md"} <= set(changed)
    assert "data/raw/diabete_2026.csv.dvc" in changed


def test_what_it_wrote_is_consistent(told: tuple[Path, Said]) -> None:
    """The stages are up to date, and suite and dictionary follow from the schema."""
    folder = told[0]

    checked = contender(Paths(folder, folder), "expectations", "--check", source=folder / "src")
    again = run(folder, sys.executable, "-m", "dvc", "status", source=folder / "src")

    assert checked.code == 0, checked.err
    assert "up to date" in again.out


def test_others_can_fetch_the_data(adopted: Path, source: Path, tmp_path: Path) -> None:
    """A clone of the fork has the file in its store, as it was delivered."""
    folder = tmp_path / "colleague"
    git(tmp_path, "clone", "--quiet", str(adopted), str(folder))

    said = contender(Paths(folder, folder), "pull", source=folder / "src")

    assert said.code == 0, said.err
    assert (folder / "data/raw/diabete_2026.csv").read_bytes() == source.read_bytes()


def test_adopting_it_again_changes_nothing(told: tuple[Path, Said], source: Path) -> None:
    """The plan for the same file is what is there."""
    paths = Paths(told[0], told[0])
    planned = plan_for(source, paths, target=PATIENTS.target)

    assert planned.plan.replaced is None
    for path, text in planned.plan.texts.items():
        assert path.read_text(encoding="utf-8") == text


def test_git_goes_back(told: tuple[Path, Said], tmp_path: Path) -> None:
    """The two commands that were printed leave the clone as it was."""
    folder = tmp_path / "back"
    shutil.copytree(told[0], folder, ignore=shutil.ignore_patterns("static", "mlartifacts"))

    run(folder, "bash", "-c", "git checkout . && git clean -fd data reports")

    assert git(folder, "status", "--porcelain") == ""


def test_a_dry_run_shows_the_difference(clone: Path, source: Path) -> None:
    """As git would, and touches nothing."""
    said = adopt(clone, source, PATIENTS.target, "--dry-run")

    assert said.code == 0, said.err
    assert "\n+task: regression\n" in said.out
    assert '\n+  delimiter: ";"\n' in said.out
    assert git(clone, "status", "--porcelain") == ""
    assert not list((clone / "data/raw").glob("diabete*"))


def test_an_adoption_that_fails_leaves_everything(clone: Path, source: Path) -> None:
    """The store is a file, so the data cannot be kept: nothing else was written either."""
    shutil.rmtree(clone / "data/store")
    (clone / "data/store").write_text("no folder")
    before = git(clone, "status", "--porcelain")
    paths = Paths(clone, clone)
    plan = plan_for(source, paths, target=PATIENTS.target).plan

    with pytest.raises(ContenderError):
        write_files(plan, paths)

    assert git(clone, "status", "--porcelain") == before


def test_a_large_file_stays_out_of_git(clone: Path, tmp_path: Path) -> None:
    """More than 20 MB are tracked, not stored, and the command for a real remote is given."""
    source = tmp_path / "large.csv"
    visits(70_000, note="x" * 300).to_csv(source, index=False)
    paths = Paths(clone, clone)

    said = write_files(plan_for(source, paths).plan, paths)

    assert "make remote URL=s3://bucket/path" in said
    assert (clone / "data/raw/large.csv.dvc").is_file()
    assert "data/store" not in git(clone, "status", "--porcelain")


def test_the_data_of_another_file_is_not_overwritten(adopted: Path, tmp_path: Path) -> None:
    """A file of the same name and other content gets a name of its own."""
    other = PATIENTS.write(tmp_path / "Diabète 2026.csv")
    other.write_bytes(other.read_bytes().replace(b"weiblich", b"divers"))

    plan = plan_for(other, Paths(adopted, adopted), target=PATIENTS.target).plan

    assert plan.place.name.startswith("diabete_2026_")
    assert plan.replaced == adopted / "data/raw/diabete_2026.csv.dvc"


@pytest.mark.soak
@pytest.mark.timeout(LONG_S)
@pytest.mark.parametrize("part", ["repository", "data", "model", "problem", "stages", "reporting"])
def test_the_suite_passes_in_a_fork(part: str, adopted: Path) -> None:
    """No test needs an edit; those of the sample's figures are skipped."""
    said = run(
        adopted, sys.executable, "-m", "pytest", "-q", f"tests/{part}", source=adopted / "src"
    )

    assert said.code in (0, 5), said.out[-3000:]
