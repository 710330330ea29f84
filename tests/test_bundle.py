"""The bundle: written at once or not at all, and refused when one bit of it is another."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contender.bundle import GOLDEN, PARTS, SUMS, Bundle, open_bundle, point, write_bundle
from contender.errors import IntegrityError, MissingError, PredictionError, WriteError
from contender.problem.schema import Schema
from tests.servers.bundles import write_parts
from tests.servers.results import make_graph

SCHEMA = Schema.model_validate(
    {
        "dataset": "tiny",
        "row": "one thing",
        "task": "binary",
        "columns": {
            "id": {"role": "id", "dtype": "string", "meaning": "m"},
            "size": {"role": "feature", "dtype": "float", "nullable": True, "meaning": "m"},
            "kind": {
                "role": "feature",
                "dtype": "string",
                "categories": ["new", "old"],
                "meaning": "m",
            },
            "kept": {
                "role": "target",
                "dtype": "string",
                "categories": ["no", "yes"],
                "positive": "yes",
                "meaning": "m",
            },
        },
    }
)


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """The parts of a bundle of a tiny model."""
    return write_parts(tmp_path / "parts", make_graph(), SCHEMA)


@pytest.fixture
def bundle(parts: dict[str, Path], tmp_path: Path) -> Bundle:
    """A bundle of a tiny model."""
    return write_bundle(parts, tmp_path / "bundles")


def files_of(bundle: Bundle) -> list[str]:
    """The names of all its files."""
    return sorted(path.name for path in bundle.folder.iterdir())


def test_a_bundle_is_named_by_its_digest(bundle: Bundle) -> None:
    """The folder's name is the SHA-256 of the list of the SHA-256 of all other files."""
    digest = hashlib.sha256((bundle.folder / SUMS).read_bytes()).hexdigest()

    assert bundle.folder.name == bundle.digest == digest
    assert files_of(bundle) == sorted([*PARTS, GOLDEN, SUMS])
    assert set(bundle.sums) == {*PARTS, GOLDEN}


def test_sha256sum_agrees(bundle: Bundle) -> None:
    """Anybody can check a bundle with the tool of their system."""
    tool = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]
    command = [*tool, "--check", "--quiet", SUMS]

    assert subprocess.run(command, cwd=bundle.folder, check=False).returncode == 0


def test_the_same_parts_are_the_same_bundle(parts: dict[str, Path], bundle: Bundle) -> None:
    """Written again, it is the one that is there, untouched."""
    before = (bundle.folder / SUMS).stat().st_mtime_ns
    again = write_bundle(parts, bundle.folder.parent)

    assert again == bundle
    assert (bundle.folder / SUMS).stat().st_mtime_ns == before
    assert os.listdir(bundle.folder.parent) == [bundle.digest]


def test_another_part_is_another_bundle(parts: dict[str, Path], bundle: Bundle) -> None:
    """One byte more in the model card is another digest."""
    parts["MODEL_CARD.md"].write_text("# Another\n")

    assert write_bundle(parts, bundle.folder.parent).digest != bundle.digest


