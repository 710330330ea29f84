"""The raw data is pulled and moved with real git, DVC and S3 servers; nothing counts unread."""

import hashlib
import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contender import objects, storage
from contender.errors import (
    BusyError,
    ContenderError,
    DataError,
    IntegrityError,
    ParameterError,
    StorageError,
    WriteError,
)
from contender.paths import Paths
from tests.conftest import git
from tests.servers.faulty_s3 import Changes, Drops, Half, Holds, running_fault
from tests.servers.processes import free_port
from tests.servers.s3 import ObjectStore, running_object_store

CONTENT = "".join(f"{number},{number * number}\n" for number in range(60_000))
MD5 = hashlib.md5(CONTENT.encode()).hexdigest()
RAW = "data/raw/table.csv"
PULL = "from pathlib import Path; from contender import storage; from contender.paths import Paths;"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a table under DVC, stored in the embedded remote."""
    root = tmp_path_factory.mktemp("original")
    git(root, "init", "--quiet")
    (root / "data/raw").mkdir(parents=True)
    (root / RAW).write_text(CONTENT)
    dvc(root, "init", "--quiet")
    dvc(root, "add", "--quiet", RAW)
    dvc(root, "remote", "add", "--quiet", "--default", "store", "data/store")
    dvc(root, "remote", "modify", "store", "verify", "true")
    dvc(root, "push", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=A table")
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone of it, without the table, as the working directory."""
    git(tmp_path, "clone", "--quiet", str(original), "fork")
    monkeypatch.chdir(tmp_path / "fork")
    return tmp_path / "fork"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An S3 server with a bucket named `bucket`."""
    with running_object_store(tmp_path_factory.mktemp("s3")) as server:
        server.create_bucket("bucket")
        yield server


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials where a user has them: in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_a_fresh_clone_gets_its_data(root: Path) -> None:
    """The embedded remote is in git, so nothing but the clone is needed."""

    assert storage.pull(Paths(root)) == [root / RAW]
    assert (root / RAW).read_text() == CONTENT


def test_data_that_is_there_is_only_verified(root: Path) -> None:
    """The second pull changes no file and does not even load DVC."""
    storage.pull(Paths(root))
    before = (root / RAW).stat()

    code = f"{PULL} import sys; storage.pull(Paths()); sys.exit('dvc' in sys.modules)"

    assert python(root, code).returncode == 0
    assert (root / RAW).stat() == before


def test_no_pointer_is_not_success(root: Path) -> None:
    """A folder in which nothing is tracked is an error, not nothing to do."""
    (root / f"{RAW}.dvc").unlink()

    with pytest.raises(DataError, match="no pointer"):
        storage.pull(Paths(root))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"outs: []\n",
        b"outs:\n- path: table.csv\n",
        b"outs:\n- md5: .nan\n  path: table.csv\n",
        b"outs:\n- md5: 0e10426a1d5bddffcef02f1345787128.dir\n  path: table\n",
        b"<<<<<<< HEAD\nouts:\n=======\n",
        b"\xff\xfe\x00garbage",
    ],
)
def test_a_pointer_that_names_nothing_is_an_error(root: Path, content: bytes) -> None:
    """An empty, conflicting or binary pointer, or one without an MD5, verifies no file."""
    (root / f"{RAW}.dvc").write_bytes(content)

    with pytest.raises(DataError, match=re.escape(f"{RAW}.dvc")):
        storage.pull(Paths(root))


def test_data_that_was_never_pushed_is_an_error(root: Path) -> None:
    """The message names the object that is missing, and where it was looked for."""
    stored(root).unlink()

    with pytest.raises(DataError, match=f"data/store` has no object `{MD5}`"):
        storage.pull(Paths(root))
    assert not (root / RAW).exists()


def test_an_object_damaged_in_the_remote_is_not_brought(root: Path) -> None:
    """A truncated object reaches neither the work tree nor the cache."""
    stored(root).write_text(CONTENT[:-1])

    with pytest.raises(IntegrityError, match="data/store` has the MD5"):
        storage.pull(Paths(root))
    assert not (root / RAW).exists()
    assert not cached(root).exists()


def test_a_damaged_cache_is_not_checked_out(root: Path) -> None:
    """The damage is found before it gets into the work tree, and the hint mends it."""
    storage.pull(Paths(root))
    (root / RAW).unlink()
    damage(cached(root))

    with pytest.raises(IntegrityError, match="cached copy .* is damaged") as caught:
        storage.pull(Paths(root))

    assert not (root / RAW).exists()
    follow(caught.value, root)
    assert (root / RAW).read_text() == CONTENT


def test_what_dvc_checks_out_of_a_damaged_cache_is_caught(root: Path) -> None:
    """`dvc checkout` hands it out with exit code 0; pull says so, and the hint mends it."""
    storage.pull(Paths(root))
    (root / RAW).unlink()
    damage(cached(root))
    dvc(root, "checkout", RAW)
    assert (root / RAW).read_text() != CONTENT

    with pytest.raises(IntegrityError, match="cached copy .* is damaged") as caught:
        storage.pull(Paths(root))

    follow(caught.value, root)
    assert (root / RAW).read_text() == CONTENT


def test_an_edited_file_is_named_and_left_alone(root: Path) -> None:
    """An edit is never undone by pull; the hint has one command to keep it, one to undo it."""
    storage.pull(Paths(root))
    write(root / RAW, "edited\n")

    with pytest.raises(IntegrityError, match="edited") as caught:
        storage.pull(Paths(root))
    assert (root / RAW).read_text() == "edited\n"
    keep, undo = re.findall("`(.+?)`", caught.value.hint)

    shell(undo, root)
    assert (root / RAW).read_text() == CONTENT
    write(root / RAW, "edited\n")
    shell(keep, root)
    assert storage.pull(Paths(root)) == [root / RAW]
    assert (root / RAW).read_text() == "edited\n"


def test_an_edit_survives_a_damaged_cache(root: Path) -> None:
    """Two faults at once: the file differs from the damaged copy, so it is still called an edit."""
    storage.pull(Paths(root))
    damage(cached(root))
    write(root / RAW, "edited\n")

    with pytest.raises(IntegrityError, match="edited"):
        storage.pull(Paths(root))
    assert (root / RAW).read_text() == "edited\n"


@pytest.mark.parametrize("config", ["", "[core]\nremote = nowhere\n", "[core]\nremote\n"])
def test_a_missing_remote_is_an_error(root: Path, config: str) -> None:
    """No default remote, an unknown one, and a configuration that cannot be parsed."""
    (root / ".dvc/config").write_text(config)

    with pytest.raises(DataError, match="cannot be used by DVC"):
        storage.pull(Paths(root))


def test_a_folder_without_dvc_is_an_error(root: Path) -> None:
    """A clone whose `.dvc` was lost is told to restore it."""
    shutil.rmtree(root / ".dvc")

    with pytest.raises(DataError, match="cannot be used by DVC"):
        storage.pull(Paths(root))


def test_a_second_command_at_work_is_an_error(root: Path) -> None:
    """While DVC holds its lock, pull does not touch the cache."""
    with objects.open_repository(root), pytest.raises(BusyError):
        storage.pull(Paths(root))
    assert not (root / RAW).exists()


@pytest.mark.parametrize("room", [len(CONTENT) // 2, 20_000])
def test_a_full_disk_leaves_nothing_half_written(root: Path, room: int) -> None:
    """Room for neither the file nor, in the second case, for DVC's own records of it."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room},) * 2);"
    elsewhere = f"import os; os.environ['DVC_SITE_CACHE_DIR'] = '{root / '.dvc/tmp/site'}';"

    failed = python(root, f"{limit} {elsewhere} {PULL} storage.pull(Paths())")

    assert WriteError.__name__ in failed.stderr
    assert not (root / RAW).exists()
    assert storage.pull(Paths(root)) == [root / RAW]


