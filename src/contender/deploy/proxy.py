"""Caddy in front of the servers: configured once, and led by files that it reads with each call.

A changed configuration would close connections on which a caller has just sent a call. Which part
of the calls goes where is therefore no configuration: a call belongs to the canary when its random
name (a UUID of Caddy's own) is below a bound, and the bound and both addresses lie in files.
"""

import contextlib
import json
import shutil
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.deploy.detached import PAUSE_S, Detached, find_program
from contender.errors import DeployError

# A call that cannot reach its server is given to the other one for so long; one that was already
# taken is not repeated.
RETRY: Final = "2s"
ANSWER: Final = "10s"  # a server that says nothing for so long has failed
GRACE: Final = "30s"  # for calls under way when the proxy ends
START_S: Final = 10.0
HINT: Final = "`make rollout` installs it; or install Caddy from https://caddyserver.com"
CONFIGURATION: Final = "caddy.json"
LOG: Final = "access.jsonl"


@dataclass(frozen=True)
class Route:
    """Addresses of two servers, the share of calls that the canary gets, and a name for it all.

    Each stands in for the other when that cannot be reached. The proxy writes `step` beside each
    call that it passes on.
    """

    main: str
    canary: str
    share: float
    step: str

    def texts(self) -> dict[str, str]:
        """What the files say; eight hexadecimal digits begin the random name of a call."""
        bound = f"{int(self.share * 2**32):08x}" if self.share < 1 else "g"  # after all digits
        return {"main": self.main, "canary": self.canary, "bound": bound, "step": self.step}


def make_configuration(listen: str, folder: str) -> dict[str, Any]:
    """Caddy's configuration: what leads it, and what it writes down, lies in `folder`."""
    told = {name: f"{{file.{folder}/route/{name}}}" for name in ("main", "canary", "bound", "step")}
    notes = {
        "step": told["step"],
        "upstream": "{http.reverse_proxy.upstream.hostport}",
        "digest": "{http.reverse_proxy.header.X-Model-Digest}",
    }
    note = [{"handler": "log_append", "key": key, "value": at} for key, at in notes.items()]
    is_canary = [{"expression": "{http.request.uuid} < {http.vars.bound}"}]
    canary = {"match": is_canary, "handle": [_pass_on(told["canary"], told["main"])]}
    front = {
        "listen": [listen],
        "automatic_https": {"disable": True},
        "logs": {"default_logger_name": "access"},
        "routes": [
            {"handle": [{"handler": "vars", "bound": told["bound"]}, *note]},
            canary | {"terminal": True},
            {"handle": [_pass_on(told["main"], told["canary"])]},
        ],
    }
    return {
        "admin": {"disabled": True},
        "logging": {"logs": _make_logs(f"{folder}/{LOG}")},
        "apps": {"http": {"grace_period": GRACE, "servers": {"front": front}}},
    }


def _pass_on(address: str, other: str) -> dict[str, Any]:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": address}, {"dial": other}],
        "load_balancing": {"selection_policy": {"policy": "first"}, "try_duration": RETRY},
        "health_checks": {"passive": {"fail_duration": "1s"}},
        "transport": {"protocol": "http", "response_header_timeout": ANSWER},
    }


def _make_logs(path: str) -> dict[str, Any]:
    """One line a call, without what a caller may not want to be kept."""
    names = ("request>headers", "request>remote_ip", "request>client_ip", "resp_headers")
    left_out = {name: {"filter": "delete"} for name in names}
    rolled = {"roll_size_mb": 64, "roll_keep": 2, "roll_gzip": False}
    access = {
        "writer": {"output": "file", "filename": path, **rolled},
        "encoder": {"format": "filter", "wrap": {"format": "json"}, "fields": left_out},
        "include": ["http.log.access.access"],
    }
    quiet = ["http.log.access.access", "http.log.error.access"]
    return {"default": {"level": "ERROR", "exclude": quiet}, "access": access}


def lead(folder: Path, route: Route) -> None:
    """Let the proxy that reads `folder` follow `route` from its next call on.

    Raises:
        WriteError: the disk is full ...; it follows the route of before.
    """
    link, wanted = folder / "route", route.texts()
    if read_route(folder) == wanted:
        return
    place = folder / "routes" / files.sha256_of(asdict(route))[:16]
    with files.replacing_folder(place) as draft:
        for name, text in wanted.items():
            (draft / name).write_text(text, encoding="ascii")
    files.point(link, place)
    for old in place.parent.iterdir():
        if old != place:
            shutil.rmtree(old, ignore_errors=True)


def read_route(folder: Path) -> dict[str, str]:
    """What the files say that lead the proxy of `folder`; nothing when there are none."""
    link = folder / "route"
    return {path.name: path.read_text(encoding="ascii") for path in link.glob("*")}


@dataclass(frozen=True)
class Proxy:
    """A Caddy process of this machine that listens at `listen`."""

    folder: Path
    listen: str

    @property
    def log(self) -> Path:
        """One line a call."""
        return self.folder / LOG

    def follow(self, route: Route) -> None:
        """Send calls along `route` from now on; start if need be, or if it listens elsewhere.

        Raises:
            DeployError: Caddy does not start: its port may be taken.
            MissingError: there is no Caddy on this machine.
        """
        lead(self.folder, route)
        process, path = Detached(self.folder), self.folder / CONFIGURATION
        configuration = make_configuration(self.listen, str(self.folder.resolve()))
        wanted = json.dumps(configuration, indent=2)
        if process.is_alive() and path.read_text(encoding="utf-8") == wanted:
            return
        program = find_program("caddy", hint=HINT)
        self.stop()
        if self._listens():  # Caddy would share the port with another Caddy, and say nothing
            raise self._refuse("somebody listens there")
        files.write_text(path, wanted)
        process.start([program, "run", "--config", str(path)], {"HOME": str(self.folder)})
        end = time.monotonic() + START_S
        while not self._listens():
            if not process.is_alive() or time.monotonic() > end:
                raise self._refuse(process.last_words())
            time.sleep(PAUSE_S)

    def stop(self) -> None:
        """End the proxy once calls under way are answered."""
        Detached(self.folder).stop(seconds=START_S)

    def _refuse(self, why: str) -> DeployError:
        return DeployError(
            f"the proxy does not start at `{self.listen}`: `{why}`.",
            hint="set `release.port` in params.yaml to a port that is free",
        )

    def _listens(self) -> bool:
        host, port = self.listen.rsplit(":", 1)
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return True
        return False
