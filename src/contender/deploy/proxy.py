"""Caddy in front of the servers: its configuration, and changes to it while it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from contender.deploy.detached import Detached, find_program
from contender.errors import DeployError

# A call that cannot reach its server is given to another one for so long; one that was already
# taken is not repeated.
RETRY: Final = "2s"
ANSWER: Final = "10s"  # a server that says nothing for so long has failed
GRACE: Final = "30s"  # for calls under way when the configuration changes
ASK_S: Final = 10.0
HINT: Final = "`make setup` installs it; or install Caddy from https://caddyserver.com"


@dataclass(frozen=True)
class Route:
    """Who gets which part of the traffic, in whole percent; `log` is where it is written down, if anywhere."""

    percent: Mapping[str, int]
    log: Path | None


def make_configuration(route: Route, *, listen: str, admin: str) -> dict[str, Any]:
    """Caddy's configuration for `route`; without any server every call is answered 503."""
    writer = {"output": "file", "filename": str(route.log), "roll": False}
    access = {
        "writer": writer if route.log else {"output": "discard"},
        "encoder": {"format": "filter", "wrap": {"format": "json"}, "fields": _LEFT_OUT},
        "include": ["http.log.access.access"],
    }
    front = {
        "listen": [listen],
        "automatic_https": {"disable": True},
        "logs": {"default_logger_name": "access"},
        "routes": [{"handle": [*_NOTES, _pass_on(route)] if route.percent else [_NOBODY]}],
    }
    return {
        "admin": {"listen": admin, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "WARN", "exclude": _QUIET}, "access": access}},
        "apps": {"http": {"grace_period": GRACE, "servers": {"front": front}}},
    }


_LEFT_OUT: Final = {
    name: {"filter": "delete"}
    for name in ("request>headers", "request>remote_ip", "request>client_ip", "resp_headers")
}
_QUIET: Final = ["http.log.access.access", "http.log.error.access"]
_NOTES: Final = [
    {"handler": "log_append", "key": key, "value": value}
    for key, value in {
        "upstream": "{http.reverse_proxy.upstream.hostport}",
        "digest": "{http.reverse_proxy.header.X-Model-Digest}",
    }.items()
]
_NOBODY: Final = {
    "handler": "static_response",
    "status_code": 503,
    "headers": {"Retry-After": ["1"]},
}


def _pass_on(route: Route) -> dict[str, Any]:
    chosen = {address: percent for address, percent in route.percent.items() if percent}
    policy = {"policy": "weighted_round_robin", "weights": list(chosen.values())}
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": address} for address in chosen],
        "load_balancing": {"selection_policy": policy, "try_duration": RETRY},
        "health_checks": {"passive": {"fail_duration": "1s"}},
        "transport": {"protocol": "http", "response_header_timeout": ANSWER},
    }


@dataclass(frozen=True)
class Proxy:
    """A Caddy on this machine that listens at `listen`, and for its owner at `admin`."""

    folder: Path
    listen: str
    admin: str

    def follow(self, route: Route) -> None:
        """Send the traffic along `route`, at once and without dropping a call; start if need be.

        Raises:
            DeployError: Caddy refuses, or does not answer.
            MissingError: there is no Caddy on this machine.
        """
        wanted = make_configuration(route, listen=self.listen, admin=self.admin)
        process = Detached(self.folder)
        if process.is_alive() and self.read() == wanted:
            return
        if route.log:
            route.log.parent.mkdir(parents=True, exist_ok=True)
        if not process.is_alive():
            self._start(process, wanted)
        self._ask("POST", "/load", wanted)

    def read(self) -> Any:
        """The configuration that Caddy follows now."""
        return self._ask("GET", "/config/")

    def stop(self) -> None:
        """End Caddy, once calls under way are answered."""
        Detached(self.folder).stop(seconds=ASK_S)

    def _start(self, process: Detached, wanted: dict[str, Any]) -> None:
        from contender import files

        path = self.folder / "caddy.json"
        files.write_text(path, json.dumps(wanted, indent=2))
        program = find_program("caddy", hint=HINT)
        process.start([program, "run", "--config", str(path)], {"HOME": str(self.folder)})

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        """Caddy's answer; while it is starting it is asked again."""
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport, timeout=ASK_S, trust_env=False) as client:
            try:
                answer = client.request(method, f"http://{self.admin}{path}", json=content)
            except httpx.TransportError as error:
                raise DeployError(
                    f"the proxy does not answer at `{self.admin}`: {error}; "
                    "expected Caddy's administration.",
                    hint=f"`{Detached(self.folder).output}` says why",
                ) from error
        if answer.is_error:
            raise DeployError(
                f"the proxy refuses its configuration: `{answer.text.strip()}`.",
                hint="the port of `release.port` may be taken; nothing was changed",
            )
        return answer.json() if answer.content else None
