"""A copy of this repository to run the pipeline in, with as many rows as wanted."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import ROOT, environment

from contender.params import load_params
from contender.paths import Paths


@contextmanager
def copied(rows: int | None = None) -> Iterator[Path]:
    """A git and DVC repository of the files as they are now; with `rows`, of that much data.

    Nothing has been run in it. It is gone after the block.
    """
    listed = run(["git", "ls-files", "-co", "--exclude-standard", "-z"], ROOT)
    with tempfile.TemporaryDirectory(prefix="contender-") as name:
        folder = Path(name)
        for file in filter(None, listed.split("\0")):
            if (ROOT / file).is_file():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, folder / file)
        run(["git", "init", "--quiet"], folder)
        run(["python", "-m", "contender", "pull"], folder)
        (folder / "dvc.lock").unlink(missing_ok=True)
        if rows:
            replace_rows(folder, rows)
        yield folder


def replace_rows(folder: Path, count: int) -> None:
    """Put `count` rows, resampled from the raw table with noise, in its place."""
    paths = Paths(root=folder)
    source = folder / load_params(paths.params).ingest.source
    sample = source.with_suffix(".sample")
    source.rename(sample)
    script = str(ROOT / "benchmarks/rows.py")
    run([sys.executable, script, str(sample), str(paths.schema), str(source), str(count)], folder)
    sample.unlink()
    run(["dvc", "add", "--quiet", str(source)], folder)


def run(command: list[str], folder: Path) -> str:
    """What `command` prints.

    Raises:
        SystemExit: it ended with another code than 0.
    """
    outcome = subprocess.run(
        command, cwd=folder, env=at(folder), capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        sys.exit(f"{' '.join(command)} ended with {outcome.returncode}\n{outcome.stderr}")
    return outcome.stdout


def at(folder: Path, **extra: str) -> dict[str, str]:
    """The environment of a command that works on the copy in `folder`, with the code there."""
    return environment(PYTHONPATH=os.fspath(folder / "src"), **extra)
