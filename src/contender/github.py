"""The door to GitHub's API: what a repository says of itself, and the files of its Releases."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from contender.errors import MissingError, ParameterError, StorageError

TIMEOUT_S: Final = 30
API: Final = "https://api.github.com"
HINT: Final = "check GITHUB_REPOSITORY, the network, and what the token in GH_TOKEN may read"


@dataclass(frozen=True)
class Host:
    """The repository `name` on the server whose API is at `api`; a private one needs a token."""

    api: str
    name: str
    token: str

    def get(self, path: str) -> Any:
        """What the API answers at `path` of the repository; None when there is no such thing.

        Raises:
            StorageError: it cannot be reached or refuses, which is not "no such thing".
        """
        url = f"{self.api}/repos/{self.name}/{path}".rstrip("/")
        try:
            with urlopen(self._request(url, "application/json"), timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise StorageError(f"`{url}` cannot be read: {error}.", hint=HINT) from error
        except (URLError, OSError, ValueError) as error:
            raise StorageError(f"`{url}` cannot be reached: {error}.", hint=HINT) from error

    def find_asset(self, tag: str, name: str) -> Request:
        """How to ask for the file `name` of the Release `tag`.

        Raises:
            MissingError: there is no such Release, or no such file in it.
            StorageError: nobody can tell.
        """
        release = self.get(f"releases/tags/{tag}") or {}
        found = [it["url"] for it in release.get("assets", []) if it["name"] == name]
        if not found:
            raise MissingError(
                f"`{name}` is missing in the Release `{tag}` of `{self.name}`.",
                hint="the run that promoted it has it as its artifact `champion`: download that, "
                f"then `gh release create {tag} bundle-*.tar.gz`",
            )
        return self._request(found[0], "application/octet-stream")

    def _request(self, url: str, kind: str) -> Request:
        request = Request(url, headers={"Accept": kind, "User-Agent": "contender"})
        if self.token:  # it must not follow a redirect to the storage behind the API
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        return request


def find_host(environment: Mapping[str, str] = os.environ) -> Host:
    """The repository that a workflow runs for, as its environment says.

    Raises:
        ParameterError: nothing says which repository it is.
    """
    name = environment.get("GITHUB_REPOSITORY", "")
    if name.count("/") != 1:
        raise ParameterError(
            f"`GITHUB_REPOSITORY` is `{name}`; expected an owner, a slash and a name.",
            hint="`export GITHUB_REPOSITORY=owner/name`; in a workflow GitHub sets it",
        )
    token = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN") or ""
    return Host(environment.get("GITHUB_API_URL") or API, name, token)
