"""Several workers are one service: one address, one set of numbers, one end."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from contender.bundle import Bundle, point
from tests.serving.records import BOX
from tests.servers.serving import Running, is_running, running_service, wait_until


def workers_of(service: Running) -> set[int]:
    """The processes of the workers."""
    return {child.pid for child in psutil.Process(service.process).children()}


def count_answers(service: Running) -> float:
    """What the metrics say of answers on `/predict`."""
    with service.client() as client:
        lines = client.get("/metrics").text.splitlines()
    wanted = 'contender_requests_total{route="predict",status="200"} '
    return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_workers_are_one_service(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """Numbers add up, a signal reaches all, a dead worker is replaced, all end together."""
    link = tmp_path / "current"
    point(link, bundles["boxes"])

    def ask() -> str:
        with service.client() as client:
            answer = client.post("/predict", json={"records": [BOX]})
            return str(answer.json()["model_digest"]) if answer.status_code == 200 else ""

    with running_service(link, tmp_path, workers=2, drain_s=0.2) as service:
        before = workers_of(service)
        assert len(before) == 2
        assert {ask() for _ in range(40)} == {bundles["boxes"].digest}
        assert count_answers(service) == 40

        point(link, bundles["other"])
        os.kill(service.process, signal.SIGHUP)
        assert wait_until(lambda: {ask() for _ in range(10)} == {bundles["other"].digest})

        os.kill(min(before), signal.SIGKILL)
        assert wait_until(lambda: len(workers_of(service) - before) == 1)
        assert wait_until(lambda: {ask() for _ in range(10)} == {bundles["other"].digest})
        counted = count_answers(service)
        assert counted > 40

        os.kill(service.process, signal.SIGTERM)
        remaining = workers_of(service)
        assert wait_until(lambda: not is_running(service.process))
        assert not any(is_running(worker) for worker in remaining)