def test_a_pull_killed_half_way_is_finished_by_the_next(root: Path) -> None:
    """Half a download is neither data nor cache."""
    with running_fault(Half) as server:
        use_server(root, server.url)
        kill_when(server.reached, root, f"{PULL} storage.pull(Paths())")

    assert not (root / RAW).exists()
    git(root, "checkout", "--quiet", ".dvc/config")
    assert storage.pull(Paths(root)) == [root / RAW]
    assert (root / RAW).read_text() == CONTENT


def test_a_move_to_s3_is_where_clones_pull_from(root: Path, s3: ObjectStore) -> None:
    """After the move the embedded store can go: a clone without it gets its data."""
    storage.move_remote(Paths(root), "s3://bucket/moved", endpoint_url=s3.url)
    git(root, "rm", "--quiet", "-r", "data/store")
    git(root, "commit", "--quiet", "--all", "--message=Move the data to S3")
    git(root.parent, "clone", "--quiet", "fork", "second")

    assert storage.pull(Paths(root.parent / "second")) == [root.parent / "second" / RAW]
    assert (root.parent / "second" / RAW).read_text() == CONTENT
    assert "verify = true" in (root / ".dvc/config").read_text()


def test_a_second_move_stores_nothing_again(root: Path, s3: ObjectStore) -> None:
    """Run twice, the same command leaves the same configuration and the same object."""
    storage.move_remote(Paths(root), "s3://bucket/twice", endpoint_url=s3.url)
    config, stamp = (root / ".dvc/config").read_bytes(), modified(s3, "twice")
    time.sleep(1.1)

    storage.move_remote(Paths(root), "s3://bucket/twice", endpoint_url=s3.url)

    assert (root / ".dvc/config").read_bytes() == config
    assert modified(s3, "twice") == stamp


