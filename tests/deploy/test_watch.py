"""A canary watched through Prometheus' counters: what is seen, what is not, and what is refused."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from contender.cli import main
from contender.deploy.judge import Limits, Tally
from contender.deploy.prometheus import CALLS, INVALID, ROUTES, TOOK, Prometheus, Reading
from contender.deploy.watch import Split, Watch, Watched, find_slow_s, watch
from contender.errors import DeployError, ObservationError
from contender.serving import metrics
from tests.conftest import ROOT

LIMITS = Limits(alpha=0.01, tolerance=1.25, min_requests=500, max_ratio=2.0, max_rate=0.01)
SPLIT = Split('pod="new"', 'pod="old"', 0.5)


def count(name: str, value: int, **labels: str) -> Reading:
    """One counter."""
    return {tuple(sorted({"__name__": name, **labels}.items())): value}


def version(
    pod: str, requests: int = 0, *, errors: int = 0, slow: int = 0, invalid: int = 0
) -> Reading:
    """The counters of a pod; slow answers took longer than 5 ms."""
    edges = {"0.001": 0, "0.005": requests - slow, "0.01": requests, "+Inf": requests}
    found: dict[Any, int] = {**count(INVALID, invalid, pod=pod)}
    for edge, within in edges.items():
        found |= count(TOOK, within, pod=pod, route="predict", le=edge)
    found |= count(CALLS, requests - errors, pod=pod, route="predict", status="200")
    found |= count(CALLS, 1_000_000, pod=pod, route="health", status="503")
    return found | count(CALLS, errors, pod=pod, route="predict", status="500")


class Script:
    """A source that says one after another what it was given, and the last again and again."""

    def __init__(self, *looks: tuple[Reading, Reading] | Exception) -> None:
        self._looks = list(looks)
        self._now: tuple[Reading, Reading] = {}, {}

    def read(self, selector: str) -> Reading:
        """What is next, when the canary is asked for; the control comes of the same look."""
        if selector == SPLIT.canary:
            look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
            if isinstance(look, Exception):
                raise look
            self._now = look
        return self._now[selector != SPLIT.canary]


def seen(*looks: tuple[Reading, Reading] | Exception, seconds: float = 0.05) -> Any:
    """What the judge says of these looks."""
    return watch(Script(*looks), SPLIT, LIMITS, seconds=seconds, tick_s=0.001)


START = version("new"), version("old", 1_000)


def test_a_canary_like_its_control_passes() -> None:
    """As soon as it has shown enough, not when the time is over."""
    end = version("new", 1_000), version("old", 2_000)

    said = seen(START, end, seconds=60)

    assert (said.outcome, said.reason) == ("pass", "ok")


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("errors", version("new", 100, errors=50)),
        ("slow", version("new", 200, slow=150)),
        ("invalid", version("new", 100, invalid=1)),
    ],
)
def test_a_bad_canary_is_rolled_back_for_what_it_did(reason: str, bad: Reading) -> None:
    """Errors, slow answers and invalid predictions are each found in the counters."""
    said = seen(START, (bad, version("old", 2_100)), seconds=60)

    assert (said.outcome, said.reason) == ("rollback", reason)


@pytest.mark.parametrize(
    "looks",
    [
        [({}, {})],
        [START],
        [({}, version("old", 1_000)), ({}, version("old", 9_000))],
        [(version("new", 1_000), {}), (version("new", 9_000), {})],
        [(version("new"), version("old", 199)), (version("new", 900), version("old", 199))],
    ],
)
def test_silence_waits(looks: list[Any]) -> None:
    """No series, no traffic, only one version, too little to know what is slow: never a pass."""
    assert seen(*looks).outcome == "wait"


def test_what_was_before_the_first_look_counts_for_neither() -> None:
    """A control that had a bad day yesterday is no excuse today, nor a canary that had one."""
    first = version("new", 5_000, errors=2_500), version("old", 9_000, errors=9_000)

    grown = Watch.begin(*first).after(*first)

    assert grown.canary.tally(0.005) == grown.control.tally(0.005) == Tally(0, 0, 0, 0)


def test_a_restart_and_a_missed_scrape_lose_no_answer_and_invent_none() -> None:
    """A counter that fell began at 0 again; one that was away goes on; a new one begins at 0."""
    looks = [version("a", 100), version("a", 130), {}, version("a", 150), version("a", 20)]
    watched = Watched(looks[0])
    for look in looks[1:]:
        watched = watched.after(look)

    assert watched.tally(0.005).requests == 50 + 20
    assert watched.after(version("b", 7)).tally(0.005).requests == 77


def test_a_look_that_fails_is_missed_and_the_last_one_is_not() -> None:
    """Prometheus may be started again meanwhile; nothing is decided without it."""
    away = DeployError("away", hint="wait")
    end = version("new", 1_000), version("old", 2_000)

    assert seen(away, START, away, end, seconds=60).outcome == "pass"
    with pytest.raises(DeployError, match="away"):
        seen(START, away)


def test_slow_is_what_the_control_seldom_is() -> None:
    """The edge that 95 of 100 answers are within; none for few answers, refused for slow ones."""
    assert find_slow_s(version("old", 1_000, slow=50)) == 0.005
    assert find_slow_s(version("old", 1_000, slow=51)) == 0.01
    assert find_slow_s(version("old", 199)) is None
    with pytest.raises(ObservationError, match="too slow to be told apart"):
        find_slow_s(count(TOOK, 949, le="2.5") | count(TOOK, 1_000, le="+Inf"))


@pytest.mark.parametrize(
    ("split", "looks"),
    [
        (lambda: Split("", 'pod="old"', 0.5), START),
        (lambda: Split('pod="new"', " , ", 0.5), START),
        (lambda: SPLIT, (version("old", 500), version("old", 500))),
        (lambda: Split(SPLIT.canary, SPLIT.control, 1.0), START),
        (lambda: Split(SPLIT.canary, SPLIT.control, float("nan")), START),
        (lambda: SPLIT, (count(TOOK, 900, pod="new", le="+Inf"), START[1])),
    ],
)
def test_two_versions_that_cannot_be_compared_are_refused(
    split: Callable[[], Split], looks: tuple[Reading, Reading]
) -> None:
    """A selector of everything, the same series twice, no share, histograms of other edges."""
    with pytest.raises(ObservationError):
        watch(Script(looks), split(), LIMITS, seconds=0.01, tick_s=0.001)


def test_the_counters_are_those_of_the_service() -> None:
    """Its own text has every name that is asked for, and its routes of a model are these."""
    counted = metrics.Metrics()
    counted.count_call("predict", 500, 0.001)
    text = counted.render().decode()

    assert ROUTES == metrics.MODEL_ROUTES
    assert all(f"\n{name}" in text for name in (CALLS, TOOK, INVALID))
    assert f'{CALLS}{{route="predict",status="500"}} 1.0' in text


class Answers(BaseHTTPRequestHandler):
    """Says what it was told to."""

    said: bytes = b""
    status = 200

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # http.server calls it so
        """Answer, whatever was asked."""
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        """Nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server that answers as `Answers` says."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def vector(*values: str) -> dict[str, Any]:
    """What Prometheus answers when it has one series for each of `values`."""
    rows = [
        {"metric": {"__name__": CALLS, "pod": str(index)}, "value": [1.0, value]}
        for index, value in enumerate(values)
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}}


