"""Files are whole or not there: whatever stops a writer, readers see the old one or the new one."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender import files
from contender.errors import BusyError, IntegrityError, MissingError, WriteError

HEAD = "import os, signal, sys, time\nfrom pathlib import Path\nfrom contender import files\n"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def child(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `code` in another process, with `files` and `Path` at hand and arguments in `argv`."""
    command = [sys.executable, "-c", HEAD + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def names(folder: Path) -> list[str]:
    """What is in `folder`, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


@given(value=JSON)
@settings(deadline=None)
def test_json_reads_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Writer and reader are inverses."""
    path = tmp_path_factory.getbasetemp() / "value.json"
    files.write_json(path, value)
    assert files.read_json(path, made_by="x") == value


@given(st.dictionaries(st.text(), st.integers()), st.randoms())
@settings(deadline=None)
def test_equal_values_have_one_text_and_one_digest(value: dict[str, int], random: Any) -> None:
    """The order in which keys were put in does not show."""
    shuffled = dict(random.sample(list(value.items()), len(value)))
    assert files.to_json(shuffled) == files.to_json(value)
    assert files.sha256_of(shuffled) == files.sha256_of(value)
    assert files.sha256_of([value]) != files.sha256_of(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": -float("inf")}]])
def test_what_is_no_number_is_not_written(value: Any, tmp_path: Path) -> None:
    """NaN is no JSON; the file that was there stays."""
    files.write_json(tmp_path / "a.json", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", value)
    assert files.read_json(tmp_path / "a.json", made_by="x") == 1


@given(chunks=st.lists(st.binary(), max_size=5), failing=st.integers(0, 5))
@settings(deadline=None)
def test_a_write_is_all_or_nothing(
    chunks: list[bytes], failing: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever the block fails, the old content is there and nothing else; else the new one is."""
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "a"
    files.write_bytes(path, b"old")
    try:
        with files.replacing(path) as stream:
            for number, chunk in enumerate(chunks):
                if number == failing:
                    raise KeyboardInterrupt
                stream.write(chunk)
        expected = b"".join(chunks)
    except KeyboardInterrupt:
        expected = b"old"
    assert path.read_bytes() == expected
    assert names(folder) == ["a"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """Files that are not in the new folder are gone; a block that fails leaves the old folder."""
    path = tmp_path / "docs"
    for name in ("one", "two"):
        with files.replacing_folder(path) as folder:
            (folder / "inner").mkdir()
            files.write_text(folder / "inner" / name, name)
        assert names(path / "inner") == [name]
    with pytest.raises(WriteError, match=f"`{path}` could not be written: no room"):
        with files.replacing_folder(path) as folder:
            files.write_text(folder / "three", "half")
            raise OSError("no room")
    assert names(path / "inner") == ["two"]
    assert names(tmp_path) == ["docs"]


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    """Neither the folder nor the file need be there; text is UTF-8."""
    files.write_text(tmp_path / "a/b/c.txt", "rosé\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"ros\xc3\xa9\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder in the place of the file, or a file in the place of the folder."""
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for path in (tmp_path / "folder", tmp_path / "file/below"):
        with pytest.raises(WriteError, match=f"`{path}` could not be written"):
            files.write_text(path, "new")
    assert names(tmp_path) == ["file", "folder"]


def test_a_file_too_large_leaves_the_old_one(tmp_path: Path) -> None:
    """The system's limit on a file's size ends in an error that names it; nothing is left over."""
    path = tmp_path / "a"
    files.write_bytes(path, b"old")
    code = "files.write_bytes(Path(sys.argv[1]), bytes(100_000))"
    done = child(
        code, path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    )
    assert f"WriteError: `{path}` could not be written: File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    """SIGKILL in the middle: the old content is whole, and the next writer tidies up."""
    path = tmp_path / "a.[1]"
    files.write_bytes(path, b"old")
    code = (
        "with files.replacing(Path(sys.argv[1])) as stream:\n"
        "    stream.write(bytes(100_000))\n"
        "    stream.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert child(code, path).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.[1]"]


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    """Temporaries of a process at work, or of something else, are not tidied away."""
    mine = [f".a.{os.getppid()}.tmp", ".a.xyz.tmp", f".a.{9**40}.tmp", ".ab.999999999.tmp"]
    for name in mine:
        (tmp_path / name).write_text("half", encoding="utf-8")
    files.write_text(tmp_path / "a", "new")
    assert names(tmp_path) == sorted([*mine, "a"])


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    """Racing writers each replace all of it: what is there is what one of them wrote."""
    path = tmp_path / "a"
    code = "for _ in range(60): files.write_bytes(Path(sys.argv[1]), sys.argv[2].encode() * 50_000)"
    command = [sys.executable, "-c", HEAD + code, str(path)]
    seen = set()
    with subprocess.Popen([*command, "x"]) as one, subprocess.Popen([*command, "y"]) as other:
        racing = (one, other)
        while any(process.poll() is None for process in racing):
            if path.exists():
                content = path.read_bytes()
                seen.add((len(content), content[:1] * len(content) == content))
    assert [process.returncode for process in racing] == [0, 0]
    assert seen == {(50_000, True)}
    assert names(tmp_path) == ["a"]


def test_a_missing_file_names_its_maker(tmp_path: Path) -> None:
    """The message says which command makes it, for bytes, JSON and digests alike."""
    for read in (
        lambda path: files.read_bytes(path, made_by="make it"),
        lambda path: files.read_json(path, made_by="make it"),
        lambda path: files.verify(path, "0" * 64, made_by="make it"),
    ):
        with pytest.raises(MissingError, match="made by `make it`") as caught:
            read(tmp_path / "none")
        assert caught.value.hint == "run `make it` first"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"nonsense", b"{'a': 1}"])
def test_a_file_that_is_no_json_is_named(content: bytes, tmp_path: Path) -> None:
    """Empty, truncated or something else: an integrity error."""
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(IntegrityError, match="is not JSON"):
        files.read_json(tmp_path / "a.json", made_by="x")


@pytest.mark.parametrize("value", [{}, [], None, 3, "a.b", {"a": 1}, {"a": {}}, {"a": ["b"]}])
def test_json_without_its_keys_is_refused(value: Any, tmp_path: Path) -> None:
    """A key below a key is asked for by a dot; anything that lacks it is named."""
    path = tmp_path / "a.json"
    files.write_json(path, value)
    with pytest.raises(IntegrityError, match=r"lacks `a\.b`"):
        files.read_json(path, made_by="x", keys=("a.b",))
    files.write_json(path, {"a": {"b": None}})
    assert files.read_json(path, made_by="x", keys=("a.b", "a")) == {"a": {"b": None}}


@given(content=st.binary(min_size=1), position=st.integers(0))
@settings(deadline=None)
def test_any_other_byte_is_another_file(
    content: bytes, position: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A digest is that of its content alone: one bit flipped anywhere is found."""
    path = tmp_path_factory.getbasetemp() / "content"
    path.write_bytes(content)
    digest = files.sha256(path)
    assert files.verify(path, digest, made_by="x") == path
    index = position % len(content)
    path.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
    with pytest.raises(IntegrityError, match=f"expected `{digest[:12]}`"):
        files.verify(path, digest, made_by="x")


def test_the_way_out_removes_the_cached_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where dvc.lock names a cached copy it goes too; elsewhere the file alone does."""
    monkeypatch.chdir(tmp_path)
    assert files.remake(Path("a b"), made_by="make it") == "rm -f 'a b' && make it"
    Path("dvc.lock").write_text(
        "outs:\n    - path: models/m\n      hash: md5\n      md5: abcdef\n      size: 1\n",
        encoding="utf-8",
    )
    assert files.remake(Path("models/m"), made_by="make it") == (
        'rm -f models/m "$(dvc cache dir)"/files/md5/ab/cdef && make it'
    )
    assert files.remake(Path("models/mm"), made_by="make it") == "rm -f models/mm && make it"


def test_a_second_run_is_told_who_is_at_work(tmp_path: Path) -> None:
    """The lock names its holder, lets go when the block ends, and then is there for the next."""
    lock = tmp_path / "state/lock"
    code = (
        "try:\n"
        "    with files.only_run(Path(sys.argv[1])): print('mine')\n"
        "except files.BusyError as error: print(error)\n"
    )
    with files.only_run(lock):
        said = child(code, lock).stdout
        assert f"another run (process `{os.getpid()}`)" in said
    assert child(code, lock).stdout == "mine\n"
    with files.only_run(lock), pytest.raises(BusyError):
        with files.only_run(lock):
            pass


def test_a_killed_run_lets_go(tmp_path: Path) -> None:
    """Nobody has to remove a lock by hand after SIGKILL."""
    lock = tmp_path / "lock"
    code = (
        "with files.only_run(Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", HEAD + code, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process `{process.pid}`"):
            with files.only_run(lock):
                pass
        process.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with files.only_run(lock):
                break
        except BusyError:
            time.sleep(0.05)
    assert json.loads(lock.read_text(encoding="utf-8")) == os.getpid()