def test_a_damaged_object_is_stored_again(root: Path, s3: ObjectStore) -> None:
    """What an earlier attempt left behind is believed only after it was read."""
    client(s3).put_object(Bucket="bucket", Key=key("mended"), Body=b"damaged")

    storage.move_remote(Paths(root), "s3://bucket/mended", endpoint_url=s3.url)

    body = client(s3).get_object(Bucket="bucket", Key=key("mended"))["Body"].read()
    assert body == CONTENT.encode()


def test_a_move_to_a_folder_is_relative_inside_the_repository(root: Path) -> None:
    """A folder of the repository is named from `.dvc`, so that the next clone finds it too."""
    (root / "elsewhere").mkdir()

    storage.move_remote(Paths(root), "elsewhere")

    assert "url = ../elsewhere\n" in (root / ".dvc/config").read_text()
    assert stored(root, "elsewhere").read_text() == CONTENT


def test_a_move_leaves_the_rest_of_the_configuration(root: Path, s3: ObjectStore) -> None:
    """Comments and other remotes stay; options of an earlier move do not leak into the next."""
    config = root / ".dvc/config"
    config.write_text("# kept\n" + config.read_text())
    (root.parent / "share").mkdir()
    storage.move_remote(Paths(root), "s3://bucket/first", endpoint_url=s3.url)

    storage.move_remote(Paths(root), "../share")

    text = config.read_text()
    assert text.startswith("# kept\n")
    assert "../data/store" in text
    assert "endpointurl" not in text
    assert dvc(root, "remote", "default").strip() == storage.REMOTE


@pytest.mark.parametrize(
    "url",
    ["", " ", "s3://", "s3:///", "ftp://host/path", "not/a/folder", "/not/mounted", "s3:/bucket"],
)
def test_a_place_that_is_none_is_refused(root: Path, url: str) -> None:
    """A misspelt address or a share that is not mounted must not become a new local folder."""
    refused(root, url, ParameterError)


