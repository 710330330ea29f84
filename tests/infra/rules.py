"""What must be so of every service in compose.yaml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

PINNED: Final = re.compile(r"[\w./-]+:v?[\d.]+(-\w+)?@sha256:[0-9a-f]{64}")
OURS: Final = re.compile(r"\$\{[A-Z]+_IMAGE:[?-].+\}")  # who deploys names it by its digest
LOOPBACK: Final = re.compile(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+")
SECRET: Final = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")


def read(path: Path) -> dict[str, Any]:
    """The content of the YAML file at `path`."""
    content: dict[str, Any] = YAML(typ="safe").load(path)
    return content


def broken(composition: Mapping[str, Any]) -> list[str]:
    """What is wrong with the services of `composition`, or that there are none."""
    services = composition.get("services") or {}
    found = [] if services else ["there is no service"]
    for name, service in services.items():
        found += [f"{name}: {what}" for what in _broken(service)]
    return found


def _broken(service: Mapping[str, Any]) -> list[str]:
    image = service.get("image", "")
    is_ours = bool(OURS.fullmatch(image))
    is_built = "build" in service
    user = service.get("user", "0")
    environment = service.get("environment", {})
    checks = {
        "its image is not pinned": is_ours or is_built or PINNED.fullmatch(image),
        "it has no health check": is_ours or service.get("healthcheck", {}).get("test"),
        "it may run as root": is_ours or is_built or not re.match(r"0|root", user),
        "it may gain rights": "no-new-privileges:true" in service.get("security_opt", ()),
        "it keeps rights": service.get("cap_drop") == ["ALL"] and not service.get("privileged"),
        "it gets rights back": set(service.get("cap_add", ())) <= {"NET_BIND_SERVICE"},
        "its root is not read-only": service.get("read_only") is True,
        "its memory has no limit": service.get("mem_limit"),
        "its processes have no limit": service.get("pids_limit"),
        "it does not come back": service.get("restart") == "unless-stopped",
        "a port is not on loopback": all(map(LOOPBACK.fullmatch, service.get("ports", ()))),
        "it is in the network of the host": "network_mode" not in service,
        "it reaches the engine": "docker.sock" not in str(service.get("volumes", ())),
        "a secret has a value": all(
            re.fullmatch(r"\$\{\w+:\?.+\}", str(value))
            for key, value in environment.items()
            if SECRET.search(key)
        ),
    }
    return [what for what, holds in checks.items() if not holds]
