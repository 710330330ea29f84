"""The versions of one registered model, read from MLflow."""

import re
from typing import TYPE_CHECKING, Any, Final

from contender.errors import RegistryError
from contender.tracking.values import DIGEST, MODEL, Version

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PAGE: Final = 1000


def read_version(client: "MlflowClient", name: str, number: int) -> Version:
    """Version `number` of the model `name`."""
    return _to_version(client.get_model_version(name, str(number)))


def read_aliased(client: "MlflowClient", name: str, alias: str) -> Version | None:
    """The version with `alias`; None when nothing has it.

    The model is searched for and not asked for: to MLflow a missing alias and a wrong request are
    the same error, so only an empty answer may mean "none".
    """
    found = client.search_registered_models(f"name='{name}'")
    number = found[0].aliases.get(alias) if found else None
    return None if number is None else read_version(client, name, int(number))


def read_versions(client: "MlflowClient", name: str) -> list[Version]:
    """All versions of the model `name`, oldest first; aliases are not filled in."""
    found: list[Any] = []
    token: str | None = ""
    while token is not None:
        page = client.search_model_versions(
            f"name='{name}'", _PAGE, order_by=["version_number ASC"], page_token=token or None
        )
        found.extend(page)
        token = page.token or None
    return [_to_version(item) for item in found]


def _to_version(found: Any) -> Version:
    digest = found.tags.get(f"{DIGEST}{MODEL}", "")
    if not _SHA256.fullmatch(digest):
        raise RegistryError(
            f"version {found.version} of `{found.name}` has no digest (tag `{DIGEST}{MODEL}` is "
            f"`{digest}`); expected a model that `contender record` registered.",
            hint="delete that version or take its alias away, then record the model here",
        )
    aliases = tuple(sorted(found.aliases or ()))
    return Version(int(found.version), str(found.run_id), digest, dict(found.tags), aliases)
