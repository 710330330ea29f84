"""Where the ledger is kept: the branch `ledger`, shared through `origin`, and who writes first.

A push that is not a fast-forward is refused by every git server. That refusal is the
compare-and-swap: of two writers that read the same head, one has to read again.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender.errors import LedgerError, RaceError
from contender.ledger.chain import append, head_of, verify
from contender.ledger.entries import Entry, Sealed
from contender.ledger.git import NOT_FOUND, Repository

REMOTE: Final = "origin"
BRANCH: Final = "refs/heads/ledger"
SEEN: Final = "refs/contender/ledger"  # the shared head as this clone last read or wrote it
FETCHED: Final = "refs/contender/fetched"
FILE: Final = "ledger.jsonl"
ATTEMPTS: Final = 40
STUBBORN: Final = 4  # refusals in a row, with nobody else writing, after which it is no race
PAUSE_S: Final = 0.2
README: Final = """# The ledger

`ledger.jsonl` is written by `contender promote` and read by `contender history`: one line for each
verdict that counted, each promotion, approval and rollback. Every line holds the SHA-256 of the
one before, and the branch only ever moves forward. `contender ledger verify` proves it.
"""


@dataclass(frozen=True)
class Book:
    """The ledger as it was read: verified entries, their text, and the commit that holds it."""

    commit: str | None
    text: str
    entries: tuple[Sealed, ...]


@dataclass(frozen=True)
class Ledger:
    """The ledger on the branch of `remote`; None for the branch of this clone alone."""

    repository: Repository
    remote: str | None

    @property
    def place(self) -> str:
        """Where it is, in words."""
        branch = BRANCH.rpartition("/")[2]
        return f"branch `{branch}` of {f'`{self.remote}`' if self.remote else 'this clone'}"

    def read(self) -> Book:
        """The ledger as it is now, every entry verified; empty before the first one.

        Raises:
            LedgerError: it cannot be reached, which is not "empty"; an entry is not the one that
                was written; or the shared branch no longer holds what this clone has seen of it.
        """
        if self.remote is None:
            return self._open(self.repository.commit_at(BRANCH))
        seen = self._open(self.repository.commit_at(SEEN))
        fetched = self._fetch(seen.commit)
        if fetched is None or fetched == seen.commit:
            return seen
        book = self._open(fetched, since=seen)
        self.repository.swap(SEEN, fetched, expected=seen.commit)
        return book

    def write(self, compose: Callable[[tuple[Sealed, ...]], Sequence[Entry]]) -> Book:
        """The ledger with the entries that `compose` makes, given those there are.

        It is asked again whenever somebody else has written meanwhile; no entries, no commit.

        Raises:
            LedgerError: the ledger cannot be read or written. Nothing was added.
            RaceError: others were faster each time.
        """
        refused = 0
        for _ in range(ATTEMPTS):
            book = self.read()
            entries = compose(book.entries)
            if not entries:
                return book
            text = book.text
            for entry in entries:
                text = append(text, entry)
            kinds = ", ".join(entry.kind for entry in entries)
            subject = f"Add {kinds} as entry {head_of(text).number}"
            commit = self.repository.commit(book.commit, {FILE: text, "README.md": README}, subject)
            reason = self._publish(commit, book.commit)
            if reason is None:
                return Book(commit, text, verify(text))
            refused = refused + 1 if self.read().commit == book.commit else 0
            if refused == STUBBORN:
                raise LedgerError(
                    f"the {self.place} could not be written: {reason}",
                    hint="let whoever runs this push to the branch `ledger`; in a workflow, "
                    "`permissions: contents: write`",
                )
            time.sleep(random.uniform(0, PAUSE_S))  # so that many do not keep step
        raise RaceError(
            f"others wrote to the {self.place} first, {ATTEMPTS} times; nothing was added.",
            hint="run the same command again",
        )

    def _fetch(self, seen: str | None) -> str | None:
        """The commit that the remote's branch names now, fetched; None when there is no branch."""
        git, remote = self.repository, str(self.remote)
        answer = git.ask("ls-remote", "--exit-code", remote, BRANCH)
        if answer.code == NOT_FOUND and seen is None:
            return None
        if answer.code == NOT_FOUND:
            raise self._rewritten(seen, "is gone")
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        if answer.code == 0:
            answer = git.ask("fetch", *options, remote, f"+{BRANCH}:{FETCHED}")
        if answer.code != 0:
            raise LedgerError(
                f"the {self.place} cannot be reached: {answer.reason}. That is not an empty one.",
                hint="check the network, the address in `git remote -v` and the credentials; "
                "`--local` works with the ledger of this clone alone",
            )
        fetched = git.commit_at(FETCHED)
        if seen and git.ask("merge-base", "--is-ancestor", seen, str(fetched)).code != 0:
            shallow = git.tell("rev-parse", "--is-shallow-repository") == "true"
            raise self._rewritten(seen, "does not lead back to it", shallow=shallow)
        return fetched

    def _open(self, commit: str | None, *, since: Book | None = None) -> Book:
        text = self.repository.read(commit, FILE) if commit else ""
        return Book(commit, text, verify(text, seen=head_of(since.text) if since else None))

    def _publish(self, commit: str, expected: str | None) -> str | None:
        """Nothing, once `commit` is the head; otherwise why it is not."""
        git = self.repository
        if self.remote is None:
            return None if git.swap(BRANCH, commit, expected=expected) else "it moved meanwhile"
        said = git.ask("push", "--quiet", "--no-verify", self.remote, f"{commit}:{BRANCH}")
        if said.code == 0:
            git.swap(SEEN, commit, expected=expected)
        return said.reason if said.code else None

    def _rewritten(self, seen: str | None, what: str, *, shallow: bool = False) -> LedgerError:
        return LedgerError(
            f"this clone has seen the {self.place} at `{str(seen)[:12]}`, and now it {what}: "
            "it was rewritten, and a ledger only grows.",
            hint="`git fetch --unshallow`, because this clone has only the end of its history"
            if shallow
            else "restore the branch from a clone that still has it; if it was rewritten on "
            f"purpose, `git update-ref -d {SEEN}`",
        )


def open_ledger(root: Path, *, local: bool) -> Ledger:
    """The ledger of the repository around `root`: of `origin` where there is one, unless `local`.

    Raises:
        LedgerError: there is no repository, or its own branch `ledger` is checked out.
    """
    repository = Repository(root)
    repository.tell("rev-parse", "--git-dir")
    is_shared = not local and repository.setting(f"remote.{REMOTE}.url") is not None
    if not is_shared and repository.ask("symbolic-ref", "--quiet", "HEAD").out.strip() == BRANCH:
        raise LedgerError(
            "the branch `ledger` is checked out here; expected to work on another one, because "
            "the ledger is written without touching files.",
            hint="`git switch main`",
        )
    return Ledger(repository, REMOTE if is_shared else None)