def test_an_endpoint_of_a_folder_is_refused(root: Path) -> None:
    """An option that would have no effect is an error."""
    refused(root, str(root.parent), ParameterError, endpoint_url="http://127.0.0.1")


@pytest.mark.parametrize("kind", ["gs", "azure"])
def test_a_missing_plugin_is_named_with_its_command(root: Path, kind: str) -> None:
    """The hint is the command that installs it."""
    if importlib.util.find_spec(storage.PLUGINS[kind]):
        pytest.skip("the plugin is installed here")

    error = refused(root, f"{kind}://bucket/path", ParameterError)

    assert f"uv sync --frozen --inexact --group {kind}" in error.hint


def test_a_bucket_that_does_not_exist_is_refused(root: Path, s3: ObjectStore) -> None:
    """DVC alone says `1 files failed to upload`; here the server's own words are in the message."""
    error = refused(root, "s3://no-such-bucket/path", StorageError, endpoint_url=s3.url)

    assert "The specified bucket does not exist" in str(error)


def test_a_wrong_key_is_refused(root: Path, tmp_path: Path) -> None:
    """A server that checks keys and knows none of ours."""
    with running_object_store(tmp_path) as server:
        server.create_bucket("bucket")
        check_keys(server)

        error = refused(root, "s3://bucket/path", StorageError, endpoint_url=server.url)

    assert "credentials" in error.hint


def test_no_key_at_all_is_refused(
    root: Path, s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials nothing is sent."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    error = refused(root, "s3://bucket/path", StorageError, endpoint_url=s3.url)

    assert "credentials" in str(error)


def test_a_server_that_is_down_is_refused_soon(root: Path) -> None:
    """Retries are bounded: nobody waits for minutes."""
    start_time = time.monotonic()

    refused(root, "s3://bucket/path", StorageError, endpoint_url=f"http://127.0.0.1:{free_port()}")

    assert time.monotonic() - start_time < 25


def test_a_server_that_never_answers_is_refused_soon(root: Path) -> None:
    """It takes connections and says nothing, as behind a wrong firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        start_time = time.monotonic()

        refused(
            root,
            "s3://bucket/path",
            StorageError,
            endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
        )

    assert time.monotonic() - start_time < 35


def test_a_storage_that_drops_what_it_takes_is_refused(root: Path) -> None:
    """It says yes to everything and keeps nothing: that is seen by reading back."""
    with running_fault(Drops) as server:
        error = refused(root, "s3://bucket/path", StorageError, endpoint_url=server.url)

    assert "gives back `None`" in str(error)


def test_a_storage_that_changes_what_it_takes_is_refused(root: Path) -> None:
    """Whatever is asked for, it gives the same other bytes."""
    with running_fault(Changes) as server:
        error = refused(root, "s3://bucket/path", StorageError, endpoint_url=server.url)

    assert hashlib.md5(Changes.BODY).hexdigest() in str(error)


def test_a_move_killed_half_way_changes_nothing(root: Path, s3: ObjectStore) -> None:
    """The configuration is written last, and the next attempt succeeds."""
    before = (root / ".dvc/config").read_bytes()
    with running_fault(Holds) as server:
        code = f"{PULL} storage.move_remote(Paths(), 's3://bucket/k', endpoint_url='{server.url}')"
        kill_when(server.reached, root, code)

    assert (root / ".dvc/config").read_bytes() == before
    storage.move_remote(Paths(root), "s3://bucket/killed", endpoint_url=s3.url)
    assert b"s3://bucket/killed" in (root / ".dvc/config").read_bytes()


def test_damaged_data_is_never_moved(root: Path, s3: ObjectStore) -> None:
    """A damaged cached copy ends the move before anything is stored."""
    storage.pull(Paths(root))
    damage(cached(root))

    refused(root, "s3://bucket/damaged", IntegrityError, endpoint_url=s3.url)

    assert "Contents" not in client(s3).list_objects_v2(Bucket="bucket", Prefix="damaged/")


def test_a_remote_that_is_down_is_not_an_empty_one(root: Path) -> None:
    """DVC's own `exists` says False of a server that nobody can reach."""
    use_server(root, f"http://127.0.0.1:{free_port()}")

    with pytest.raises(StorageError, match="cannot be used"):
        storage.pull(Paths(root))


@pytest.mark.parametrize("kind", ["gs", "azure"])
def test_a_remote_without_its_plugin_is_named_with_its_command(root: Path, kind: str) -> None:
    """Somebody else moved the data, and this environment was not synchronised since."""
    if importlib.util.find_spec(storage.PLUGINS[kind]):
        pytest.skip("the plugin is installed here")
    (root / ".dvc/config").write_text(
        f"[core]\nremote = there\n['remote \"there\"']\nurl = {kind}://bucket/path\n"
    )

    with pytest.raises(StorageError, match=f"dvc-{kind}") as caught:
        storage.pull(Paths(root))
    assert f"--group {kind}" in caught.value.hint


def refused(
    root: Path, url: str, expected: type[ContenderError], *, endpoint_url: str | None = None
) -> ContenderError:
    """The error that a move to `url` ends with, once .dvc/config is proven to be as it was."""
    before = (root / ".dvc/config").read_bytes()
    with pytest.raises(expected) as caught:
        storage.move_remote(Paths(root), url, endpoint_url=endpoint_url)
    assert (root / ".dvc/config").read_bytes() == before
    return caught.value


def dvc(root: Path, *arguments: str) -> str:
    """What `dvc` says to `arguments` in `root`."""
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def python(root: Path, code: str) -> subprocess.CompletedProcess[str]:
    """The finished process of `code` in `root`."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def kill_when(reached: threading.Event, root: Path, code: str) -> None:
    """Run `code` in `root`, and end it as a lost machine does once `reached` is set."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stderr=subprocess.PIPE
    ) as process:
        came = reached.wait(60)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
    assert came, said.decode()


