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

from contender.deploy import observation
from contender.deploy import rollout as road
from contender.deploy.rollout import Phase, Rollout, describe
from contender.deploy.state import Deployment, read_deployment, write_deployment
from contender.deploy.target import Plan, Server, Target
from contender.errors import (
    DeployError,
    IntegrityError,
    ObservationError,
    RaceError,
    RegistryError,
)
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
            self.write(after)
            if after.step != rollout.step:
                LOGGER.info(describe(after))
            elif self._waits(after):
                return self.read()
            else:
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
        if rollout.phase is Phase.PRODUCTION and not rollout.undoes:
            if stuck := self._promote(rollout, seconds):
                return stuck
        if plan.main:
            self.target.route(plan, step=rollout.step)
            self.target.keep(plan.servers)
        try:
            return self._judge(rollout, seconds)
        except IntegrityError as error:
            return road.fail(rollout, "integrity", str(error.args[0]))
        except (DeployError, ObservationError) as error:
            unseen = rollout.model_copy(update={"message": str(error.args[0])})
            return road.wait(unseen, seconds, limit_s=self.params.step_s)

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
                found = self.hooks.stage(address, rollout.challenger)
                passed = road.proceed(rollout, self.params)
                return road.fail(rollout, "staging", found) if found else passed
            case Phase.SHADOW:
                return self._compare(self._count(rollout), seconds)
            case Phase.CANARY:
                return self._decide(self._count(rollout), seconds)
            case Phase.APPROVAL:
                watched = observation.watch(self._count(rollout), self.params)
                is_held = watched.is_over or self._waits(watched)
                return watched if is_held else road.proceed(watched, self.params)
            case Phase.PRODUCTION if rollout.undoes:  # calls first: they cannot wait
                return self._promote(rollout, seconds) or road.proceed(rollout, self.params)
            case _:
                return road.proceed(rollout, self.params)

    def _count(self, rollout: Rollout) -> Rollout:
        answers, mark = self.target.answers(rollout.mark)
        now = road.plan(rollout)
        taking = [server for server in (now.main, Server(rollout.challenger)) if server]
        addresses = {server.digest: self.target.fleet.address(server) or "" for server in taking}
        return observation.count(rollout, answers, addresses, mark=mark)

    def _waits(self, rollout: Rollout) -> bool:
        """True when somebody must approve first."""
        needed = self.params.approval and not rollout.approved_by
        return needed and rollout.phase is Phase.APPROVAL

    def _decide(self, rollout: Rollout, seconds: float) -> Rollout:
        """What follows from a step of the canary; its predictions count once, at the end."""
        if rollout.predicted is None:
            rollout = rollout.model_copy(update={"predicted": self._read_predictions(rollout)})
        after = observation.decide(rollout, self.params, seconds)
        if after.is_over or after.step == rollout.step:
            return after
        compared = observation.compare(rollout, self._read_predictions(rollout), self.params)
        return compared if compared.is_over else after

    def _read_predictions(self, rollout: Rollout) -> road.Histograms:
        read = self.target.predictions
        control = read(Server(rollout.champion or ""))
        return road.Histograms(read(Server(rollout.challenger)), control)

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
        """None once the challenger is the champion; else what becomes of the rollout.

        Raises:
            RegistryError: it refuses one that has all calls already; the next run asks again.
        """
        try:
            self.hooks.promote(rollout)
        except RegistryError as error:
            if rollout.undoes:
                raise
            if isinstance(error, RaceError):
                return road.fail(rollout, "race", str(error.args[0]))
            elapsed_s = rollout.elapsed_s + seconds
            if elapsed_s > self.params.step_s:
                return road.fail(rollout, "registry", str(error.args[0]))
            return rollout.model_copy(update={"elapsed_s": elapsed_s})
        return None
