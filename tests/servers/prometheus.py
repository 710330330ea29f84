"""A Prometheus of Debian's package, which scrapes what it is told to, several times a second."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.servers import stand_in
from tests.servers.processes import free_port, running
from tests.servers.serving import get


def find_prometheus() -> str:
    """The program; installed first where that is possible.

    Raises:
        RuntimeError: it is not there, and cannot be installed.
    """
    if not shutil.which("prometheus"):
        if not stand_in.can_install():
            raise RuntimeError("no program `prometheus`, and not root on Debian")
        stand_in.install("prometheus")
    return shutil.which("prometheus") or "prometheus"


@contextlib.contextmanager
def running_prometheus(folder: Path, pods: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The address of a Prometheus that scrapes `pods`: labels for each URL."""
    folder.mkdir()
    targets = [
        {"targets": [url.removeprefix("http://")], "labels": labels} for url, labels in pods.items()
    ]
    scrape = {"job_name": "contender", "scrape_interval": "200ms", "scrape_timeout": "200ms"}
    configuration = {"scrape_configs": [scrape | {"static_configs": targets}]}
    (folder / "prometheus.yml").write_text(json.dumps(configuration))
    url = f"http://127.0.0.1:{free_port()}"
    command = [find_prometheus(), f"--config.file={folder}/prometheus.yml"]
    command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address={url[7:]}"]
    with running(
        command, ready=lambda: get(f"{url}/-/ready").status_code == 200, log=folder / "log"
    ):
        yield url
