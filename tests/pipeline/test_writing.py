"""Disks fill up, processes are killed: old results stay whole, and the message names the file."""

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from contender.paths import Paths
from tests import datasets
from tests.pipeline.projects import contender, copy, outputs, run

# Puts a small file system with the same files over a folder, fills it to the last byte, and runs a
# stage. In a mount namespace of its own: whatever happens, nothing stays mounted.
FULL_DISK = """
cp -a "$1" "$1.aside" && mount -t tmpfs -o size=3m none "$1" && cp -a "$1.aside/." "$1" || exit 99
cat /dev/zero > "$1/.filler" 2> /dev/null
"$3" -m contender "$2"
code=$?
cd "$1" && find . -type f ! -name .filler -exec sha256sum {} +
exit $code
"""
PRIVATE = ("unshare", "--map-root-user", "--mount")


def digests(folder: Path) -> set[tuple[str, str]]:
    """Digest and name of every file below `folder`."""
    return {
        (hashlib.sha256(path.read_bytes()).hexdigest(), f"./{path.relative_to(folder)}")
        for path in folder.rglob("*")
        if path.is_file()
    }


def may_mount() -> bool:
    """True where a file system can be mounted out of everybody's sight."""
    if not shutil.which("unshare"):
        return False
    command = [*PRIVATE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="no mount namespaces here: a full disk is not possible")
@pytest.mark.parametrize(
    ("stage", "folder", "file"),
    [
        ("ingest", "data/interim", "table.parquet"),
        ("split", "data/prepared", "train.parquet"),
        ("train", "models", "model.onnx"),
        ("evaluate", "reports", "metrics.json"),
    ],
)
def test_a_full_disk_leaves_the_old_results(
    stage: str, folder: str, file: str, finished: Paths, tmp_path: Path
) -> None:
    """No space left: the message names the file, what was there is there, and no half of it."""
    paths = copy(finished, tmp_path / "boxes")
    before = digests(paths.root / folder)
    command = ("sh", "-c", FULL_DISK, "sh", str(paths.root / folder), stage, sys.executable)
    said = run(paths.root, *PRIVATE, *command)
    assert (said.code, said.error) == (1, "WriteError"), said.err
    assert f"{folder}/{file}` could not be written: No space left on device" in said.err
    assert "free some space" in said.err
    lines = [line for line in said.out.splitlines() if not line.startswith("::")]
    assert {tuple(line.split("  ", 1)) for line in lines} == before


@pytest.mark.skipif(not may_mount(), reason="no mount namespaces here: a full disk is not possible")
def test_data_docs_that_do_not_fit_are_no_validation(finished: Paths, tmp_path: Path) -> None:
    """Great Expectations cannot write its pages: an error in words, no result that says valid."""
    paths = copy(finished, tmp_path / "boxes")
    command = ("sh", "-c", FULL_DISK, "sh", str(paths.reports), "validate", sys.executable)
    said = run(paths.root, *PRIVATE, *command)
    assert (said.code, said.error) == (1, "WriteError"), said.err
    assert "reports/data_docs" in said.err
    assert "validation.json" not in said.err.split("::error", 1)[1].split("\n", 1)[1]


@pytest.mark.parametrize(
    ("stage", "file"),
    [
        ("ingest", "data/interim/table.parquet"),
        ("split", "data/prepared/train.parquet"),
        ("train", "models/model.onnx"),
    ],
)
def test_a_limit_on_file_size_leaves_the_old_results(
    stage: str, file: str, finished: Paths, tmp_path: Path
) -> None:
    """The same where the system refuses more bytes in one file."""
    paths = copy(finished, tmp_path / "boxes")
    before = outputs(paths.root)
    said = run(
        paths.root,
        *(sys.executable, "-m", "contender", stage),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert (said.code, said.error) == (1, "WriteError"), said.err
    assert f"`{file}` could not be written: File too large" in said.err
    assert outputs(paths.root) == before


def test_a_stage_killed_while_it_writes_leaves_the_old_table(tmp_path: Path) -> None:
    """SIGKILL between the first byte and the last; the next run is whole, and tidies up."""
    paths = datasets.boxes(300).write(tmp_path / "boxes")
    datasets.run_stages(paths, "ingest")
    before = paths.table.read_bytes()
    grow(paths, times=500)
    while not killed_while_writing(paths):
        assert paths.table.read_bytes() == before
    assert paths.table.read_bytes() == before
    assert contender(paths, "ingest").code == 0
    assert pq.read_table(paths.table).num_rows == 150_000
    assert [path.name for path in paths.table.parent.iterdir()] == ["table.parquet"]


def grow(paths: Paths, *, times: int) -> None:
    """Repeat the raw table with new ids, so that writing it takes a while."""
    source = paths.raw / "boxes.csv"
    table = pd.read_csv(source, dtype=str, keep_default_na=False)
    many = pd.concat([table] * times, ignore_index=True)
    many.assign(box=[f"b{number}" for number in range(len(many))]).to_csv(source, index=False)


def killed_while_writing(paths: Paths) -> bool:
    """Start ingest and kill it at the first byte of its temporary; False when it was too fast."""
    before = paths.table.read_bytes()
    command = [sys.executable, "-m", "contender", "ingest"]
    with subprocess.Popen(command, cwd=paths.root) as process:
        half = paths.table.with_name(f".table.parquet.{process.pid}.tmp")
        while process.poll() is None:
            if half.exists() and half.stat().st_size:
                process.send_signal(signal.SIGKILL)
                process.wait()
                break
            time.sleep(0.0005)
    if half.exists():
        assert process.returncode == -signal.SIGKILL
        return True
    paths.table.write_bytes(before)
    return False


def test_a_folder_that_cannot_be_written_is_named(finished: Paths, tmp_path: Path) -> None:
    """A file where a folder should be: the message names what was to be written."""
    paths = copy(finished, tmp_path / "boxes")
    shutil.rmtree(paths.models)
    paths.models.write_text("in the way", encoding="utf-8")
    said = contender(paths, "train")
    assert (said.code, said.error) == (1, "WriteError"), said.err
    assert "`models/model.onnx` could not be written" in said.err
    assert paths.models.read_text(encoding="utf-8") == "in the way"
    assert os.listdir(paths.root).count("models") == 1
