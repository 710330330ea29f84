"""The commit at work: read from real repositories."""

import subprocess
from pathlib import Path

import pytest

from contender.errors import IntegrityError, ParameterError
from contender.revision import Revision, find_revision

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    """What git answers in `folder`."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@contender.invalid"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of one file."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "file.txt").write_text("one\n")
    git(tmp_path, "add", "file.txt")
    git(tmp_path, "commit", "--quiet", "--message=First")
    return tmp_path


def test_a_clean_work_tree_is_its_commit(repository: Path) -> None:
    """The hash that git itself tells, from the root and from a folder below it."""
    (repository / "below").mkdir()
    expected = Revision(git(repository, "rev-parse", "HEAD"), dirty=False)

    assert find_revision(repository, {}) == expected
    assert find_revision(repository / "below", {}) == expected


def test_a_changed_file_makes_it_dirty(repository: Path) -> None:
    """Whether the change is staged or not."""
    (repository / "file.txt").write_text("another\n")
    changed = find_revision(repository, {})
    git(repository, "add", "file.txt")
    staged = find_revision(repository, {})

    assert changed == staged == Revision(git(repository, "rev-parse", "HEAD"), dirty=True)


def test_a_removed_file_makes_it_dirty(repository: Path) -> None:
    """A commit that needs the file is not what is at work."""
    (repository / "file.txt").unlink()

    revision = find_revision(repository, {})

    assert revision and revision.dirty


def test_an_untracked_file_does_not(repository: Path) -> None:
    """As `git describe --dirty` has it: outputs of stages are untracked too."""
    (repository / "new.txt").write_text("new\n")

    revision = find_revision(repository, {})

    assert revision and not revision.dirty


def test_a_detached_head_and_a_linked_work_tree_are_read(repository: Path, tmp_path: Path) -> None:
    """What a checkout action makes, and what `git worktree` makes."""
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "--detach")
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "--quiet", "--detach", str(linked))

    assert find_revision(repository, {}) == Revision(head, dirty=False)
    assert find_revision(linked, {}) == Revision(head, dirty=False)


def test_outside_a_repository_there_is_none(tmp_path: Path) -> None:
    """A plain folder, as in an image or an archive."""
    assert find_revision(tmp_path, {}) is None


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    """A repository that was just made."""
    git(tmp_path, "init", "--quiet")

    assert find_revision(tmp_path, {}) is None


def test_the_environment_is_believed_first(repository: Path, tmp_path: Path) -> None:
    """In a repository and outside of one; an empty variable says nothing."""
    assert find_revision(repository, {"GIT_SHA": COMMIT}) == Revision(COMMIT, dirty=False)
    assert find_revision(tmp_path / "none", {"GIT_SHA": COMMIT}) == Revision(COMMIT, dirty=False)
    assert find_revision(repository, {"GIT_SHA": " "}) == find_revision(repository, {})


@pytest.mark.parametrize("garbage", ["main", "abc", "0" * 65, "refs/heads/main", "$(id)"])
def test_what_is_no_commit_is_refused(tmp_path: Path, garbage: str) -> None:
    """A branch name does not say what was at work."""
    with pytest.raises(ParameterError, match="expected a commit hash"):
        find_revision(tmp_path, {"GIT_SHA": garbage})


@pytest.mark.parametrize("damaged", ["objects", "index"])
def test_a_damaged_repository_is_an_error(repository: Path, damaged: str) -> None:
    """It is not the same as none: there is a commit, and nobody can say which state is at work."""
    if damaged == "index":
        (repository / ".git/index").write_bytes(b"garbage")
    else:
        for path in (repository / ".git/objects").glob("??/*"):
            path.chmod(0o644)
            path.write_bytes(b"garbage")

    with pytest.raises(IntegrityError, match="cannot be read"):
        find_revision(repository, {})
