"""The controller: does what a rollout asks for, brings back what it saw, and writes down both.

Each turn starts from what is on disk, and everything it does may be done again: killed anywhere
and started again, it goes on. Traffic goes only to servers that were found ready in that turn, and
a server is ended only when it has none.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender.deploy import rollout as road
from contender.deploy.rollout import Phase, Rollout
from contender.deploy.state import Deployment, read_deployment, write_deployment
from contender.deploy.target import Plan, Server, Target
from contender.errors import DeployError, RaceError, RegistryError
from contender.params import ReleaseParams

LOGGER: Final = logging.getLogger(__name__)
START_S: Final = 60.0  # for a server to become ready


@dataclass(frozen=True)
class Hooks:
    """What a rollout asks of others.

    `stage` tests the server of a digest at an address, and says what is wrong, "" for nothing.
    `promote` makes the challenger the champion; it may be called again.
    """

    stage: Callable[[str, str], str]
    promote: Callable[[Rollout], None]


@dataclass(frozen=True)
class Controller:
    """One target, and the file that holds the state of its deployment."""

    target: Target
    path: Path
    params: ReleaseParams
    hooks: Hooks

    def run(self) -> Deployment:
        """The deployment once its rollout is over, or waits for an approval.

        Raises:
            DeployError: the server in production cannot be started, or the proxy refuses.
        """
        last = time.monotonic()
        while (rollout := self.read().rollout) and not rollout.is_over:
            now = time.monotonic()
            seconds, last = now - last, now
            after = self.turn(rollout, seconds)
            if after == rollout and after.phase is Phase.APPROVAL:
                return self.read()
            self.write(after)
            self._tell(rollout, after)
            if after.phase is rollout.phase and len(after.steps) == len(rollout.steps):
                time.sleep(self.params.tick_s)
        self.settle()
        return self.read()

    def turn(self, rollout: Rollout, seconds: float) -> Rollout:
        """`rollout` after one look at everything, `seconds` after the one before."""
        plan = road.plan(rollout)
        for server in plan.servers:
            self.target.fleet.start(server)
        challenger = Server(rollout.challenger)
        if fault := self.target.inspect(challenger):
            return road.blame(rollout, fault, seconds, start_s=START_S)
        if plan.main not in (None, challenger) and self.target.inspect(plan.main):
            return road.wait(rollout, seconds, limit_s=max(START_S, self.params.step_s))
        if rollout.phase is Phase.PRODUCTION and (failed := self._promote(rollout, seconds)):
            return failed
        self.target.route(plan, step=rollout.step)
        self.target.keep(plan.servers)
        return self._judge(rollout, seconds)

    def settle(self) -> None:
        """Let what is in production, and nothing else, have all traffic.

        Raises:
            DeployError: it cannot be started.
        """
        deployment = self.read()
        if deployment.production is None:
            self.target.keep(())
            return
        server = Server(deployment.production)
        self.target.fleet.start(server)
        end = time.monotonic() + START_S
        while fault := self.target.inspect(server):
            if not fault.is_starting or time.monotonic() > end:
                raise DeployError(
                    f"`{server.digest[:12]}` should be in production, but {fault.message}.",
                    hint="`contender rollback` brings the one before it back",
                )
            time.sleep(self.params.tick_s)
            self.target.fleet.start(server)
        self.target.route(Plan((server,), main=server), step="")
        self.target.keep((server,))

    def read(self) -> Deployment:
        """The deployment as it was written down."""
        return read_deployment(self.path)

    def write(self, rollout: Rollout) -> Deployment:
        """The deployment with `rollout` in it, written down."""
        deployment = self.read().follow(rollout)
        write_deployment(self.path, deployment)
        return deployment

    def _judge(self, rollout: Rollout, seconds: float) -> Rollout:
        """What follows from what the servers have answered."""
        match rollout.phase:
            case Phase.STAGING:
                address = self.target.fleet.address(Server(rollout.challenger)) or ""
                if found := self.hooks.stage(address, rollout.challenger):
                    return road.fail(rollout, "staging", found)
                return road.proceed(rollout, self.params)
            case Phase.SHADOW:
                return self._compare(self._count(rollout), seconds)
            case Phase.CANARY:
                return road.decide(self._count(rollout), self.params, seconds)
            case Phase.APPROVAL if self.params.approval and not rollout.approved_by:
                return rollout
            case _:
                return road.proceed(rollout, self.params)

    def _count(self, rollout: Rollout) -> Rollout:
        answers, mark = self.target.answers(rollout.mark)
        now = road.plan(rollout)
        taking = [server for server in (now.main, Server(rollout.challenger)) if server]
        addresses = {server.digest: self.target.fleet.address(server) or "" for server in taking}
        return road.count(rollout, answers, addresses, mark=mark)

    def _compare(self, rollout: Rollout, seconds: float) -> Rollout:
        """What follows from the answers that nobody was given."""
        mirror = road.plan(rollout).main
        assert mirror is not None  # a challenger without a champion has nobody's shadow to be
        shadow = self.target.shadow(mirror)
        if shadow.failed:
            return road.fail(rollout, "shadow", shadow.describe())
        if shadow.answered >= self.params.shadow_answers:
            return road.proceed(rollout, self.params)
        return road.wait(rollout, seconds, limit_s=self.params.step_s)

    def _promote(self, rollout: Rollout, seconds: float) -> Rollout | None:
        """None once the challenger is the champion; else what becomes of the rollout."""
        try:
            self.hooks.promote(rollout)
        except RaceError as error:
            return road.fail(rollout, "race", str(error.args[0]))
        except RegistryError as error:
            if rollout.elapsed_s + seconds > self.params.step_s:
                return road.fail(rollout, "registry", str(error.args[0]))
            return rollout.model_copy(update={"elapsed_s": rollout.elapsed_s + seconds})
        return None

    def _tell(self, before: Rollout, after: Rollout) -> None:
        if before.phase is not after.phase or len(before.steps) != len(after.steps):
            LOGGER.info(describe(after))


def describe(rollout: Rollout) -> str:
    """One line: where the rollout is, and why."""
    digest = rollout.challenger[:12]
    match rollout.phase:
        case Phase.CANARY:
            said = f"{rollout.steps[-1].share:.0%} of the traffic"
            return f"canary {len(rollout.steps)}: `{digest}` gets {said}"
        case Phase.ROLLED_BACK:
            return f"rolled back `{digest}`: {rollout.reason}: {rollout.message}"
        case Phase.DONE:
            return f"`{digest}` is in production"
        case _:
            return f"{rollout.phase}: `{digest}`"


def begin(deployment: Deployment, digest: str) -> Rollout:
    """The rollout of the bundle `digest`, at its start.

    Raises:
        DeployError: it is quarantined or in production already, or another rollout is under way.
    """
    under_way = deployment.rollout
    if under_way and not under_way.is_over and under_way.challenger != digest:
        raise DeployError(
            f"`{under_way.challenger[:12]}` is being rolled out (phase `{under_way.phase}`); "
            "expected no rollout, or that of the same bundle.",
            hint="`contender rollout` goes on with it, `contender rollback` ends it",
        )
    if why := deployment.quarantine.get(digest):
        raise DeployError(
            f"`{digest[:12]}` is quarantined: {why}; expected a bundle that did no harm.",
            hint="change what was wrong: the new bundle has another digest",
        )
    if under_way and not under_way.is_over:
        return under_way
    name = f"{time.time_ns():x}-{digest[:8]}"
    return Rollout(name=name, champion=deployment.production, challenger=digest)


def step_back(deployment: Deployment, *, to: str | None, reason: str) -> Rollout:
    """What undoes the rollout under way, or the last one: the champion before, at 100 %.

    Raises:
        DeployError: nothing was in production before.
    """
    under_way = deployment.rollout
    if under_way and not under_way.is_over and to is None:
        return road.fail(under_way, "stopped", reason)
    digest = to or deployment.previous
    if digest is not None and (why := deployment.quarantine.get(digest)):
        raise DeployError(
            f"`{digest[:12]}` is quarantined: {why}; expected one that did no harm.",
            hint="`contender history` names what served before; `--to` takes its digest",
        )
    if digest is None or digest == deployment.production:
        raise DeployError(
            f"there is nothing to go back to: `{str(digest)[:12]}` is in production or never was.",
            hint="`contender history` names what served before; `--to` takes its digest",
        )
    name = f"{time.time_ns():x}-{digest[:8]}"
    back = Rollout(name=name, champion=deployment.production, challenger=digest)
    return road.enter(back, Phase.RETURN).model_copy(update={"undoes": reason})
