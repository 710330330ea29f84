"""A fork with an origin, an API and stand-ins for actions, in which act runs the workflows."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conftest import git
from tests.servers.github import REPOSITORY, TOKEN, GitHub

STAND_INS: Final = Path(__file__).parent / "stand_ins"
# What a stranger may call a branch, a tag, a commit and a pull request.
HOSTILE: Final = (
    "x;touch${IFS}planted;$(touch${IFS}planted)`touch${IFS}planted`\"'&&touch${IFS}planted"
)
USES: Final = re.compile(r"uses: ([\w-]+/[\w-]+)((?:/[\w-]+)*)@([0-9a-f]{40})")


@dataclass(frozen=True)
class Run:
    """How a workflow ended: the result of each job, its summaries, and all that was said."""

    code: int
    jobs: Mapping[str, str]
    summary: str
    said: str


@dataclass(frozen=True)
class Fork:
    """A clone in `folder`/work, its bare origin beside it, and the API of its repository."""

    folder: Path
    github: GitHub
    database: Path

    @property
    def work(self) -> Path:
        """Where a person works."""
        return self.folder / "work"

    @property
    def state(self) -> Path:
        """What stand-ins keep."""
        return self.folder / "state"

    def images(self) -> dict[str, Any]:
        """What the engine built, by tag."""
        return dict(json.loads((self.state / "images.json").read_text(encoding="utf-8")))

    def commit(self, message: str, change: Callable[[Path], None]) -> None:
        """Change the work tree, run the stages, commit and push all of it."""
        change(self.work)
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--allow-empty", f"--message={message}")
        git(self.work, "push", "--quiet", "--force", "origin", "HEAD:main")

    def planted(self) -> list[Path]:
        """What was made by a command in a name."""
        return list(self.folder.rglob("planted"))

    def pull_request(self) -> Run:
        """ci.yml for a pull request with what lies in the work tree."""
        base = git(self.work, "rev-parse", "HEAD^1").strip()
        head = {"ref": HOSTILE, "repo": {"full_name": REPOSITORY}}
        told = {"number": 7, "base": {"sha": base, "ref": "main"}, "head": head}
        told |= {"title": HOSTILE, "body": HOSTILE}
        return self.run("ci", "pull_request", {"number": 7, "pull_request": told})

    def run(self, workflow: str, event: str, payload: Mapping[str, Any], **inputs: str) -> Run:
        """What act makes of one workflow."""
        repository = {"full_name": REPOSITORY, "private": False, "fork": False}
        path = self.folder / "event.json"
        path.write_text(json.dumps({"repository": repository, "inputs": inputs, **payload}))
        shutil.rmtree(self.state / "artifacts", ignore_errors=True)
        done = subprocess.run(
            [
                *("act", event, "--json", "--action-offline-mode", "--no-cache-server"),
                *("--workflows", f".github/workflows/{workflow}.yml", "--eventpath", str(path)),
                *("--platform", "ubuntu-24.04=-self-hosted", "--secret", f"GITHUB_TOKEN={TOKEN}"),
                *("--action-cache-path", str(self.folder / "actions"), "--concurrent-jobs", "2"),
                *self._stand_ins(),
                *(f"--env={name}={value}" for name, value in self._environment().items()),
            ],
            cwd=self.work,
            env=os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return _read(done)

    def _stand_ins(self) -> list[str]:
        """An option for each action that a workflow uses."""
        texts = [path.read_text() for path in sorted((self.work / ".github").rglob("*.yml"))]
        found = {match for text in texts for match in USES.findall(text)}
        return [
            f"--local-repository={name}@{commit}={STAND_INS / name.partition('/')[2]}"
            for name, folder, commit in found
            if not folder
        ]

    def _environment(self) -> dict[str, str]:
        programs = Path(sys.executable).parent
        return {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_ACTOR": "ada",
            "PATH": os.pathsep.join([str(STAND_INS / "bin"), str(programs), os.environ["PATH"]]),
            "STAND_IN_DATABASE": str(self.database),
            "STAND_IN_ORIGIN": str(self.folder / "origin.git"),
            "STAND_IN_PROGRAMS": str(programs),
            "STAND_IN_STATE": str(self.state),
            "STAND_IN_TOOLS": str(STAND_INS),
        }


def _read(done: "subprocess.CompletedProcess[str]") -> Run:
    jobs: dict[str, str] = {}
    summaries, said = [], [done.stderr]
    for line in done.stdout.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            said.append(line)
            continue
        name = str(told.get("job", "")).rpartition("/")[2]
        if result := told.get("jobResult"):
            jobs[name] = result
        if told.get("command") == "summary":
            summaries.append(str(told.get("content")))
        said.append(f"{name}: {str(told.get('msg', '')).rstrip()}")
    return Run(done.returncode, jobs, "\n".join(summaries), "\n".join(said))
