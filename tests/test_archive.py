"""Archives of bundles: the same bytes each time, and nothing harmful ever comes out of one."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from contender.bundle import Bundle, pack, unpack
from contender.bundle.archive import HEADER, MAX_BYTES
from contender.errors import IntegrityError, MissingError
from tests.servers.bundles import make_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of a small model."""
    return make_bundle(tmp_path_factory.mktemp("bundle"), estimator="linear")


def write(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """An archive of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(gzip.compress(stream.getvalue(), 9, mtime=0))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """A member of an archive."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def test_a_bundle_travels_whole(bundle: Bundle, tmp_path: Path) -> None:
    """Packed and unpacked, twice, file by file."""
    archive = pack(bundle, tmp_path / "out")
    for _ in range(2):
        arrived = unpack(archive, tmp_path / "in", digest=bundle.digest)

    assert arrived.digest == bundle.digest
    assert {name: arrived.read(name) for name in bundle.sums} == {
        name: bundle.read(name) for name in bundle.sums
    }


def test_the_same_bundle_is_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    """Whenever and wherever it is packed; a second time the first is kept."""
    first, second = pack(bundle, tmp_path / "one"), pack(bundle, tmp_path / "two")

    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(HEADER)
    assert pack(bundle, tmp_path / "one") == first


def test_another_file_is_not_overwritten(bundle: Bundle, tmp_path: Path) -> None:
    """Whatever has the name of the archive and is not the archive."""
    archive = pack(bundle, tmp_path)
    archive.write_bytes(b"mine")

    with pytest.raises(IntegrityError, match="cannot be unpacked"):
        pack(bundle, tmp_path)

    assert archive.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "bad",
    [
        member("../escaped"),
        member("/escaped"),
        member("folder/file"),
        member(".hidden"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("hard", tarfile.LNKTYPE, "model.onnx"),
        member("pipe", tarfile.FIFOTYPE),
        member("folder", tarfile.DIRTYPE),
    ],
    ids=lambda value: value.name,
)
def test_only_plain_files_come_out(bad: tarfile.TarInfo, tmp_path: Path) -> None:
    """No other place, no link, nothing special; nothing is written."""
    archive = write(tmp_path / "bad.tar.gz", (bad, b""))

    with pytest.raises(IntegrityError, match="not a plain file in one place"):
        unpack(archive, tmp_path / "in", digest="0" * 64)

    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar.gz"]


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two was proven would be a matter of luck."""
    archive = write(tmp_path / "bad.tar.gz", (member("a"), b"1"), (member("a"), b"2"))

    with pytest.raises(IntegrityError, match="`a` is in it twice"):
        unpack(archive, tmp_path / "in", digest="0" * 64)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A small file that would fill the memory."""
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(MAX_BYTES // 2**24 + 1):
            stream.write(bytes(2**24))

    with pytest.raises(IntegrityError, match="holds more than 256 MB"):
        unpack(path, tmp_path / "in", digest="0" * 64)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", gzip.compress(b""), gzip.compress(b"x" * 600)]
)
def test_garbage_is_no_archive(content: bytes, tmp_path: Path) -> None:
    """Nothing, no gzip, no tar."""
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(content)

    with pytest.raises(IntegrityError, match="is not the archive"):
        unpack(path, tmp_path / "in", digest="0" * 64)


def test_no_file_is_no_archive(tmp_path: Path) -> None:
    """It says which command makes one."""
    with pytest.raises(MissingError, match="contender champion export"):
        unpack(tmp_path / "none.tar.gz", tmp_path, digest="0" * 64)


@pytest.mark.parametrize("place", [4, 8, 9, 100, -8, -1])
def test_one_flipped_byte_is_refused(bundle: Bundle, tmp_path: Path, place: int) -> None:
    """Even one that changes no content, such as the time in the header."""
    archive = pack(bundle, tmp_path)
    content = bytearray(archive.read_bytes())
    content[place] ^= 1
    archive.write_bytes(content)

    with pytest.raises(IntegrityError, match="is not the archive"):
        unpack(archive, tmp_path / "in", digest=bundle.digest)

    assert not (tmp_path / "in").exists()
