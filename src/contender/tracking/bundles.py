"""From the registry's artifacts to a folder that the gate can use, every byte proven."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from contender import files
from contender.errors import IntegrityError, RegistryError
from contender.tracking.values import BUNDLE, DIGEST, Version

if TYPE_CHECKING:
    from mlflow import MlflowClient


def fetch_bundle(
    client: "MlflowClient", name: str, version: Version, folder: Path, *, uri: str
) -> Path:
    """The bundle of `version` in a folder below `folder` that is named by its digest.

    Downloaded when it is not there yet, in one step; read again and proven when it is.

    Raises:
        RegistryError: the artifacts are not where the registry says.
        IntegrityError: a file is not the one that was recorded.
    """
    place = folder / version.digest
    digests = {file: version.tags.get(f"{DIGEST}{file}", "") for file in BUNDLE}
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as draft:
            bundle = Path(draft, "bundle")
            download(client, name, version, bundle, uri=uri)
            check_bundle(bundle, digests, f"the registry's version {version.number} of `{name}`")
            if not place.exists():
                bundle.rename(place)
    return check_bundle(place, digests, f"the cached copy `{place}`")


def download(
    client: "MlflowClient", name: str, version: Version, bundle: Path, *, uri: str
) -> None:
    """Put those files of the bundle that the registry has into the new folder `bundle`."""
    from mlflow.artifacts import download_artifacts

    source = client.get_model_version_download_uri(name, str(version.number))
    local = local_path(source)
    if local is not None and not local.is_dir():
        raise RegistryError(
            f"version {version.number} of `{name}` should be at `{local}`, but nothing is there; "
            "expected the folder that the registry's database names.",
            hint="restore that folder, or record the model again in a registry of its own",
        )
    whole = bundle.with_name("whole")
    whole.mkdir()
    got = Path(download_artifacts(artifact_uri=source, dst_path=str(whole), tracking_uri=uri))
    bundle.mkdir()
    for file in BUNDLE:
        if (got / file).is_file():
            shutil.move(got / file, bundle / file)


def check_bundle(folder: Path, digests: Mapping[str, str], what: str) -> Path:
    """`folder` itself, once every file of the bundle in it is the one its digest names.

    Raises:
        IntegrityError: a file is missing, truncated or changed, or has no digest on record.
    """
    for file in BUNDLE:
        path = folder / file
        actual = files.sha256(path) if path.is_file() else "missing"
        if actual != digests[file]:
            raise IntegrityError(
                f"`{file}` of {what} has the digest `{actual[:12]}`; expected "
                f"`{digests[file][:12]}`: it was changed, truncated or never complete.",
                hint="remove a cached copy and run the same command again; the registry's own "
                "must come from a backup, or be rolled back from",
            )
    return folder


def local_path(uri: str) -> Path | None:
    """The path that `uri` names on this machine, None when it is somewhere else."""
    parts = urlparse(uri)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None