def test_an_answer_is_read(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One count a series; an empty answer is no series."""
    monkeypatch.setattr(Answers, "said", json.dumps(vector("12", "1e+06")).encode())
    assert sorted(Prometheus(server).read('pod="new"').values()) == [12, 1_000_000]
    monkeypatch.setattr(Answers, "said", json.dumps(vector()).encode())
    assert not Prometheus(server + "/").read('pod="new"')


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        (vector("NaN"), 200, ObservationError),
        (vector("+Inf"), 200, ObservationError),
        (vector("-1"), 200, ObservationError),
        (vector("0.5"), 200, ObservationError),
        (vector("many"), 200, ObservationError),
        (vector("1") | {"warnings": ["a store is away"]}, 200, ObservationError),
        ({"status": "success"}, 200, ObservationError),
        ({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}, 200, None),
        ({"status": "error", "error": "parse error"}, 400, DeployError),
        ({"status": "error"}, 200, DeployError),
        ([], 200, DeployError),
        (None, 500, DeployError),
    ],
)
def test_an_answer_that_is_none_is_refused(
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    said: Any,
    status: int,
    error: type[Exception] | None,
) -> None:
    """NaN, infinity, a part of a call, less than all, a scalar, an error: never a number."""
    monkeypatch.setattr(Answers, "said", json.dumps(said).encode())
    monkeypatch.setattr(Answers, "status", status)

    with pytest.raises(error or ObservationError):
        Prometheus(server).read('pod="new"')


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'{"status": "success'])
def test_what_is_no_json_is_refused(
    server: str, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """Nothing, a page, other bytes, half an answer."""
    monkeypatch.setattr(Answers, "said", body)

    with pytest.raises(DeployError, match="does not say what it counted"):
        Prometheus(server).read('pod="new"')


def test_nobody_there_and_no_address_are_told_apart() -> None:
    """The one may be there in a moment, the other never."""
    with pytest.raises(DeployError, match="does not say"):
        Prometheus("http://127.0.0.1:1").read('pod="new"')
    with pytest.raises(ObservationError, match="no address"):
        Prometheus("file:///etc").read('pod="new"')


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (vector(), 10),
        (vector("1"), 1),
        (vector("NaN"), 1),
        ("garbage", 1),
        ({"status": "error"}, 1),
        (None, 1),
    ],
)
def test_no_answer_is_a_pass(
    server: str, monkeypatch: pytest.MonkeyPatch, said: Any, code: int
) -> None:
    """`contender judge` of nothing, one series for both, NaN, garbage, an error, nobody there."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Answers, "said", json.dumps(said).encode())
    url = "http://127.0.0.1:1" if said is None else server
    command = ["--canary", SPLIT.canary, "--control", SPLIT.control, "--share=0.5", "--seconds=0"]

    assert main(["judge", "--prometheus", url, *command]) == code
