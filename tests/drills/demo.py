"""`make demo`: five chapters of a model's life, on this machine, with nothing pretended.

Real pipeline runs, a real registry, real servers behind a real proxy, and callers that never stop.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contender.deploy.detached import Detached
from contender.deploy.local import find_port
from tests.drills.project import ROOT, Project
from tests.drills.traffic import Traffic, replaying

# In a hurry: two steps of the canary instead of three, and few copies of calls in the shadow.
HURRY = {"canary_shares": [0.25, 0.5], "shadow_answers": 0, "tick_s": 0.25, "step_s": 120}


@dataclass
class Demo:
    """The story so far; `say` is told each line of it."""

    project: Project
    say: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    verdicts: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    calls: list[Traffic] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        seconds = time.monotonic() - self.started
        self.say(f"\n━━ {title} {'━' * max(2, 78 - len(title))} {seconds:3.0f} s")

    def judge(self, judge: Callable[[], dict[str, Any]]) -> None:
        """Let the gate decide, and show why."""
        decision = judge()
        self.verdicts.append(decision["verdict"])
        self.say(f"   gate      {decision['verdict']}")
        self.say(f"             {decision['summary']}")

    def release(self, *, code: int = 0) -> None:
        """Bundle the winner and bring it to production, or see it come back."""
        self.project.run("contender", "bundle")
        said = self.project.run("contender", "rollout", "--local", code=code).strip()
        self.outcomes.append("rolled back" if code else "in production")
        self.say(f"   rollout   {said}")

    def release_under_traffic(self, records: list[dict[str, Any]], *, code: int = 0) -> None:
        """The same while callers replay `records`."""
        port = self.port
        with replaying(f"http://127.0.0.1:{port}", records) as traffic:
            self.release(code=code)
        self.calls.append(traffic)
        self.say(f"   callers   {traffic.describe()}")

    @property
    def port(self) -> int:
        """Where the proxy listens."""
        params = json.loads(self.project.run("contender", "params"))
        return int(params["release"]["port"])

    def tell(self) -> None:
        """All five chapters."""
        self.begin()
        self.improve()
        self.sabotage()
        self.break_under_traffic()
        self.look_back()

    def begin(self) -> None:
        """A first model, made before anybody thought of categories."""
        self.chapter("1. The first model, of the columns with numbers alone")
        project = self.project
        project.edit(project.paths.params, self._hurry)
        project.forget_columns(list(project.schema.categorical))
        self.judge(project.judge)
        self.release()

    def improve(self) -> None:
        """A better one takes its place while callers call."""
        self.chapter("2. All columns: a better model")
        project = self.project
        kept = ("data/schema.yaml", "data/expectations.json", "data/README.md")
        for name in kept:
            shutil.copyfile(ROOT / name, project.folder / name)
        self.judge(project.judge)
        self.release_under_traffic(project.records())

    def sabotage(self) -> None:
        """A bad one does not pass the gate."""
        self.chapter("3. Somebody ruins a parameter")
        project = self.project

        def ruin(tree: Any) -> None:
            settings = tree["train"]["hyperparameters"][tree["train"]["estimator"]]
            settings["max_iter"] = 1

        before = project.paths.params.read_text(encoding="utf-8")
        project.edit(project.paths.params, ruin)
        self.judge(project.judge)
        project.run("contender", "bundle")
        project.run("contender", "rollout", "--local", code=1)
        self.say("   rollout   refused: only a winner gets a server")
        project.paths.params.write_text(before, encoding="utf-8")

    def break_under_traffic(self) -> None:
        """One that no test finds bad breaks under traffic, and is gone."""
        self.chapter("4. A retrained model that breaks only under traffic")
        project = self.project

        def retrain(tree: Any) -> None:
            settings = tree["train"]["hyperparameters"][tree["train"]["estimator"]]
            settings["l2_regularization"] = 0.5
            tree["gate"]["mode"] = "refresh"

        project.edit(project.paths.params, retrain)
        project.run("dvc", "repro", "--quiet")
        column, value = project.spoil()
        self.say(f"   planted   NaN where `{column}` is {value:g}, which no row of the data has")
        self.judge(project.judge_again)
        records = project.records()
        for record in records[::20]:
            record[column] = value
        self.release_under_traffic(records, code=20)

    def look_back(self) -> None:
        """What is in production, and how it came to be."""
        self.chapter("5. What happened")
        for line in self.project.run("contender", "status").splitlines():
            self.say(f"   {line}")
        self.say("")
        self.say(self.project.run("contender", "history", "--local").rstrip())
        self.say(f"\n   report    {self.project.paths.report.resolve()}")

    def end(self) -> None:
        """Stop what runs; the project stays."""
        rollout = self.project.paths.rollout
        for folder in (rollout / "proxy", *(rollout / "servers").glob("*")):
            Detached(folder).stop(seconds=10)

    def _hurry(self, tree: Any) -> None:
        tree["release"].update(HURRY, port=find_port())
        tree["serving"]["drain_s"] = 0.5


def main() -> int:
    """Tell the story in a new folder, which stays to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="contender-demo-"))
    demo = Demo(Project.clone(folder / "project"), say=lambda line: print(line, flush=True))
    try:
        demo.tell()
    finally:
        demo.end()
    print(f"\n{time.monotonic() - demo.started:.0f} s; the project is in {demo.project.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
