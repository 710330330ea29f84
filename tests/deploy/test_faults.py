"""A canary that goes wrong loses its traffic within five seconds, for a reason that has a name."""

import threading
import time
from collections.abc import Iterator

import pytest

from contender.bundle import Bundle
from contender.deploy.rollout import Phase
from contender.deploy.state import Deployment, write_deployment
from contender.deploy.target import Server
from tests.servers.faulty import FaultyFleet
from tests.servers.load import Outcomes, calling
from tests.servers.releases import Place, place
from tests.servers.serving import wait_until
from tests.serving.records import BOXES

NOBODY = "00000000"  # below it is the name of no call: the canary gets nothing
LIMIT_S = 5.0


@pytest.fixture(scope="module")
def busy(
    old: Bundle, new: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, Outcomes]]:
    """A place where `old` is in production, and callers that never rest."""
    folder = tmp_path_factory.mktemp("busy")
    fleet = FaultyFleet(folder / "servers", new.folder.parent, faulty=new.digest)
    limits = {"min_requests": 10**6, "tolerance": 1.25, "max_ratio": 2.0, "max_rate": 0.01}
    with place(fleet.bundles, folder, fleet=fleet, **limits) as made:
        made.release(old)
        with calling(made.url, "/predict", {"records": BOXES}, callers=3) as outcomes:
            yield made, outcomes


def strike(where: Place, bundle: Bundle, fault: str) -> tuple[Deployment, float]:
    """What became of a rollout of `bundle`, and how long callers were sent to the canary after.

    Its server goes wrong once it has traffic.
    """
    assert isinstance(where.fleet, FaultyFleet)
    told, took_s = where.fleet.fault, []
    told.write_text("", encoding="utf-8")

    def watch() -> None:
        if wait_until(lambda: where.route()["bound"] != NOBODY, seconds=20):
            wait_until(lambda: where.controller.read().rollout.slow_ms is not None, seconds=20)
            told.write_text(fault, encoding="utf-8")
            began = time.monotonic()
            wait_until(lambda: where.route()["bound"] == NOBODY, seconds=20)
            took_s.append(time.monotonic() - began)

    watcher = threading.Thread(target=watch)
    watcher.start()
    deployment = where.release(bundle)
    watcher.join()
    return deployment, took_s[0]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hangs", "hangs"),
        ("crashes", "unreachable"),
        ("drops connections", "unreachable"),
        ("not ready", "not-ready"),
        ("is slow", "slow"),
        ("fails a third", "errors"),
        ("answers NaN", "golden"),
        ("predicts otherwise", "golden"),
        ("is another model", "digest"),
        ("is two models", "invalid"),
    ],
)
def test_a_canary_that_goes_wrong_is_taken_out(
    busy: tuple[Place, Outcomes], old: Bundle, new: Bundle, fault: str, reason: str
) -> None:
    """The champion has all calls again, alone; the challenger may not come back."""
    where, outcomes = busy
    write_deployment(where.controller.path, Deployment(production=old.digest))

    deployment, took_s = strike(where, new, fault)

    print(f"{fault}: back after {took_s:.2f} s")
    assert (deployment.rollout.phase, deployment.rollout.reason) == (Phase.ROLLED_BACK, reason)
    assert took_s < LIMIT_S
    assert new.digest in deployment.quarantine
    assert deployment.production == old.digest
    assert where.fleet.running() == {Server(old.digest)}
    assert not outcomes.failures
