"""Fetching a model: every byte proven, from the registry and from the cached copy."""

from pathlib import Path

import pytest

from contender import files
from contender.errors import IntegrityError, RegistryError
from contender.tracking import BUNDLE, Registry, Version
from tests.servers import results
from tests.servers.registries import Place


def test_a_fetched_folder_holds_what_was_recorded(registry: Registry, tmp_path: Path) -> None:
    """Byte for byte, and nothing else, in a folder named by the model's digest."""
    result = results.make_result(tmp_path / "one")
    version = registry.log(result)

    folder = registry.fetch(version, tmp_path / "champions")

    assert folder == tmp_path / "champions" / result.digest
    assert sorted(path.name for path in folder.iterdir()) == sorted(BUNDLE)
    for name in BUNDLE:
        assert (folder / name).read_bytes() == result.bundle[name].read_bytes()
    assert [path.name for path in folder.parent.iterdir()] == [result.digest]


def test_a_copy_that_is_there_is_not_downloaded_again(registry: Registry, tmp_path: Path) -> None:
    """It is read and proven, and stays the very same files."""
    version = registry.log(results.make_result(tmp_path / "one"))
    folder = registry.fetch(version, tmp_path / "champions")
    before = (folder / "model.onnx").stat().st_ino

    assert registry.fetch(version, tmp_path / "champions") == folder

    assert (folder / "model.onnx").stat().st_ino == before


def flip_byte(path: Path) -> None:
    """Change one byte in the middle of the file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Cut the last byte off."""
    path.write_bytes(path.read_bytes()[:-1])


DAMAGE = {"flipped": flip_byte, "truncated": truncate, "removed": Path.unlink}


@pytest.mark.parametrize("name", BUNDLE)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cached_copy_is_refused(
    local_place: Place, tmp_path: Path, name: str, damage: str
) -> None:
    """Whatever file of it, however it was changed."""
    registry = local_place.open()
    version = registry.log(results.make_result(tmp_path / "one"))
    folder = registry.fetch(version, tmp_path / "champions")
    DAMAGE[damage](folder / name)

    with pytest.raises(IntegrityError, match=f"`{name}` of the cached copy"):
        registry.fetch(version, tmp_path / "champions")


@pytest.mark.parametrize("name", BUNDLE)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_registry_is_refused(
    local_place: Place, tmp_path: Path, name: str, damage: str
) -> None:
    """Nothing of it is left in the folder for champions."""
    registry = local_place.open()
    version = registry.log(results.make_result(tmp_path / "one"))
    (stored,) = local_place.work.glob(f"mlartifacts/*/artifacts/model/{name}")
    DAMAGE[damage](stored)

    with pytest.raises(IntegrityError, match=f"`{name}` of the registry's version 1"):
        registry.fetch(version, tmp_path / "champions")

    assert not list((tmp_path / "champions").iterdir())


def test_tags_that_promise_another_model_are_refused(registry: Registry, tmp_path: Path) -> None:
    """Whoever changes the digest in the registry gets no model for it."""
    version = registry.log(results.make_result(tmp_path / "one"))
    changed = registry.tag(version, {"sha256.model.onnx": "0" * 64})

    with pytest.raises(IntegrityError, match="expected `000000000000`"):
        registry.fetch(changed, tmp_path / "champions")


def test_a_digest_is_never_a_path(registry: Registry, tmp_path: Path) -> None:
    """A tag that would lead out of the folder is refused before it is used."""
    version = registry.log(results.make_result(tmp_path / "one"))

    with pytest.raises(RegistryError, match="has no digest"):
        registry.tag(version, {"sha256.model.onnx": "../../elsewhere"})


def test_a_version_without_its_files_is_an_error(local_place: Place, tmp_path: Path) -> None:
    """The message says where they should be."""
    registry = local_place.open()
    version = registry.log(results.make_result(tmp_path / "one"))
    local_place.work.joinpath("mlartifacts").rename(tmp_path / "elsewhere")

    with pytest.raises(RegistryError, match=r"should be at `.*/mlartifacts/"):
        registry.fetch(version, tmp_path / "champions")


def test_fetching_what_others_fetched_meanwhile_is_fine(local_place: Place, tmp_path: Path) -> None:
    """Two versions of one model share a folder, as long as all their files agree."""
    registry = local_place.open()
    first = registry.log(results.make_result(tmp_path / "one"))
    second: Version = registry.log(results.make_result(tmp_path / "two", threshold="0.4"))

    assert registry.fetch(first, tmp_path / "c") == registry.fetch(second, tmp_path / "c")
    assert files.sha256(tmp_path / "c" / first.digest / "model.onnx") == first.digest