def test_many_writers_make_one_bundle(parts: dict[str, Path], tmp_path: Path) -> None:
    """Written by many at once, it is there once, whole, with nothing half-written beside it."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: write_bundle(parts, tmp_path / "bundles"), range(16)))

    assert len({item.digest for item in made}) == 1
    assert os.listdir(tmp_path / "bundles") == [made[0].digest]


def test_golden_records_cover_the_schema(bundle: Bundle) -> None:
    """Both ends, the middle and nulls are in it, each with a prediction between 0 and 1."""
    golden = bundle.golden()

    assert {record["kind"] for record in golden.records} == {"new", "old"}
    assert golden.records[-1]["size"] is None
    assert len(golden.predictions) == len(golden.records) == 4
    assert all(0 < prediction < 1 for prediction in golden.predictions)


@pytest.mark.parametrize("name", [*PARTS, GOLDEN, SUMS])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_flipped_bit_is_refused(bundle: Bundle, name: str, where: float) -> None:
    """In any file, at any place."""
    path = bundle.folder / name
    content = bytearray(path.read_bytes())
    content[round(where * (len(content) - 1))] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)

    with pytest.raises(IntegrityError, match="not a bundle that may be used"):
        open_bundle(bundle.folder, digest=bundle.digest)


def rename_in_sums(bundle: Bundle) -> None:
    """Let the list name another file than there is."""
    path = bundle.folder / SUMS
    path.chmod(0o644)
    path.write_text(path.read_text().replace("model.onnx", "other.onnx"))


def swap_for_link(bundle: Bundle) -> None:
    """Put a link to the same content where a file was."""
    path = bundle.folder / "model.onnx"
    elsewhere = bundle.folder.parent / "model.onnx"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def add_folder(bundle: Bundle) -> None:
    """Put a folder beside the files."""
    (bundle.folder / "more").mkdir()


CHANGES: dict[str, Callable[[Bundle], object]] = {
    "`extra.py` is missing, or not listed": lambda b: (b.folder / "extra.py").write_text(
        "import os"
    ),
    "`more` is missing, or not listed": add_folder,
    "`model.onnx` is missing, or not listed": lambda b: (b.folder / "model.onnx").unlink(),
    "`model.onnx, other.onnx` is missing": rename_in_sums,
    "`model.onnx` is not the file": swap_for_link,
}


@pytest.mark.parametrize("reason", CHANGES)
def test_a_changed_folder_is_refused(bundle: Bundle, reason: str) -> None:
    """A file too many, one too few, or something else where a file was."""
    CHANGES[reason](bundle)

    with pytest.raises(IntegrityError, match=reason):
        open_bundle(bundle.folder)


@pytest.mark.parametrize("content", ["", "nonsense\n", "0" * 64 + "  ../model.onnx\n"])
def test_a_list_that_lists_nothing_is_refused(bundle: Bundle, content: str) -> None:
    """Empty, garbage, or names outside the folder."""
    (bundle.folder / SUMS).chmod(0o644)
    (bundle.folder / SUMS).write_text(content)

    with pytest.raises(IntegrityError, match="is not a list of distinct files"):
        open_bundle(bundle.folder)


def test_a_bundle_without_proof_is_refused(bundle: Bundle) -> None:
    """Whole, with digests that fit, but without golden records: it is no bundle."""
    (bundle.folder / GOLDEN).unlink()
    lines = (bundle.folder / SUMS).read_text().splitlines(keepends=True)
    (bundle.folder / SUMS).chmod(0o644)
    (bundle.folder / SUMS).write_text("".join(line for line in lines if GOLDEN not in line))

    with pytest.raises(IntegrityError, match="`golden.json` is not in it"):
        open_bundle(bundle.folder)


def test_another_digest_is_refused(bundle: Bundle) -> None:
    """A whole bundle that is not the one that was asked for."""
    with pytest.raises(IntegrityError, match="its digest is"):
        open_bundle(bundle.folder, digest="0" * 64)


@pytest.mark.parametrize("make", [False, True])
def test_no_bundle_is_missing(tmp_path: Path, make: bool) -> None:
    """Nothing there, or an empty folder: missing, not empty."""
    if make:
        (tmp_path / "none").mkdir()

    with pytest.raises(MissingError):
        open_bundle(tmp_path / "none")


def test_what_changes_after_opening_is_noticed(bundle: Bundle) -> None:
    """A file is proven again as it is read."""
    (bundle.folder / "model.onnx").chmod(0o644)
    (bundle.folder / "model.onnx").write_bytes(make_graph(0.7))

    with pytest.raises(IntegrityError, match="`model.onnx` is not the file"):
        bundle.read("model.onnx")


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_needed(parts: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Left out, or named but not there: nothing is written."""
    with pytest.raises(MissingError, match=name):
        write_bundle({key: path for key, path in parts.items() if key != name}, tmp_path / "new")
    parts[name].unlink()
    with pytest.raises(MissingError, match=name):
        write_bundle(parts, tmp_path / "new")

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": {"content": {}}}'])
def test_a_manifest_of_nothing_is_refused(
    parts: dict[str, Path], tmp_path: Path, content: str
) -> None:
    """Without a schema nobody could be told what to send."""
    parts["manifest.json"].write_text(content)

    with pytest.raises(IntegrityError, match="lacks what belongs there"):
        write_bundle(parts, tmp_path / "new")


def test_the_manifest_of_another_model_is_refused(parts: dict[str, Path], tmp_path: Path) -> None:
    """Model and manifest belong together."""
    parts["model.onnx"].write_bytes(make_graph(0.7))

    with pytest.raises(IntegrityError, match="speaks of"):
        write_bundle(parts, tmp_path / "new")


def test_a_model_that_predicts_nan_is_refused(tmp_path: Path) -> None:
    """A model that cannot predict its own schema has no golden records, so no bundle."""
    parts = write_parts(tmp_path / "parts", make_graph(float("nan")), SCHEMA)

    with pytest.raises(PredictionError):
        write_bundle(parts, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_told(parts: dict[str, Path], tmp_path: Path) -> None:
    """A file where the folder should be: an error that says so, and nothing half-written."""
    (tmp_path / "bundles").write_text("in the way")

    with pytest.raises(WriteError, match="cannot be written to"):
        write_bundle(parts, tmp_path / "bundles")


def test_a_link_leads_somewhere_at_every_moment(parts: dict[str, Path], tmp_path: Path) -> None:
    """Moved to and fro, it is never missing, never half-way, and may be moved with its folder."""
    first = write_bundle(parts, tmp_path / "bundles")
    parts["MODEL_CARD.md"].write_text("# Another\n")
    second = write_bundle(parts, tmp_path / "bundles")
    link = tmp_path / "bundles" / "current"
    for bundle in (first, second, second, first):
        point(link, bundle)
        assert open_bundle(link) == bundle
    shutil.move(tmp_path / "bundles", tmp_path / "moved")

    assert open_bundle(tmp_path / "moved/current").digest == first.digest
    assert len(os.listdir(tmp_path / "moved")) == 3


def test_a_folder_is_not_replaced_by_a_link(bundle: Bundle, tmp_path: Path) -> None:
    """What is no link stays."""
    (tmp_path / "current").mkdir()

    with pytest.raises(WriteError, match="could not be pointed"):
        point(tmp_path / "current", bundle)
    assert (tmp_path / "current").is_dir()
