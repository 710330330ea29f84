"""The door to git: objects, refs and one remote, without a look at work tree, index or hooks.

git itself is run, and not a library: it alone knows the credentials, proxies and transports that
the rest of a clone works with, and its push is the compare-and-swap that the ledger rests on.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender.errors import LedgerError

TIMEOUT_S: Final = 120
NOT_FOUND: Final = 2  # what `git ls-remote --exit-code` ends with when it was answered "no such"
SETTINGS: Final = ("gc.auto=0", f"core.hooksPath={os.devnull}", "push.gpgSign=false")
IDENTITY: Final = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "contender", "EMAIL": "ledger@contender.invalid"}.items()
}
# How to reach a remote may be set from outside; which repository is meant may not.
KEPT: Final = re.compile("GIT_(?:SSH|SSL|ASKPASS|HTTP_PROXY|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)$)")
_SECRET: Final = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True)
class Said:
    """What git said, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """What it complained of, without passwords, in one line."""
        return " ".join(_SECRET.sub("//", self.err or self.out).split())[:400] or str(self.code)


@dataclass(frozen=True)
class Repository:
    """The repository around `root`."""

    root: Path

    def ask(self, *arguments: str, content: str = "") -> Said:
        """What git says to `arguments`, given `content` to read.

        Raises:
            LedgerError: git is not there, or did not end.
        """
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        try:
            done = subprocess.run(
                ["git", *settings, *arguments],
                cwd=self.root,
                input=content.encode(),
                env=_environment(os.environ),
                capture_output=True,
                check=False,
                timeout=TIMEOUT_S,
                start_new_session=True,  # no terminal, so that nothing can ask for a password
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LedgerError(
                f"`git {arguments[0]}` could not be run: {error}.",
                hint="install git, or look at the network that the remote is behind",
            ) from error
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        return Said(done.returncode, out, err)

    def tell(self, *arguments: str, content: str = "") -> str:
        """What git answers, without the newline at its end.

        Raises:
            LedgerError: it refused; the message has its reason.
        """
        said = self.ask(*arguments, content=content)
        if said.code != 0:
            raise LedgerError(
                f"`git {arguments[0]}` in `{self.root.resolve()}` failed: {said.reason}",
                hint="the ledger is a branch of the repository: it needs one, sound and with "
                "room to write",
            )
        return said.out.removesuffix("\n")

    def commit_at(self, ref: str) -> str | None:
        """The commit that `ref` names; None when there is no such ref.

        Raises:
            LedgerError: there is one, but it is damaged, which is not "none".
        """
        said = self.ask("for-each-ref", "--format=%(objectname)", ref)
        if said.code != 0 or said.err:
            raise LedgerError(
                f"`{ref}` in `{self.root.resolve()}` cannot be read: {said.reason}",
                hint="the ledger is a branch of a git repository: make one with `git init`, or "
                "look with `git fsck` at what is damaged",
            )
        return said.out.strip() or None

    def setting(self, name: str) -> str | None:
        """The value of a setting; None when it is not set."""
        said = self.ask("config", "--get", name)
        return said.out.strip() if said.code == 0 else None

    def read(self, commit: str, name: str) -> str:
        """The text of the file `name` of `commit`."""
        said = self.ask("cat-file", "blob", f"{commit}:{name}")
        if said.code != 0:
            raise LedgerError(
                f"`{name}` cannot be read from the commit `{commit[:12]}`: {said.reason}",
                hint="run `git fsck`; what is damaged must come from another clone",
            )
        return said.out

    def commit(self, parent: str | None, texts: Mapping[str, str], subject: str) -> str:
        """A new commit with just these files, which no ref names yet."""
        blobs = {
            name: self.tell("hash-object", "-w", "--stdin", content=text)
            for name, text in texts.items()
        }
        listing = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in blobs.items())
        tree = self.tell("mktree", content=listing)
        parents = ["-p", parent] if parent else []
        return self.tell("commit-tree", tree, *parents, "-m", subject)

    def swap(self, ref: str, commit: str, *, expected: str | None) -> bool:
        """True once `ref` names `commit`; False when it named something else than `expected`."""
        said = self.ask("update-ref", ref, commit, expected or "")
        if said.code != 0 and self.commit_at(ref) == expected:
            raise LedgerError(
                f"`{ref}` could not be moved: {said.reason}",
                hint="make the repository writable, then run the same command again",
            )
        return said.code == 0


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What git is run with: nothing that points it elsewhere, an identity, no questions."""
    kept = {k: v for k, v in environment.items() if not k.startswith("GIT_") or KEPT.match(k)}
    return kept | IDENTITY | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
