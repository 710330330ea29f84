"""What a command costs, how the figures are shown, and where they are kept."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = Path(__file__).resolve().parent / "results"
RSS_BYTES: Final = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss
VERDICTS: Final = {None: "", True: "met", False: "missed"}
QUIET: Final = {
    "OMP_NUM_THREADS": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Usage:
    """What one command cost, with every process it started and waited for."""

    name: str
    cpu_s: float
    wall_s: float
    peak_mb: float  # of the largest process


@dataclass(frozen=True)
class Bar:
    """A figure and the limit that it must not exceed; None for one that is only shown.

    With `is_least` it is the least that will do.
    """

    name: str
    value: float
    limit: float | None = None
    is_least: bool = False

    @property
    def met(self) -> bool | None:
        """True when the limit is kept; NaN keeps no limit. None without a limit."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def measure(
    name: str, command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> Usage:
    """The cost of `command`; its output is shown only when it fails.

    Raises:
        SystemExit: the command ended with another code than 0.
    """
    started = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{said.decode()}\n{' '.join(command)} ended with {process.returncode}")
    return Usage(
        name,
        cpu_s=round(used.ru_utime + used.ru_stime, 3),
        wall_s=round(time.monotonic() - started, 3),
        peak_mb=round(used.ru_maxrss * RSS_BYTES / 1e6, 1),
    )


def cheapest(
    name: str,
    command: Sequence[str],
    *,
    times: int = 3,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> Usage:
    """The run of `times` that took least CPU: what others do on the machine only ever adds."""
    runs = [measure(name, command, cwd=cwd, env=env) for _ in range(times)]
    return min(runs, key=lambda usage: usage.cpu_s)


def environment(**extra: str) -> dict[str, str]:
    """The environment of a measured command: one thread, bytecode kept, nobody reported to."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | QUIET | {"PATH": path} | extra


def report(
    name: str, usages: Sequence[Usage], bars: Sequence[Bar], *, keep: bool = True, **facts: Any
) -> int:
    """Print both tables, `keep` them in results/<name>.json; 0 when every bar is met, else 1."""
    print(f"\n{'':<40}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
    for usage in usages:
        print(f"{usage.name:<40}{usage.cpu_s:>9.2f}{usage.wall_s:>9.2f}{usage.peak_mb:>9.0f}")
    if keep:
        write(RESULTS / f"{name}.json", [asdict(usage) for usage in usages], bars, facts)
    return conclude(bars)


def conclude(bars: Sequence[Bar]) -> int:
    """Print `bars`; 0 when there are some and every one is met, else 1."""
    print(f"\n{'':<52}{'value':>9}{'bar':>9}")
    for figure in bars:
        limit = "" if figure.limit is None else f"{figure.limit:9.2f}  {VERDICTS[figure.met]}"
        print(f"{figure.name:<52}{figure.value:>9.2f}{limit}")
    verdicts = [figure.met for figure in bars if figure.limit is not None]
    return 0 if verdicts and all(verdicts) else 1


def write(
    target: Path, measured: Sequence[Any], bars: Sequence[Bar], facts: Mapping[str, Any]
) -> None:
    """Put the figures and the machine they are of into the JSON file `target`."""
    content = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "facts": facts,
        "measured": measured,
        "bars": [asdict(figure) | {"met": figure.met} for figure in bars],
    }
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
