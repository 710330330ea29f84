"""The branch that keeps the ledger, with real repositories: shared, raced for, damaged, killed."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contender.errors import LedgerError
from contender.ledger import Ledger, open_ledger, verify
from contender.ledger.branch import BRANCH, FILE, SEEN
from tests.conftest import git
from tests.servers.entries import clone_of, make_entry, make_origin, make_text, shared

WRITE = """
import sys
from pathlib import Path
from tests.servers.entries import make_entry, shared
shared(Path(sys.argv[1])).write(lambda entries: [make_entry(int(sys.argv[2]))])
"""


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository that clones share."""
    return make_origin(tmp_path)


@pytest.fixture
def clone(origin: Path) -> Path:
    """A clone of it."""
    return clone_of(origin, "clone")


def add(ledger: Ledger, *models: int) -> None:
    """Write a verdict on each of these models."""
    ledger.write(lambda entries: [make_entry(model) for model in models])


def models(ledger: Ledger) -> list[int]:
    """The models that the ledger speaks of."""
    return [int(entry.model, 16) for entry in ledger.read().entries]


def replace_text(origin: Path, text: str) -> None:
    """Put another ledger on the branch, as a commit after the last."""
    other = clone_of(origin, "other", "--branch", "ledger")
    (other / FILE).write_text(text, encoding="utf-8")
    git(other, "commit", "--quiet", "--all", "--message=Other")
    git(other, "push", "--quiet", "origin", "ledger")


def test_clones_share_one_ledger(origin: Path, clone: Path) -> None:
    """What one writes another reads, and writes on."""
    second = clone_of(origin, "second")
    assert models(shared(clone)) == []

    add(shared(clone), 1)
    add(shared(second), 2, 3)

    assert models(shared(clone)) == [1, 2, 3]
    assert "verdict" in git(origin, "show", "ledger:README.md")


