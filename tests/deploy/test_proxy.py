"""The proxy: whom it sends calls to, and that nobody notices when that changes."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from scipy.stats import binom

from contender.deploy.access import Mark, read_answers
from contender.deploy.detached import Detached
from contender.deploy.proxy import Proxy, Route, read_route
from contender.errors import DeployError, MissingError
from tests.servers.load import calling
from tests.servers.processes import free_port
from tests.servers.serving import wait_until

CALLS, CHANGES = 400, 60


class Named(BaseHTTPRequestHandler):
    """Says at which address it was asked."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body at once: the proxy would wait 40 ms between the two

    def do_POST(self) -> None:  # pylint: disable=invalid-name  # as http.server wants it
        """Its own address."""
        self.rfile.read(int(self.headers["Content-Length"]))
        name = f"127.0.0.1:{self.server.server_address[1]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """The addresses of two servers."""
    opened = [ThreadingHTTPServer(("127.0.0.1", 0), Named) for _ in range(2)]
    for server in opened:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tuple(f"127.0.0.1:{server.server_address[1]}" for server in opened)  # type: ignore[misc]
    for server in opened:
        server.shutdown()
        server.server_close()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy that is not started yet."""
    made = Proxy(tmp_path / "proxy", f"127.0.0.1:{free_port()}")
    yield made
    made.stop()


def ask(proxy: Proxy, count: int) -> list[str]:
    """Who answered."""
    with httpx.Client(base_url=f"http://{proxy.listen}", trust_env=False) as client:
        return [client.post("/predict", content=b"{}").text for _ in range(count)]


def test_each_share_is_what_it_says(proxy: Proxy, servers: tuple[str, str]) -> None:
    """None, a tenth, half, all of the calls, as far as chance allows; logged with its step."""
    main, canary = servers
    for share in (0.0, 0.1, 0.5, 1.0):
        proxy.follow(Route(main, canary, share, f"share-{share}"))
        hits = ask(proxy, CALLS).count(canary)
        low, high = binom.ppf([1e-6, 1 - 1e-6], CALLS, share) if share % 1 else [share * CALLS] * 2
        assert low <= hits <= high

        answers = [a for a in read_answers(proxy.log, Mark())[0] if a.step == f"share-{share}"]
        assert len(answers) == CALLS
        assert sum(answer.address == canary for answer in answers) == hits


def test_a_change_of_the_route_fails_no_call(proxy: Proxy, servers: tuple[str, str]) -> None:
    """Sixty times back and forth, under load; a thousand calls at least."""
    main, canary = servers
    proxy.follow(Route(main, canary, 0.0, "0"))

    with calling(f"http://{proxy.listen}", "/predict", {}, callers=3) as outcomes:
        for turn in range(CHANGES):
            answered = len(outcomes.answers)
            proxy.follow(
                Route(*(servers if turn % 2 else servers[::-1]), 0.5 * (turn % 3), str(turn))
            )
            wait_until(lambda seen=answered: len(outcomes.answers) > seen + 20)

    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert {answer.text for answer in outcomes.answers} == {main, canary}
    print(f"{len(outcomes.answers):,} calls over {CHANGES} changes of the route, 0 failed")


def test_a_server_that_is_not_there_has_the_other_stand_in(
    proxy: Proxy, servers: tuple[str, str]
) -> None:
    """Either for either; the log says who did answer."""
    nobody = f"127.0.0.1:{free_port()}"

    for route in (Route(servers[0], nobody, 1.0, "x"), Route(nobody, servers[0], 0.0, "x")):
        proxy.follow(route)
        assert set(ask(proxy, 20)) == {servers[0]}

    assert {answer.address for answer in read_answers(proxy.log, Mark())[0]} == {servers[0]}


def test_nobody_at_all_is_an_error_of_the_server(proxy: Proxy) -> None:
    """And is counted as one."""
    nobody = f"127.0.0.1:{free_port()}"
    proxy.follow(Route(nobody, nobody, 0.5, "x"))

    ask(proxy, 1)

    assert wait_until(lambda: len(read_answers(proxy.log, Mark())[0]) == 1)
    assert [answer.is_error for answer in read_answers(proxy.log, Mark())[0]] == [True]


def test_a_proxy_that_was_killed_comes_back(proxy: Proxy, servers: tuple[str, str]) -> None:
    """With the route it had, at the next look."""
    route = Route(*servers, 1.0, "x")
    proxy.follow(route)
    os.killpg(int((proxy.folder / "process").read_text()), signal.SIGKILL)
    wait_until(lambda: not Detached(proxy.folder).is_alive())

    proxy.follow(route)

    assert set(ask(proxy, 5)) == {servers[1]}


def test_a_proxy_moves_to_another_port(proxy: Proxy, servers: tuple[str, str]) -> None:
    """Where params.yaml says; the one before is gone."""
    proxy.follow(Route(*servers, 0.0, "x"))
    moved = Proxy(proxy.folder, f"127.0.0.1:{free_port()}")

    moved.follow(Route(*servers, 0.0, "x"))

    assert set(ask(moved, 5)) == {servers[0]}
    with pytest.raises(httpx.ConnectError):
        ask(proxy, 1)


def test_a_port_that_is_taken_is_named(tmp_path: Path, servers: tuple[str, str]) -> None:
    """Caddy itself would share it with another Caddy; nobody's calls go astray."""
    proxy = Proxy(tmp_path, servers[0])

    with pytest.raises(DeployError, match=f"does not start at `{servers[0]}`: `somebody"):
        proxy.follow(Route(*servers, 0.0, "x"))

    assert not Detached(tmp_path).is_alive()


def test_without_caddy_it_says_how_to_get_it(
    proxy: Proxy, servers: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside this Python and on the PATH there is nothing of that name."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingError, match="program `caddy` is not there"):
        proxy.follow(Route(*servers, 0.0, "x"))


def test_a_route_that_cannot_be_written_leaves_the_one_before(
    proxy: Proxy, servers: tuple[str, str]
) -> None:
    """Of a name that is no text of a file, say."""
    proxy.follow(Route(*servers, 0.0, "x"))

    with pytest.raises(UnicodeEncodeError):
        proxy.follow(Route(*servers, 1.0, "\u2603"))

    assert read_route(proxy.folder)["step"] == "x"
    assert set(ask(proxy, 5)) == {servers[0]}