def shell(command: str, root: Path) -> None:
    """Type `command` in `root`."""
    subprocess.run(command, shell=True, cwd=root, check=True, capture_output=True)


def follow(error: ContenderError, root: Path) -> None:
    """Type what the hint of `error` says."""
    (command,) = re.findall("`(.+?)`", error.hint)
    shell(command, root)


def stored(root: Path, store: str = "data/store") -> Path:
    """The object of the table in a folder that is a remote."""
    return root / store / "files/md5" / MD5[:2] / MD5[2:]


def cached(root: Path) -> Path:
    """The object of the table in the cache."""
    return stored(root, ".dvc/cache")


def damage(path: Path) -> None:
    """Change one byte in the middle; DVC, which trusts read-only files, does not look."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    write(path, content.decode())
    path.chmod(0o444)


def write(path: Path, content: str) -> None:
    """Replace a file that may be read-only or share its bytes with another."""
    path.unlink()
    path.write_text(content)


def key(prefix: str) -> str:
    """The name of the table's object below `prefix`."""
    return f"{prefix}/files/md5/{MD5[:2]}/{MD5[2:]}"


def client(server: ObjectStore) -> Any:
    """A client that is not ours."""
    import boto3

    return boto3.client("s3", endpoint_url=server.url)


def modified(server: ObjectStore, prefix: str) -> object:
    """When the table's object was last written."""
    return client(server).head_object(Bucket="bucket", Key=key(prefix))["LastModified"]


def check_keys(server: ObjectStore) -> None:
    """Have moto refuse whom it does not know, from now on."""
    import urllib.request

    url = f"{server.url}/moto-api/reset-auth"
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(url, data=b"0", method="POST", headers=plain)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def use_server(root: Path, url: str) -> None:
    """Have `root` pull from the S3 server at `url`."""
    (root / ".dvc/config").write_text(
        f"[core]\nremote = there\n['remote \"there\"']\nurl = s3://bucket\nendpointurl = {url}\n"
    )