def test_work_tree_and_index_are_left_alone(clone: Path) -> None:
    """Staged, changed and new files stay as they are, on whatever commit."""
    (clone / "params.yaml").write_text("seed: 8\n", encoding="utf-8")
    (clone / "new").touch()
    git(clone, "add", "new")
    git(clone, "checkout", "--quiet", "--detach")
    before = git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads")

    add(shared(clone), 1)

    assert (git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads")) == before


def test_nothing_of_the_user_is_needed(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name, no home, another repository in the environment, and a hook that refuses."""
    hook = clone / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))

    add(shared(clone), 1)

    assert models(shared(clone)) == [1]


def test_without_a_remote_the_branch_is_here(tmp_path: Path) -> None:
    """And nobody has to be asked."""
    git(tmp_path, "init", "--quiet")
    ledger = shared(tmp_path)

    add(ledger, 1)
    add(ledger, 2)

    assert models(ledger) == [1, 2]
    assert ledger.remote is None


def test_a_local_ledger_is_not_pushed(origin: Path, clone: Path) -> None:
    """Nor does it hold what others wrote."""
    add(shared(clone), 1)

    add(open_ledger(clone, local=True), 2)

    assert models(open_ledger(clone, local=True)) == [2]
    assert models(shared(clone_of(origin, "second"))) == [1]


def test_a_checked_out_ledger_is_not_moved(clone: Path) -> None:
    """Its files would seem to be changed back."""
    add(open_ledger(clone, local=True), 1)
    git(clone, "switch", "--quiet", "ledger")

    with pytest.raises(LedgerError, match="is checked out here"):
        open_ledger(clone, local=True)


def test_no_repository_is_an_error(tmp_path: Path) -> None:
    """A folder without git has no ledger, which is not an empty one."""
    with pytest.raises(LedgerError, match="not a git repository"):
        open_ledger(tmp_path, local=True)


@pytest.mark.parametrize("address", ["gone.git", "http://user:secret@127.0.0.1:9/x.git"])
def test_an_unreachable_remote_is_not_an_empty_ledger(clone: Path, address: str) -> None:
    """It cannot be read or written, and no password is told."""
    git(clone, "remote", "set-url", "origin", address)

    for act in (lambda: shared(clone).read(), lambda: add(shared(clone), 1)):
        with pytest.raises(LedgerError, match="cannot be reached: .*not an empty one") as caught:
            act()
        assert "secret" not in str(caught.value)


def test_a_rewritten_branch_is_refused(origin: Path, clone: Path) -> None:
    """A forced push of another history, well-formed as it may be."""
    add(shared(clone), 1)
    git(origin, "update-ref", "-d", BRANCH)
    add(shared(clone_of(origin, "second")), 2)

    with pytest.raises(LedgerError, match="was rewritten"):
        shared(clone).read()


def test_a_removed_branch_is_refused(origin: Path, clone: Path) -> None:
    """By whoever has seen it; it would start again at nothing."""
    add(shared(clone), 1)
    git(origin, "update-ref", "-d", BRANCH)

    with pytest.raises(LedgerError, match="is gone"):
        add(shared(clone), 2)


def test_a_shallow_history_is_told_from_a_rewritten_one(origin: Path, clone: Path) -> None:
    """Somebody fetched only the last commit: nothing proves what was before."""
    add(shared(clone), 1)
    second = clone_of(origin, "second")
    for model in (2, 3):
        add(shared(second), model)
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "ledger")

    with pytest.raises(LedgerError, match="--unshallow"):
        shared(clone).read()


def test_a_shallow_clone_has_the_whole_ledger(origin: Path, clone: Path) -> None:
    """As a runner makes one: the branch is fetched whole beside it."""
    add(shared(clone), 1)
    add(shared(clone), 2)
    shallow = clone_of(origin, "shallow", "--depth=1")

    add(shared(shallow), 3)

    assert models(shared(clone)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (make_text(3).replace("ada", "eve", 1), "entry 1 .* was changed"),
        (make_text(2), "entry 3 .* is missing"),
        ("", "entry 1 .* is missing"),
        ("garbage\n", "entry 1 .* is damaged"),
        ("\ufffd\x00", "entry 1 .* is damaged"),
    ],
)
def test_a_ledger_changed_on_its_branch_is_refused(
    origin: Path, clone: Path, text: str, expected: str
) -> None:
    """Although the branch moved forward; the entry is named, again each time it is read."""
    add(shared(clone), 1)
    book = shared(clone).write(lambda entries: [make_entry(2, look=2), make_entry(3, look=3)])
    assert book.text == make_text(3)
    replace_text(origin, text)

    for _ in range(2):
        with pytest.raises(LedgerError, match=expected):
            shared(clone).read()


def test_a_branch_without_a_ledger_is_refused(origin: Path, clone: Path) -> None:
    """Somebody uses the name for something else."""
    git(origin, "branch", "ledger", "main")

    with pytest.raises(LedgerError, match=f"`{FILE}` cannot be read"):
        shared(clone).read()


def test_a_damaged_ref_is_not_an_empty_ledger(clone: Path) -> None:
    """Half a hash where the branch should be."""
    add(open_ledger(clone, local=True), 1)
    (clone / ".git" / BRANCH).write_text("c0ffee\n", encoding="utf-8")

    with pytest.raises(LedgerError, match="cannot be read"):
        open_ledger(clone, local=True).read()


def test_a_refused_push_is_told(origin: Path, clone: Path) -> None:
    """The server does not let this one write: its reason, and nothing added."""
    hook = origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)

    with pytest.raises(LedgerError, match="could not be written: .*protected branch"):
        add(shared(clone), 1)

    assert models(shared(clone)) == []


def test_who_was_overtaken_reads_again(origin: Path, clone: Path) -> None:
    """The other entry comes first, and the second is asked for with it in sight."""
    second, seen = clone_of(origin, "second"), []

    def compose(entries: tuple[object, ...]) -> list[object]:
        if not seen:
            add(shared(second), 1)
        seen.append(len(entries))
        return [make_entry(2)]

    shared(clone).write(compose)

    assert seen == [0, 1]
    assert models(shared(clone)) == [1, 2]


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_a_killed_writer_leaves_all_or_nothing(origin: Path, clone: Path, hook: str) -> None:
    """Before the server has it or after: the next one goes on from there."""
    place, pid = origin / "hooks" / hook, origin / "pid"
    place.write_text(f"#!/bin/sh\nkill -9 $(cat {pid})\n", encoding="utf-8")
    place.chmod(0o755)
    code = f"import os; open({str(pid)!r}, 'w').write(str(os.getpid()))\n{WRITE}"

    died = subprocess.run([sys.executable, "-c", code, str(clone), "1"], check=False)
    place.unlink()

    assert died.returncode == -signal.SIGKILL
    known = models(shared(clone_of(origin, "second")))
    assert known in ([1], []) if hook == "pre-receive" else known == [1]
    add(shared(clone), 2)
    assert models(shared(clone)) == [*known, 2]


def test_a_full_disk_adds_nothing(clone: Path) -> None:
    """git cannot write its objects; the ledger is as it was."""
    add(shared(clone), 1)

    died = subprocess.run(
        [sys.executable, "-c", WRITE, str(clone), "2"],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60)),
    )

    assert "LedgerError" in died.stderr
    assert models(shared(clone)) == [1]
    add(shared(clone), 3)
    assert models(shared(clone)) == [1, 3]


def test_what_was_seen_outlives_a_fetch(origin: Path, clone: Path) -> None:
    """The memory is a ref of its own, which no ordinary fetch moves."""
    add(shared(clone), 1)
    before = git(clone, "rev-parse", SEEN)
    git(origin, "update-ref", "-d", BRANCH)

    git(clone, "fetch", "--quiet", "--prune", "origin")

    assert git(clone, "rev-parse", SEEN) == before
    assert verify(git(clone, "show", f"{SEEN}:{FILE}"))
